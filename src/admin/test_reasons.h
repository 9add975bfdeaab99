/* What each reason of a failed test means: which phase failed, what that says, and what may mend it. */
#pragma once

#include <stddef.h>

/* In the order in which they come. */
enum test_phase {
	TEST_PREPARE, /* nothing was begun */
	TEST_RESOLVE,
	TEST_CONNECT,
	TEST_TLS,
	TEST_FIRST_BYTE,
	TEST_WHOLE,
	TEST_STATUS, /* a whole reply came, and says no */
	TEST_PHASES,
};

const char *test_phase_name(enum test_phase phase); /* "prepare" "resolve" … */

struct test_reason {
	const char *reason;
	unsigned status; /* 0: any */
	enum test_phase phase;
	const char *evidence; /* what it says; one sentence */
	/* What is likely to mend it.  "{name}" "{project}" "{environment}" "{connection_timeout_ms}"
	 * "{request_timeout_ms}" stand for those of the connection. */
	const char *mend;
	const char *guide; /* the heading of docs/troubleshooting.md */
};

extern const struct test_reason test_reasons[];
extern const size_t test_reason_count;

/* The row of a reason with that status, or of the reason alone.  NULL: nothing is known of it. */
const struct test_reason *test_reason_find(const char *reason, unsigned status);
