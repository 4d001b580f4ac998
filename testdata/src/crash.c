// crash: reads through a null pointer several calls deep.
#include "rt/rt.h"

struct node {
	int value;
	struct node *next;
};

static struct node *make_list(int n)
{
	struct node *head = NULL;
	for (int i = n; i > 0; i--) {
		struct node *x = alloc(sizeof *x);
		x->value = i;
		x->next = head;
		head = x;
	}
	return head;
}

// nth does not notice the end of the list.
static int nth(const struct node *list, int n)
{
	while (n-- > 0)
		list = list->next;
	return list->value; //@crash
}

static int sum_of(const struct node *list, const int *places, int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += nth(list, places[i]); //@call-nth
	return sum;
}

static int report(const struct node *list)
{
	static const int places[] = {0, 2, 4, 5};
	return sum_of(list, places, ARRAY_LEN(places)); //@call-sum
}

int main(void)
{
	struct node *list = make_list(5);
	print("list made, first %d\n", list->value);
	print("sum %d\n", report(list)); //@call-report
	return 0;
}
