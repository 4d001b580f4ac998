// C++: exceptions through several frames, containers, streams.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Guard {
	int &n;
	~Guard() { n++; }
};

static int fail(int depth, int &n)
{
	Guard g{n};
	if (depth == 0)
		throw std::runtime_error("deep " + std::to_string(n));
	return fail(depth - 1, n) + 1;
}

struct Shape {
	virtual ~Shape() {}
	virtual double area() const = 0;
};
struct Square : Shape {
	double s;
	explicit Square(double s) : s(s) {}
	double area() const override { return s * s; }
};
struct Circle : Shape {
	double r;
	explicit Circle(double r) : r(r) {}
	double area() const override { return 3.14159 * r * r; }
};

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? std::atoi(argv[1]) : 3, n = 0;
	std::map<std::string, int> counts;
	std::ostringstream text;
	for (int i = 0; i < rounds; i++) {
		try {
			fail(i % 9, n);
		} catch (const std::exception &e) {
			counts[e.what()]++;
		}
		try {
			std::vector<int> v(5);
			n += v.at(static_cast<size_t>(i % 10));
		} catch (const std::out_of_range &) {
			counts["range"]++;
		}
		std::vector<std::unique_ptr<Shape>> shapes;
		for (int j = 0; j < 5; j++) {
			if (j & 1)
				shapes.push_back(std::make_unique<Square>(i + j / 2.0));
			else
				shapes.push_back(std::make_unique<Circle>(i - j));
		}
		std::sort(shapes.begin(), shapes.end(), [](auto &a, auto &b) { return a->area() < b->area(); });
		text << i << ' ' << shapes[2]->area() << '\n';
	}
	std::cout << n << ' ' << counts.size() << ' ' << text.str().size() << std::endl;
	return 0;
}
