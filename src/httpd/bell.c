/* Bells: a flag, and a list that grows at its head and is taken as a whole. */
#include "httpd/bell.h"

#include "base/banned.h"
#include "httpd/exchange.h"

static void put(struct bell *bell, struct exchange *exchange)
{
	struct exchange *first = atomic_load(&bell->waiting);

	do
		exchange->next = first;
	while (!atomic_compare_exchange_weak(&bell->waiting, &first, exchange));
}

void bell_ring(struct bell *bell, struct exchange *exchange)
{
	if (!atomic_exchange(&bell->rung, true)) {
		MHD_resume_connection(exchange->mhd);
		return;
	}
	put(bell, exchange);
	/* Else the thread comes by later, and finds it. */
	if (!atomic_load(&bell->rung))
		bell_resume(bell);
}

void bell_answer(struct bell *bell)
{
	if (!atomic_load(&bell->rung))
		return;
	atomic_store(&bell->rung, false);
	bell_resume(bell);
}

void bell_resume(struct bell *bell)
{
	struct exchange *exchange = atomic_exchange(&bell->waiting, NULL), *next;

	for (; exchange; exchange = next) {
		next = exchange->next; /* once it is resumed it may end at any moment */
		MHD_resume_connection(exchange->mhd);
	}
}
