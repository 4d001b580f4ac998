#include <stdio.h>

static __thread int plugin_local = 7;
int plugin_calls;

int plugin_work(int n) {
	plugin_local += n; //@work
	plugin_calls++;
	printf("plugin %d %d\n", n, plugin_calls);
	return plugin_local; //@worked
}
