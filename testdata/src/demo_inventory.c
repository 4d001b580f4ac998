// demo_inventory: a month in a mail-order warehouse. Orders come in every day;
// most are packed at once, big ones wait for the lorry at the month's end.
//
// The program crashes while it loads the lorry. Nothing is wrong with the code
// there: see if you can find the line to blame.
#include "rt/rt.h"

#define MAX_PRODUCTS 6 // different products that one order may hold
#define LORRY_UNITS 32 // orders of more units than this go by lorry
#define DAYS 30

struct address {
	const char *name;
	const char *city;
};

struct customer {
	const struct address *address;
	int parcels; // sent so far
};

struct product {
	int number;
	int stock;
};

struct order {
	struct product *products[MAX_PRODUCTS];
	struct customer *customer;
	int count; // of products
	int units;
	int number;
	struct order *next; // in the free list, or in the queue for the lorry
};

static const struct address addresses[] = {
	{"Amina", "Tunis"}, {"Bram", "Gent"},    {"Chiyo", "Osaka"}, {"Diego", "Lima"},
	{"Elif", "Izmir"},  {"Farid", "Lahore"}, {"Grace", "Accra"}, {"Henrik", "Bergen"},
};

static struct customer customers[ARRAY_LEN(addresses)];
static struct product products[40];
static struct order pool[128];
static struct order *free_orders;
static struct order *lorry, **lorry_end = &lorry;
static int orders, packed_units, waiting;

// dice returns a number from 0 to sides-1, the same ones in every run.
static int dice(size_t sides)
{
	static uint64_t seed = 379;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (int)((seed >> 33) % sides);
}

static struct order *open_order(struct customer *customer)
{
	struct order *o = free_orders;
	CHECK(o != NULL);
	free_orders = o->next;
	o->customer = customer; //@customer
	o->count = 0;
	o->units = 0;
	o->number = ++orders;
	o->next = NULL;
	return o;
}

static void close_order(struct order *o)
{
	o->next = free_orders;
	free_orders = o;
}

static void take_from_stock(struct product *product, int units)
{
	if (product->stock < units)
		product->stock += 500; // the supplier delivers
	product->stock -= units;
}

// add books units of a product on an order. It returns false for a product
// too many.
static bool add(struct order *o, struct product *product, int units)
{
	int i = 0;
	while (i < o->count && o->products[i] != product)
		i++;
	if (i > MAX_PRODUCTS)
		return false;
	if (i == o->count) {
		o->products[i] = product; //@culprit
		o->count++;
	}
	o->units += units;
	take_from_stock(product, units);
	return true;
}

static void pack(struct order *o)
{
	packed_units += o->units;
	o->customer->parcels++;
	close_order(o);
}

static void wait_for_lorry(struct order *o)
{
	*lorry_end = o;
	lorry_end = &o->next;
	waiting++;
}

// shop puts together one customer's order. Few want more than five things.
static void shop(struct customer *customer)
{
	struct order *o = open_order(customer);
	int wishes = 1 + dice(5) + (dice(2500) == 0 ? 5 : 0);
	for (int i = 0; i < wishes; i++) {
		struct product *product = &products[dice(ARRAY_LEN(products))];
		if (!add(o, product, 1 + dice(8))) //@call-add
			break;
	}
	if (o->units > LORRY_UNITS)
		wait_for_lorry(o);
	else
		pack(o);
}

static void load_lorry(void)
{
	for (struct order *o = lorry; o != NULL; o = o->next) {
		const struct address *to = o->customer->address;
		print("  order %d: %d units for %s in %s\n", o->number, o->units, to->name, to->city); //@crash
		o->customer->parcels++;
	}
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(customers); i++)
		customers[i].address = &addresses[i];
	for (size_t i = 0; i < ARRAY_LEN(products); i++)
		products[i] = (struct product){1000 + (int)i, 100};
	for (size_t i = 0; i < ARRAY_LEN(pool); i++)
		close_order(&pool[i]);
	for (int day = 1; day <= DAYS; day++) {
		for (int n = 150 + dice(100); n > 0; n--)
			shop(&customers[dice(ARRAY_LEN(customers))]); //@call-shop
		if (day % 5 == 0)
			print("day %2d: %d orders, %d units packed, %d orders wait for the lorry\n", day, orders, packed_units, waiting);
	}
	print("the lorry is here\n");
	load_lorry(); //@call-load
	print("a month without a complaint\n");
	return 0;
}
