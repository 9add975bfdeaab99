/*
 * Waking a thread of libmicrohttpd for the answers of parked exchanges.
 *
 * Resuming a connection writes to a descriptor that its thread waits for, and so may wake the thread and
 * take the processor from whoever answers.  Answers often come many at once, those of one commit: the
 * first wakes the thread, and what follows is only put beside it, to be resumed by the thread itself.
 *
 * Each thread of the server has a bell.  Which one an exchange uses matters for the speed alone.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

struct exchange;

struct bell {
	atomic_bool rung; /* an exchange was resumed, and bell_answer() has not been called since */
	_Atomic(struct exchange *) waiting; /* parked, with an answer */
	atomic_uint ringing;                /* calls of bell_ring() that have not ended */
};

/* Any thread: lets the library go on with a parked exchange, which may be gone afterwards. */
void bell_ring(struct bell *bell, struct exchange *exchange);
/* Whenever an exchange that may have been resumed goes on, or ends; on the server's thread. */
void bell_answer(struct bell *bell);
/* Until nobody rings any more, which is at once when every exchange has gone on. */
void bell_wait(const struct bell *bell);
