// values: variables of every kind that C has, with values chosen so that a wrong
// size, sign, offset or byte order shows. Stop at the line marked "@all" to see
// them all alive; the output says what a debugger should show.
#include "rt/rt.h"

enum colour { RED, GREEN = 5, BLUE };
enum flag { FLAG_A = 1, FLAG_B = 2, FLAG_C = 4, FLAG_ALL = 7 };
enum level { LOW = -10, HIGH = 2000000000 };
enum wide { NARROW = 1, WIDE = 0x123456789 };

typedef unsigned char byte;
typedef int table[2][3];
typedef struct point point_t;
typedef long (*callback)(const point_t *, int);

struct point {
	int x, y;
};

struct rect {
	struct point min, max;
	enum colour colour;
	const char *name;
};

struct bits {
	unsigned a : 3;
	signed b : 5;
	unsigned c : 9; // crosses into the second byte
	_Bool d : 1;
	enum colour e : 4;
	uint64_t f : 40;
	unsigned : 0;
	unsigned g : 7;
};

union number {
	int64_t i;
	double d;
	uint32_t halves[2];
	byte bytes[8];
};

struct list {
	int value;
	struct list *next, *prev;
};

struct tree {
	char key;
	struct tree *child[2];
};

// Anonymous members, a flexible array, packing, alignment.
struct message {
	uint16_t kind;
	union {
		struct {
			int32_t left, right;
		};
		int64_t both;
	};
	struct {
		byte r, g, b;
	} pixel;
	int n;
	short data[];
};

struct __attribute__((packed)) packed {
	char c;
	int64_t big;
	short s;
};

struct aligned {
	char c;
	_Alignas(32) double d;
};

struct empty {};

// --- Globals ---------------------------------------------------------------------

