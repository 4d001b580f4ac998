// abort: gives up the way abort(3) does, by SIGABRT to its own thread. Before
// that it installs a handler for another signal, and blocks SIGABRT for a while.
#include "rt/rt.h"

static void give_up(const char *why)
{
	print("giving up: %s\n", why);
	sig_mask(SIG_UNBLOCK, SIG_BIT(SIGABRT));
	sig_tgkill((int)sys_getpid(), (int)sys_gettid(), SIGABRT); //@tgkill
	print("never printed\n");
}

static void balance(int debit, int credit)
{
	if (debit != credit)
		give_up("the books do not balance"); //@call-give-up
}

int main(void)
{
	sig_mask(SIG_BLOCK, SIG_BIT(SIGABRT));
	balance(100, 100);
	balance(100, 99); //@call-balance
	return 0;
}
