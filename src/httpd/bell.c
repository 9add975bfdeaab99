/* Bells: a flag, and a list that grows at its head and is taken as a whole. */
#include "httpd/bell.h"

#include <sched.h>

#include "base/banned.h"
#include "httpd/exchange.h"

static void put(struct bell *bell, struct exchange *exchange)
{
	struct exchange *first = atomic_load(&bell->waiting);

	do
		exchange->next = first;
	while (!atomic_compare_exchange_weak(&bell->waiting, &first, exchange));
}

static void resume_waiting(struct bell *bell)
{
	struct exchange *exchange = atomic_exchange(&bell->waiting, NULL), *next;

	for (; exchange; exchange = next) {
		next = exchange->next; /* once it is resumed it may end at any moment */
		MHD_resume_connection(exchange->mhd);
	}
}

void bell_ring(struct bell *bell, struct exchange *exchange)
{
	atomic_fetch_add(&bell->ringing, 1);
	if (!atomic_exchange(&bell->rung, true)) {
		MHD_resume_connection(exchange->mhd);
	} else {
		put(bell, exchange);
		/* Else the thread comes by later, and finds it. */
		if (!atomic_load(&bell->rung))
			resume_waiting(bell);
	}
	atomic_fetch_sub(&bell->ringing, 1); /* the last that is done with the server */
}

void bell_answer(struct bell *bell)
{
	if (!atomic_load(&bell->rung))
		return;
	atomic_store(&bell->rung, false);
	resume_waiting(bell);
}

void bell_wait(const struct bell *bell)
{
	while (atomic_load(&bell->ringing) > 0)
		sched_yield();
}
