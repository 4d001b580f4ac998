package values

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const cppSource = `
namespace shapes {
enum class colour : unsigned char { red = 1, green };
int count = 7;
struct base {
	static int made;
	int id;
	virtual long area() const { return id; }
};
int base::made = 3;
template <typename T, int N> struct box : base {
	T items[N];
	struct { T low, high; };
	T &first;
	colour c = colour::green;
	box() : first(items[0]) { id = 42; low = 1; high = 2; for (int i = 0; i < N; i++) items[i] = i + 10; }
	long area() const override {
		long local = id;
		return local + items[1]; //@method
	}
};
}
using shapes::count;
namespace { int hidden = 5; }
static shapes::box<short, 3> global;
int twice(int &x, int &&y, const shapes::base *b) {
	int count = 1;
	x += y + count + hidden; //@twice
	return x + b->area();
}
extern "C" void _start() {
	shapes::box<short, 3> local;
	int n = 4;
	bool yes = true;
	int shapes::base::*member = &shapes::base::id;
	global.id = twice(n, 6, &local) + yes + local.*member;
	for (;;)
		asm volatile("li a7, 93\n\tli a0, 0\n\tecall");
}
extern "C" void __cxa_pure_virtual() {}
namespace __cxxabiv1 { struct x { virtual ~x(); }; struct __class_type_info { virtual void f(); }; struct __si_class_type_info { virtual void f(); }; void __class_type_info::f() {} void __si_class_type_info::f() {} }
void operator delete(void *, unsigned long) {}
`

// cppAt compiles the source above and runs it to a marked line.
func cppAt(t *testing.T, marker string) *Context {
	t.Helper()
	gxx := needTool(t, "riscv64-linux-gnu-g++")
	dir := t.TempDir()
	src, exe := filepath.Join(dir, "shapes.cc"), filepath.Join(dir, "shapes")
	if err := os.WriteFile(src, []byte(cppSource), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(gxx, "-g", "-O0", "-static", "-nostdlib", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fno-pie", "-no-pie", "-o", exe, src).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(cppSource, "//@"+marker)
	c := runTo(t, file, "shapes.cc", strings.Count(before, "\n")+1)
	if c == nil {
		t.Fatal("it ended")
	}
	return c
}

func TestCPlusPlus(t *testing.T) {
	for marker, want := range map[string]map[string]string{
		"twice": {
			"x": "4", "y": "6", "x + y": "10", "count": "1", "shapes::count": "7", "::shapes::count": "7", "hidden": "5", "b->id": "42",
			"&x == &x": "true", "x == 4": "true", "b->made": "3", "shapes::base::made": "3",
			"shapes::colour::green": "green", "sizeof(shapes::base)": "16", "(shapes::base *)0": "0x0", "!b": "false",
		},
		"method": {
			"local": "42", "this->id": "42", "id": "42", "items[1]": "11", "items": "{10, 11, 12}", "first": "10", "high": "2", "c": "green",
			"this->low": "1", "shapes::count": "7", "made": "3", "sizeof *this": "40",
		},
	} {
		t.Run(marker, func(t *testing.T) {
			c := cppAt(t, marker)
			for expr, text := range want {
				if got := result(c, expr); got != text {
					t.Errorf("%s: %s, want %s", expr, got, text)
				}
			}
			sameAgain(t, c)
		})
	}
}
