#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; int key; char name[16]; };
static struct node *add(struct node *n, int key)
{
	struct node *m = malloc(sizeof *m);
	m->next = n;
	m->key = key * 7919 % 1009;
	snprintf(m->name, sizeof m->name, "node-%d", m->key);
	return m;
}
static int compare(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	return x->key - y->key;
}
int main(void)
{
	struct node *list = NULL, *all[300];
	for (int i = 0; i < 300; i++)
		all[i] = list = add(list, i);
	qsort(all, 300, sizeof *all, compare);
	double s = 0;
	long double l = 1;
	for (int i = 0; i < 300; i++) {
		s += sin(all[i]->key) * pow(1.01, i % 20);
		l = l * 1.0001L + strlen(all[i]->name);
	}
	printf("%s %s %.12f %.18Lf\n", all[0]->name, all[299]->name, s, l);
	return 5;
}
