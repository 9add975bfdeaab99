/*
 * A fake of transform/transform.h, for tests where time and order matter: a program whose test links it runs
 * no workers.  Runs are answered by a function of the test, at once on the thread that posts, or when the
 * test lets them go.  transform_wait() is always answered at once.  One thread at a time, but for posting
 * and letting go, which may be two.
 */
#pragma once

#include "transform/transform.h"

/* Fills in the answer. */
typedef void fake_transform_answer(struct transform *t);

/* Begins anew, and holds nothing back. */
void fake_transform_begin(fake_transform_answer *answer);
void fake_transform_hold(bool hold);
unsigned fake_transform_held(void);
/* The oldest that is held back; which is from 0. */
struct transform *fake_transform_peek(unsigned which);
/* Answers the oldest `count`, on this thread. */
void fake_transform_let_go(unsigned count);

/* Answers of tests: text is copied. */
void fake_transform_ok(struct transform *t, const char *text, bool is_text);
void fake_transform_fail(struct transform *t, enum transform_result result, const char *message);
