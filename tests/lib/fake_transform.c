/* A fake of the pool of transformations. */
#include "fake_transform.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static struct {
	pthread_mutex_t lock;
	fake_transform_answer *answer;
	bool hold;
	struct transform *first;
	unsigned held;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct transforms {
	char nothing;
};

int transforms_create(const struct transforms_options *options, struct transforms **ret,
                      struct err *e)
{
	static struct transforms pool;

	(void)options, (void)e;
	*ret = &pool;
	return 0;
}

void transforms_destroy(struct transforms *pool)
{
	(void)pool;
}

void fake_transform_begin(fake_transform_answer *answer)
{
	fake.answer = answer;
	fake.hold = false;
	fake.first = NULL;
	fake.held = 0;
}

void fake_transform_hold(bool hold)
{
	pthread_mutex_lock(&fake.lock);
	fake.hold = hold;
	pthread_mutex_unlock(&fake.lock);
}

unsigned fake_transform_held(void)
{
	pthread_mutex_lock(&fake.lock);
	unsigned held = fake.held;
	pthread_mutex_unlock(&fake.lock);
	return held;
}

struct transform *fake_transform_peek(unsigned which)
{
	pthread_mutex_lock(&fake.lock);
	struct transform *t = fake.first;
	for (; t && which > 0; which--)
		t = t->next;
	pthread_mutex_unlock(&fake.lock);
	return t;
}

static void answer(struct transforms *pool, struct transform *t)
{
	if (pool)
		fake.answer(t);
	else
		fake_transform_fail(t, TRANSFORM_UNAVAILABLE, "there is no pool");
}

static bool keep(struct transform *t)
{
	struct transform **end = &fake.first;

	pthread_mutex_lock(&fake.lock);
	bool hold = fake.hold;
	while (hold && *end)
		end = &(*end)->next;
	if (hold) {
		t->next = NULL;
		*end = t;
		fake.held++;
	}
	pthread_mutex_unlock(&fake.lock);
	return hold;
}

void transform_post(struct transforms *pool, struct transform *t)
{
	if (pool && keep(t))
		return;
	answer(pool, t);
	t->done(t);
}

void transform_wait(struct transforms *pool, struct transform *t)
{
	answer(pool, t);
}

void fake_transform_let_go(unsigned count)
{
	for (; count > 0; count--) {
		pthread_mutex_lock(&fake.lock);
		struct transform *t = fake.first;
		if (t) {
			fake.first = t->next;
			fake.held--;
		}
		pthread_mutex_unlock(&fake.lock);
		if (!t)
			return;
		fake.answer(t);
		t->done(t);
	}
}

void fake_transform_ok(struct transform *t, const char *text, bool is_text)
{
	t->output = mem_strdup(text);
	t->output_bytes = strlen(text);
	t->is_text = is_text;
	t->result = TRANSFORM_OK;
	if (!t->output)
		fake_transform_fail(t, TRANSFORM_UNAVAILABLE, "no memory");
}

void fake_transform_fail(struct transform *t, enum transform_result result, const char *message)
{
	t->result = result;
	snprintf(t->message, sizeof(t->message), "%s", message);
}
