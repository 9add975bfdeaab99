/* A mailbox: letters under a short lock, and an event descriptor to wake the owner. */
#include "core/mailbox.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"

int mailbox_init(struct mailbox *m, struct err *e)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot make an event descriptor");
	*m = (struct mailbox){.event_fd = fd, .lock = PTHREAD_MUTEX_INITIALIZER};
	m->end = &m->first;
	return 0;
}

void mailbox_finish(struct mailbox *m)
{
	close(m->event_fd);
	pthread_mutex_destroy(&m->lock);
}

void mailbox_own(struct mailbox *m)
{
	m->owner = pthread_self();
	m->is_owned = true;
}

void mailbox_post(struct mailbox *m, struct letter *letter)
{
	letter->next = NULL;
	pthread_mutex_lock(&m->lock);
	*m->end = letter;
	m->end = &letter->next;
	/* Inside the lock: once the owner has taken the letter it may finish the mailbox. */
	if (!m->rung && !(m->is_owned && pthread_equal(m->owner, pthread_self()))) {
		m->rung = true;
		if (eventfd_write(m->event_fd, 1) < 0) {
			/* The counter is full, so the descriptor is readable already. */
		}
	}
	pthread_mutex_unlock(&m->lock);
}

bool mailbox_waiting(struct mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	bool waiting = m->first != NULL;
	pthread_mutex_unlock(&m->lock);
	return waiting;
}

bool mailbox_deliver(struct mailbox *m)
{
	eventfd_t count;

	pthread_mutex_lock(&m->lock);
	struct letter *letter = m->first;
	m->first = NULL;
	m->end = &m->first;
	if (m->rung && eventfd_read(m->event_fd, &count) < 0) {
		/* Nobody reads it but us: there is nothing to be lost. */
	}
	m->rung = false;
	pthread_mutex_unlock(&m->lock);

	bool any = letter != NULL;
	while (letter) {
		struct letter *next = letter->next;
		letter->deliver(letter);
		letter = next;
	}
	return any;
}
