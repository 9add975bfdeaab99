/* Two sorted lists, merged. */
#include "linkspand/plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

static int compare(const void *a, const void *b)
{
	const struct plan_item *x = a, *y = b;
	int order = strcasecmp(x->connection, y->connection);

	if (order == 0)
		order = strcmp(x->environment, y->environment);
	return order != 0 ? order : strcmp(x->project, y->project);
}

static void sort(struct plan_item *items, size_t count)
{
	if (count > 1)
		qsort(items, count, sizeof(items[0]), compare);
}

static enum plan_action action_of(const struct plan_item *before, const struct plan_item *after)
{
	if (!before)
		return PLAN_OPEN;
	if (!after)
		return PLAN_CLOSE;
	bool same = memcmp(before->fingerprint, after->fingerprint, PLAN_FINGERPRINT_BYTES) == 0;
	return same ? PLAN_KEEP : PLAN_CHANGE;
}

size_t plan_make(struct plan_item *before, size_t before_count, struct plan_item *after,
                 size_t after_count, struct plan_step *steps)
{
	size_t b = 0, a = 0, count = 0;

	sort(before, before_count);
	sort(after, after_count);
	while (b < before_count || a < after_count) {
		int order = b == before_count  ? 1
		            : a == after_count ? -1
		                               : compare(&before[b], &after[a]);
		struct plan_step *step = &steps[count++];
		step->before = order <= 0 ? &before[b++] : NULL;
		step->after = order >= 0 ? &after[a++] : NULL;
		step->action = action_of(step->before, step->after);
	}
	return count;
}