int global_int = -123456789;
static int static_int = 42;
const int const_int = 7;
volatile uint16_t volatile_short = 0xfffe;
const char *global_string = "hello, world";
char global_array[16] = "a\tb\"c\\d\n";
int zeroed[1000];
double matrix[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
table typedef_table = {{1, 2, 3}, {-4, -5, -6}};
struct rect rects[2] = {
	{{1, 2}, {3, 4}, BLUE, "first"},
	{{-1, -2}, {-3, -4}, (enum colour)99, NULL},
};
struct list ring[3] = {
	{10, &ring[1], &ring[2]},
	{20, &ring[2], &ring[0]},
	{30, &ring[0], &ring[1]},
};
_Thread_local int unused_tls; // never touched: there is no thread pointer here

static long area(const point_t *p, int n)
{
	return p->x * (long)p->y + n; //@area
}

callback global_callback = area;

static int counter(void)
{
	static int calls = 100; // a static with the name of a local elsewhere
	return ++calls; //@counter
}

static NOINLINE double arguments(int8_t i8, uint8_t u8, int16_t i16, uint16_t u16, int32_t i32, uint32_t u32,
				 int64_t i64, uint64_t u64, float f, double d, struct point p, struct rect r,
				 const char *s, _Bool yes)
{
	return i8 + u8 + i16 + u16 + i32 + u32 + (double)i64 + (double)u64 + f + d + p.x + r.max.y + s[0] + yes; //@arguments
}

int main(int argc, char **argv)
{
	// Integers at their ends.
	int8_t i8_min = INT8_MIN, i8_max = INT8_MAX;
	uint8_t u8_max = UINT8_MAX;
	int16_t i16_min = INT16_MIN;
	uint16_t u16_max = UINT16_MAX;
	int32_t i32_min = INT32_MIN;
	uint32_t u32_max = UINT32_MAX;
	int64_t i64_min = INT64_MIN, i64_max = INT64_MAX;
	uint64_t u64_max = UINT64_MAX;
	__int128 i128 = (__int128)1 << 100;
	char letter = 'x', newline = '\n', high = (char)0xe9;
	_Bool yes = 1, no = 0;
	short minus = -2;

	// Floating point.
	float f = 1.5f, third = 1.0f / 3;
	double d = -2.25, tenth = 0.1, huge = 1.7976931348623157e308, tiny = 4.9e-324;
	double infinity = 1 / (double)no, nan = infinity - infinity, minus_zero = -0.0;

	// Aggregates.
	struct point p = {3, -4};
	struct rect r = {{10, 20}, {30, 40}, GREEN, "rect"};
	struct bits bits = {5, -7, 300, 1, BLUE, 0xabcdef0123, 100};
	union number u = {.d = 1.0};
	struct packed packed = {'p', 0x1122334455667788, -1};
	struct aligned aligned = {'a', 0.5};
	struct empty empty;
	enum colour colour = BLUE, unknown = (enum colour)42;
	enum flag flags = FLAG_A | FLAG_C;
	enum level level = LOW;
	enum wide wide = WIDE;

	// Arrays.
	int numbers[5] = {1, -2, 3, -4, 5};
	int grid[2][3][2] = {{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}};
	char text[8] = "text";
	char full[4] = {'f', 'u', 'l', 'l'}; // no zero at its end
	byte bytes[4] = {0xde, 0xad, 0xbe, 0xef};
	const char *strings[3] = {"one", "two", NULL};
	struct point points[2] = {{1, 2}, {3, 4}};

	// Pointers.
	int *pointer = &numbers[2];
	int **pointer_pointer = &pointer;
	int(*row)[3][2] = &grid[1];
	void *untyped = &p;
	const char *null_string = NULL;
	const char *bad_string = (const char *)0x10;
	struct rect *rect_pointer = &r;
	callback call = area;
	int (*no_arguments)(void) = counter;
	volatile int *const constant_pointer = &numbers[4];

	// On the heap.
	struct list *list = NULL;
	for (int i = 4; i >= 1; i--) {
		struct list *node = alloc(sizeof *node);
		node->value = i * i;
		node->next = list;
		if (list)
			list->prev = node;
		list = node;
	}
	struct tree leaf = {'c', {NULL, NULL}}, branch = {'b', {NULL, &leaf}}, root = {'a', {&branch, &leaf}};
	struct message *message = alloc(sizeof *message + 3 * sizeof(short));
	message->kind = 3;
	message->left = 1;
	message->right = -1;
	message->pixel.g = 200;
	message->n = 3;
	for (int i = 0; i < 3; i++)
		message->data[i] = (short)(-i * 1000);

	register int in_register = 77;
	int length = argc + 3;
	int vla[length];
	for (int i = 0; i < length; i++)
		vla[i] = i * i;
	zeroed[999] = 1;

	print("i8 %d %d, u8 %u, i16 %d, u16 %u, i32 %d, u32 %u\n", i8_min, i8_max, u8_max, i16_min, u16_max, i32_min, u32_max); //@all
	print("i64 %ld %ld, u64 %lu, i128 high %lx\n", i64_min, i64_max, u64_max, (uint64_t)(i128 >> 64));
	print("letter %c, newline %d, high %d, yes %d, no %d, minus %d\n", letter, newline, high, yes, no, minus);
	union number show[] = {{.d = (double)f}, {.d = (double)third}, {.d = d}, {.d = tenth}, {.d = huge},
			       {.d = tiny}, {.d = infinity}, {.d = nan}, {.d = minus_zero}};
	for (size_t i = 0; i < ARRAY_LEN(show); i++)
		print("double %016lx\n", (uint64_t)show[i].i);
	print("p %d %d, r %d %d %d %d %d %s\n", p.x, p.y, r.min.x, r.min.y, r.max.x, r.max.y, r.colour, r.name);
	print("bits %u %d %u %d %d %lx %u\n", bits.a, bits.b, bits.c, bits.d, bits.e, (uint64_t)bits.f, bits.g);
	print("u %ld, %x %x, %x\n", u.i, u.halves[0], u.halves[1], u.bytes[7]);
	print("packed %c %lx %d in %zu bytes, aligned at %zu\n", packed.c, packed.big, packed.s, sizeof packed, (size_t)&aligned.d % 32);
	print("enums %d %d %d %d %lx\n", colour, unknown, flags, level, (uint64_t)wide);
	print("arrays %d %d %s %c %x %s %d\n", numbers[3], grid[1][2][0], text, full[3], bytes[3], strings[1], points[1].y);
	print("pointers %d %d %d %d %d\n", *pointer, **pointer_pointer, (*row)[2][1], ((struct point *)untyped)->y, rect_pointer->max.x);
	print("callbacks %ld %ld %d %d\n", call(&p, 1), global_callback(&p, 2), no_arguments(), *constant_pointer); //@calls
	print("nulls %d %d, empty %zu\n", null_string == NULL, bad_string == (const char *)16, sizeof empty);
	print("list %d %d %d, back %d\n", list->value, list->next->value, list->next->next->value, list->next->prev->value);
	print("tree %c %c %c\n", root.key, root.child[0]->key, root.child[0]->child[1]->key);
	print("message %d %d %d %lx %d %d\n", message->kind, message->left, message->right, message->both, message->pixel.g, message->data[2]);
	print("register %d, vla %d\n", in_register, vla[length - 1]);
	print("globals %d %d %d %d %s %d %d %d %d\n", global_int, static_int, const_int, volatile_short, global_string,
	      (int)matrix[1][2], typedef_table[1][0], rects[1].max.y, ring[0].prev->value);
	double sum = arguments(-1, 200, -300, 60000, -70000, 4000000000u, -5000000000, 6000000000, 0.5f, 0.25, p, r, "A", true);
	print("arguments %ld\n", (long)sum);
	(void)argv;
	return 0; //@end
}
