/*
 * A mailbox: how other threads hand work to a thread that waits in poll.
 *
 * A letter is embedded in what it belongs to, so posting allocates nothing and cannot fail.  The
 * event descriptor becomes readable when there are letters.  Letters are delivered in the order of
 * their posting.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct err;

struct letter {
	struct letter *next;
	void (*deliver)(
		struct letter *); /* on the owner's thread; the letter may be freed inside */
};

struct mailbox {
	pthread_t owner; /* once is_owned */
	bool is_owned;
	bool rung; /* the descriptor is readable */
	pthread_mutex_t lock;
	struct letter *first, **end;
	int event_fd;
};

int mailbox_init(struct mailbox *m, struct err *e);
void mailbox_finish(struct mailbox *m);
/* The calling thread is the owner: what it posts to itself does not ring, so before it sleeps it
 * asks mailbox_waiting(). */
void mailbox_own(struct mailbox *m);
bool mailbox_waiting(struct mailbox *m);                     /* the owner's thread */
void mailbox_post(struct mailbox *m, struct letter *letter); /* any thread */
/* The owner's thread: delivers what was there at the call.  True when there was something. */
bool mailbox_deliver(struct mailbox *m);
