// A program with a library that it is linked with and one that it loads, unloads
// and loads again. Both are beside it.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "shared.h"

static __thread int own_local = 5;

typedef int (*plugin_fn)(int);

static int with_plugin(const char *path, int round) {
	void *handle = dlopen(path, RTLD_NOW);
	if (handle == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(9);
	}
	plugin_fn work = (plugin_fn)dlsym(handle, "plugin_work");
	int result = work(round); //@plugincall
	dlclose(handle); //@dlclose
	return result;
}

int main(int argc, char **argv) {
	char path[4096];
	int total = 0;
	own_local += argc; //@first
	total += shared_add(2, 3); //@shared
	total += shared_add(4, own_local); //@again
	shared_counter += 1; //@counter
	snprintf(path, sizeof path, "%s", argv[0]);
	char *slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "libplugin.so");
	for (int round = 1; round <= 2; round++)
		total += with_plugin(path, round); //@load
	printf("total %d\n", total); //@print
	if (argc > 1 && strcmp(argv[1], "again") == 0)
		execl(argv[0], argv[0], "second", (char *)NULL); //@exec
	return total & 0x7f;
}
