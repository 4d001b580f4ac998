package values

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Types with the names of a library's that are made of themselves, and values that
// point to themselves: viewers lead from each to the next without an end.
const selfMade = `
namespace std {
template <typename T> struct reference_wrapper { reference_wrapper *_M_data; };
template <typename T> struct _Head_base { T *_M_head_impl; };
template <typename T> struct _Tuple_impl : _Head_base<T> {};
template <typename T> struct tuple : _Tuple_impl<T> {};
template <typename T> struct unique_ptr { tuple<unique_ptr<T>> _M_t; };
template <typename T> struct shared_ptr { shared_ptr *_M_ptr; struct { struct { int _M_use_count, _M_weak_count; } *_M_pi; } _M_refcount; };
template <typename T> struct vector { struct { vector *_M_start, *_M_finish, *_M_end_of_storage; } _M_impl; };
}
std::reference_wrapper<int> wrapper;
std::unique_ptr<int> owner;
std::shared_ptr<int> shared;
std::vector<std::vector<int>> numbers;
extern "C" void _start() {
	wrapper._M_data = &wrapper;
	owner._M_t._M_head_impl = &owner;
	shared._M_ptr = &shared;
	numbers._M_impl._M_start = &numbers;
	numbers._M_impl._M_finish = numbers._M_impl._M_end_of_storage = &numbers + 1;
	int done = 1; //@end
	for (; done;)
		asm volatile("li a7, 93\n\tli a0, 0\n\tecall");
}
`

func TestTypesMadeOfThemselvesEnd(t *testing.T) {
	gxx := needTool(t, "riscv64-linux-gnu-g++")
	dir := t.TempDir()
	src, exe := filepath.Join(dir, "self.cc"), filepath.Join(dir, "self")
	if err := os.WriteFile(src, []byte(selfMade), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(gxx, "-g", "-O0", "-static", "-nostdlib", "-ffreestanding", "-fno-exceptions", "-no-pie", "-Wl,--no-relax", "-o", exe, src).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(selfMade, "//@end")
	c := runTo(t, file, "self.cc", strings.Count(before, "\n")+1)
	if c == nil {
		t.Fatal("it ended")
	}
	for _, name := range []string{"wrapper", "owner", "shared", "numbers"} {
		v, err := Evaluate(c, name)
		if err != nil {
			t.Fatal(err)
		}
		if v.view() == nil {
			t.Errorf("%s has no view", name)
		}
		walk([]*Value{v}, 4, func(v *Value) { v.Text() })
		v.FormatBytes(make([]byte, 8))
		for _, expr := range []string{"*" + name, name + ".x", name + "->x", "!" + name, name + " + 1", name + "[0]", name + " == \"x\"", "**" + name, name + "[0][0]"} {
			result(c, expr)
		}
	}
}
