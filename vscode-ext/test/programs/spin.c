// spin: counts until it is interrupted.
static volatile unsigned long count;

int main(void)
{
	for (;;)
		count++; //@loop
}
