// Values of the C++ standard library, for library_test.go. The markers are where it stops.
#include <any>
#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <stack>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>
#include <cstdio>

namespace shop {
enum class colour { red, green, blue };
struct item {
	std::string name;
	int price;
	colour tint = colour::green;
	item *next = nullptr;
};
struct animal {
	static int count;
	int legs = 4;
	virtual ~animal() = default;
	virtual const char *sound() const { return "?"; }
};
int animal::count = 2;
struct swimmer : virtual animal { int depth = 30; };
struct flyer : virtual animal { int height = 100; };
struct duck : swimmer, flyer {
	std::string name = "Donald";
	const char *sound() const override { return "quack"; }
	int both() { return legs + depth + height; } //@method
};
struct limits {
	static constexpr int most = 12;
	int now = 5;
	int left() { return most - now; }
};
template <typename T> struct grid {
	static constexpr int side = 3;
	T cells[side];
	T at(int i) { return cells[i]; } //@grid
};
using numbers = std::vector<int>;
__attribute__((noinline)) int total(const numbers &n, numbers &&moved, item &it) {
	int sum = 0;
	for (int x : n) sum += x;
	for (int x : moved) sum += x;
	return sum + it.price; //@total
}
}
using namespace std::literals;

int add(int a, int b) { return a + b; }

int main() { //@start
	std::string empty, small = "hi", large = "a string that does not fit into the object itself", zeros("a\0b", 3);
	std::wstring wide = L"wide";
	std::u16string sixteen = u"sixteen";
	std::string_view part(large.data() + 2, 6);
	std::vector<int> none, ints{1, 2, 3, 4};
	std::vector<bool> flags{true, false, true};
	for (int i = 0; i < 70; i++) flags.push_back(i % 3 == 0);
	std::vector<std::string> words{"one", "two", "three"};
	std::vector<std::vector<int>> nested{{1}, {2, 3}, {}};
	std::array<double, 3> arr{1.5, 2.5, 3.5};
	std::deque<int> deq;
	for (int i = 0; i < 300; i++) deq.push_back(i);
	for (int i = 1; i < 100; i++) deq.push_front(-i);
	std::list<std::string> lst{"a", "b", "c"};
	std::forward_list<long> fwd{7, 8, 9};
	std::map<std::string, int> ages{{"bob", 42}, {"alice", 30}, {"carol", 7}};
	std::map<int, std::vector<int>> byNumber{{3, {1, 2}}, {1, {}}};
	std::multimap<int, char> multi{{1, 'a'}, {1, 'b'}, {2, 'c'}};
	std::set<int> uniq{3, 1, 2};
	std::multiset<char> chars{'x', 'a', 'x'};
	std::unordered_map<std::string, double> prices{{"tea", 2.5}, {"milk", 1.25}};
	std::unordered_set<int> hashed{10, 20, 30};
	std::unordered_multimap<int, int> hmulti{{1, 2}, {1, 3}};
	// Wrappers.
	std::pair<int, std::string> two{1, "uno"};
	std::tuple<int, double, std::string> three{1, 2.5, "three"};
	std::tuple<> nothing;
	std::optional<int> maybe = 5, not_there;
	std::optional<std::string> text = "text"s;
	std::variant<int, std::string, double> var = "variant"s;
	std::any thing = 42, no_thing, any_text = "any"s;
	std::unique_ptr<shop::item> owner(new shop::item{"lamp", 30}), nobody;
	std::unique_ptr<int[]> buffer(new int[4]{1, 2, 3, 4});
	auto shared = std::make_shared<shop::item>(shop::item{"desk", 90});
	std::shared_ptr<shop::item> also = shared, null_shared;
	std::shared_ptr<int> plain(new int(77));
	std::weak_ptr<shop::item> weak = shared;
	std::function<int(int, int)> fn = add, lambda = [k = 3](int a, int b) { return a * b + k; }, no_fn;
	auto closure = [&ints, large, k = 9]() {
		return (int)ints.size() + (int)large.size() + k; //@closure
	};
	auto secs = 90s;
	std::chrono::milliseconds ms{1500};
	std::chrono::duration<double, std::ratio<60>> mins{1.5};
	std::chrono::system_clock::time_point when{std::chrono::seconds(1000000000)};
	std::complex<double> cplx{1, -2};
	std::atomic<int> counter{12};
	std::atomic<bool> ready{true};
	std::atomic<int *> aptr{&ints[1]};
	std::filesystem::path path = "/usr/lib/x.so";
	std::span<int> view(ints.data() + 1, 2);
	std::span<int, 2> fixed(ints.data(), 2);
	std::initializer_list<int> init{5, 6, 7};
	std::bitset<10> bits(0b1010011);
	std::bitset<100> bigbits; bigbits[99] = 1;
	std::stack<int> stk; stk.push(1); stk.push(2);
	std::queue<int> que; que.push(3); que.push(4);
	std::priority_queue<int> prio; prio.push(5); prio.push(9);
	auto vit = ints.begin() + 2;
	auto lit = lst.begin();
	auto mit = ages.find("bob");
	auto dit = deq.begin() + 100;
	auto hit = prices.find("tea");
	auto sit = uniq.begin();
	auto lend = lst.end();
	std::string::iterator strit = small.begin();
	std::reference_wrapper<int> ref(ints[0]);
	shop::duck duck;
	shop::animal *animal = &duck;
	shop::animal &aref = duck;
	int shop::animal::*member = &shop::animal::legs;
	int (shop::duck::*method)() = &shop::duck::both;
	const char *(shop::animal::*vmethod)() const = &shop::animal::sound;
	int &intref = ints[3];
	int &&rref = 8;
	shop::grid<int> grid{{1, 2, 3}};
	shop::limits limits;
	shop::colour tint = shop::colour::blue;
	std::vector<int> *pvec = &ints;
	std::vector<shop::item> items{{"x", 1}, {"y", 2}};
	std::nullptr_t np = nullptr;
	char8_t c8 = u8'x'; char16_t c16 = u'y'; char32_t c32 = U'z';
	std::byte byte{7};
	int zero = 0;
	int result = closure() + shop::total(ints, {7, 8}, *owner) + duck.both() + grid.at(1) + limits.left() + fn(1, 2) + lambda(1, 2);
	printf("%d\n", result); //@main
	return 0;
}
