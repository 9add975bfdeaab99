/* Tests of mailboxes: order, and that nothing is lost between threads. */
#include <poll.h>

#include "base/list.h"
#include "base/thread.h"
#include "core/mailbox.h"
#include "suite.h"

enum { LETTERS = 20000, SENDERS = 4 };

struct numbered {
	struct letter letter;
	unsigned sender, number;
};

static struct mailbox box;
static struct numbered letters[SENDERS][LETTERS];
static unsigned next_of[SENDERS], delivered;

static void deliver(struct letter *letter)
{
	struct numbered *n = container_of(letter, struct numbered, letter);

	ck_assert_uint_eq(n->number, next_of[n->sender]);
	next_of[n->sender]++;
	delivered++;
}

static void *send_all(void *arg)
{
	struct numbered *mine = arg;

	for (unsigned i = 0; i < LETTERS; i++)
		mailbox_post(&box, &mine[i].letter);
	return NULL;
}

static bool is_readable(void)
{
	struct pollfd p = {.fd = box.event_fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

START_TEST(letters_of_many_threads_arrive_in_order)
{
	pthread_t threads[SENDERS];

	ck_assert_int_eq(mailbox_init(&box, NULL), 0);
	for (unsigned s = 0; s < SENDERS; s++) {
		for (unsigned i = 0; i < LETTERS; i++)
			letters[s][i] = (struct numbered){{.deliver = deliver}, s, i};
		ck_assert_int_eq(thread_start(&threads[s], "sender", send_all, letters[s], NULL),
		                 0);
	}
	while (delivered < SENDERS * LETTERS) {
		struct pollfd p = {.fd = box.event_fd, .events = POLLIN};
		ck_assert_int_eq(poll(&p, 1, 30000), 1);
		ck_assert(mailbox_deliver(&box));
	}
	for (unsigned s = 0; s < SENDERS; s++)
		pthread_join(threads[s], NULL);
	ck_assert(!is_readable());
	mailbox_finish(&box);
}
END_TEST

static void post_again(struct letter *letter)
{
	if (++delivered < 3)
		mailbox_post(&box, letter);
}

START_TEST(a_letter_posted_while_delivering_waits_for_the_next_turn)
{
	struct letter letter = {.deliver = post_again};

	delivered = 0;
	ck_assert_int_eq(mailbox_init(&box, NULL), 0);
	ck_assert(!mailbox_deliver(&box));
	mailbox_post(&box, &letter);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert(is_readable());
		ck_assert(mailbox_deliver(&box));
		ck_assert_uint_eq(delivered, i);
	}
	ck_assert(!is_readable());
	mailbox_finish(&box);
}
END_TEST

START_TEST(the_owner_does_not_ring_itself)
{
	struct letter letter = {.deliver = post_again};

	delivered = 2;
	ck_assert_int_eq(mailbox_init(&box, NULL), 0);
	mailbox_own(&box);
	ck_assert(!mailbox_waiting(&box));
	mailbox_post(&box, &letter);
	ck_assert(!is_readable());
	ck_assert(mailbox_waiting(&box));
	ck_assert(mailbox_deliver(&box));
	ck_assert(!mailbox_waiting(&box));
	mailbox_finish(&box);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(the_owner_does_not_ring_itself),
	SUITE_TEST(letters_of_many_threads_arrive_in_order),
	SUITE_TEST(a_letter_posted_while_delivering_waits_for_the_next_turn),
};

SUITE_MAIN("mailbox", tests)
