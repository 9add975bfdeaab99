/* Metrics of plugins. */
#include "core/meter.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/measure.h"

/* Longer durations are not told apart: a year. */
static const double most_seconds = 366.0 * 24 * 3600;

void meters_init(struct meters *meters)
{
	*meters = (struct meters){.lock = PTHREAD_MUTEX_INITIALIZER};
}

void meters_finish(struct meters *meters)
{
	pthread_mutex_destroy(&meters->lock);
}

void meter_finish(struct measure *m)
{
	struct meter *next, *at = atomic_exchange(&m->meters, NULL);

	for (; at; at = next) {
		next = at->next;
		mem_free(at);
	}
}

static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";

	if (!name || !name[0] || (name[0] >= '0' && name[0] <= '9'))
		return false;
	size_t length = strspn(name, letters);
	return length < METER_NAME_BYTES && name[length] == '\0';
}

static bool is_family(const struct meter_family *f, enum meter_kind kind, const char *name)
{
	return f->kind == kind && strcmp(f->name, name) == 0;
}

/* The row of that name, made at its first use; NULL: there is no room for it. */
static const struct meter_family *family_of(struct meters *meters, enum meter_kind kind,
                                            const char *name)
{
	const struct meter_family *found = NULL;

	pthread_mutex_lock(&meters->lock);
	size_t count = atomic_load(&meters->count);
	for (size_t i = 0; i < count && !found; i++)
		if (is_family(&meters->families[i], kind, name))
			found = &meters->families[i];
	if (!found && count < METER_FAMILIES) {
		struct meter_family *row = &meters->families[count];
		row->kind = kind;
		memcpy(row->name, name, strlen(name) + 1);
		found = row;
		atomic_store(&meters->count, count + 1);
	}
	pthread_mutex_unlock(&meters->lock);
	return found;
}

/* Puts a new one before those that are there, for as long as there is room. */
static struct meter *enter(struct measure *m, const struct meter_family *family)
{
	struct meter *fresh = mem_zalloc(sizeof(*fresh)), *first = atomic_load(&m->meters);

	if (!fresh)
		return NULL;
	fresh->family = family;
	for (;;) {
		size_t count = 0;
		struct meter *other = NULL;
		for (struct meter *at = first; at && !other; at = at->next, count++)
			other = at->family == family ? at : NULL;
		if (other || count >= METER_LINK_MOST) {
			mem_free(fresh);
			return other;
		}
		fresh->next = first;
		if (atomic_compare_exchange_weak(&m->meters, &first, fresh))
			return fresh;
	}
}

static struct meter *find(struct meters *meters, struct measure *m, enum meter_kind kind,
                          const char *name)
{
	for (struct meter *at = atomic_load(&m->meters); at; at = at->next)
		if (is_family(at->family, kind, name))
			return at;
	const struct meter_family *family = is_name(name) ? family_of(meters, kind, name) : NULL;
	return family ? enter(m, family) : NULL;
}

static struct meter *find_or_drop(struct meters *meters, struct measure *m, enum meter_kind kind,
                                  const char *name)
{
	struct meter *found = name ? find(meters, m, kind, name) : NULL;

	if (found)
		return found;
	if (atomic_fetch_add(&meters->dropped, 1) == 0)
		log_event(LOG_LEVEL_WARNING, "a plugin's metric is dropped", "metric", name,
		          "reason", "its name is not allowed, or there are too many", NULL);
	return NULL;
}

void meter_count(struct meters *meters, struct measure *m, const char *name, uint64_t add)
{
	struct meter *meter = find_or_drop(meters, m, METER_COUNT, name);

	if (meter)
		atomic_fetch_add_explicit(&meter->count, add, memory_order_relaxed);
}

void meter_observe(struct meters *meters, struct measure *m, const char *name, double seconds)
{
	struct meter *meter = find_or_drop(meters, m, METER_SECONDS, name);

	if (!meter)
		return;
	if (!(seconds > 0)) /* not a number, too */
		seconds = 0;
	if (seconds > most_seconds)
		seconds = most_seconds;
	histogram_add(&meter->seconds, &histogram_requests, (uint64_t)(seconds * 1e6));
}

const struct meter *meter_find(const struct measure *m, const struct meter_family *family)
{
	const struct meter *at = atomic_load(&m->meters);

	while (at && at->family != family)
		at = at->next;
	return at;
}
