#include <string.h>
#include "shared.h"

int shared_counter = 100;
__thread int shared_local = 40;
static __thread struct pair hidden_local = {1, 2};

static int inner(struct pair *p) {
	hidden_local.left += p->left;
	shared_local += 1; //@inner
	return p->left + p->right;
}

int shared_add(int a, int b) {
	struct pair p = {a, b}; //@entry
	shared_counter += 10; //@add
	int sum = inner(&p); //@callinner
	return sum; //@return
}
