// What C++ adds to types, names and scopes. Compiled by tests where there is a
// cross compiler.
#include <cstdio>

namespace shapes {

struct point {
	int x, y;
};

class shape {
public:
	explicit shape(int id) : id(id) {}
	virtual ~shape() {}
	virtual double area() const = 0;
	static int count;

protected:
	int id;
};

int shape::count = 0;

class circle : public shape {
public:
	circle(int id, double r) : shape(id), r(r) { ++count; }
	double area() const override { return 3 * r * r + id; }

private:
	double r;
};

template <typename T, int N> struct stack {
	T items[N];
	int depth = 0;
	void push(const T &item) { items[depth++] = item; }
	T pop() { return items[--depth]; }
};

namespace {
int hidden = 7;
}

} // namespace shapes

using namespace shapes;

static int overloaded(int x) { return x + hidden; }
static int overloaded(const point &p) { return p.x + p.y; }

static int moved(point &&p) { return p.x; }

int main(int argc, char **)
{
	circle c(argc, 2.5);
	const shape &s = c;
	stack<point, 4> points;
	points.push({1, 2});
	points.push({3, 4});
	point top = points.pop();
	int point::*member = &point::y;
	auto add = [argc](int x) { return x + argc; };
	int sum = overloaded(argc) + overloaded(top) + add(5) + top.*member + moved(point{9, 8});
	std::printf("%d %f %d\n", sum, s.area(), shape::count);
	return 0;
}
