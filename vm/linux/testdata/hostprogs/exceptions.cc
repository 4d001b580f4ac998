#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

struct trouble : std::runtime_error {
	int code;
	trouble(int c) : std::runtime_error("trouble " + std::to_string(c)), code(c) {}
};
static int unwound;
struct guard {
	~guard() { unwound++; }
};
static int deep(int n)
{
	guard g;
	if (n == 0)
		throw trouble(7);
	return deep(n - 1) + 1;
}
int main()
{
	try {
		deep(50);
	} catch (const trouble &t) {
		std::cout << t.what() << ' ' << t.code << ' ' << unwound << '\n';
	}
	try {
		std::vector<int>(3).at(5);
	} catch (const std::exception &e) {
		std::cout << typeid(e).name() << ": " << e.what() << '\n';
	}
	std::vector<std::future<int>> futures;
	for (int i = 0; i < 5; i++)
		futures.push_back(std::async(std::launch::async, [i] {
			if (i % 2)
				throw trouble(i);
			return i * i;
		}));
	for (auto &f : futures)
		try {
			std::cout << f.get() << '\n';
		} catch (const trouble &t) {
			std::cout << "from a thread: " << t.what() << '\n';
		}
	std::map<std::string, std::unique_ptr<int>> m;
	std::string text = "one 1, two 22, three 333";
	std::regex re(R"((\w+) (\d+))");
	for (std::sregex_iterator it(text.begin(), text.end(), re), end; it != end; ++it)
		m[(*it)[1]] = std::make_unique<int>(std::stoi((*it)[2]));
	for (auto &[k, v] : m)
		std::cout << k << '=' << *v << '\n';
	dynamic_cast<std::ostream &>(std::cout) << std::fixed << 2.0 / 3 << std::endl;
	throw trouble(99);
}
