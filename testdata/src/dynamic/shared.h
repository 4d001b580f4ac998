struct pair {
	int left, right;
};

extern int shared_counter;
extern __thread int shared_local;

int shared_add(int a, int b);
