/* Periodic tests of links. */
#include "core/trial.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "core/deployment.h"
#include "core/event_impl.h"
#include "core/host_impl.h"
#include "core/probe.h"
#include "core/queue.h"
#include "plug/hostapi.h"
#include "schema/common.h"

static int64_t period_ms(const struct queue *q)
{
	return deployment_common(q->link->deployment, COMMON_TEST_EVERY_S)->u.i * 1000;
}

/* Told when it changes; a first test that goes well is no news. */
static void take(struct queue *q, const struct outcome *o)
{
	struct trial *t = &q->trial;
	bool was_ok = t->at_ms == 0 || t->ok;

	t->at_ms = q->host->clock->unix_ms();
	t->ok = o->result == LK_DONE;
	t->status = o->status;
	snprintf(t->reason, sizeof(t->reason), "%s", o->reason);
	if (was_ok == t->ok)
		return;
	event_of_link(q, t->ok ? EVENT_TEST_OK : EVENT_TEST_FAILED, t->ok ? NULL : o->reason,
	              o->detail);
}

static void done(void *arg, const struct send_answer *answer)
{
	struct queue *q = arg;

	q->trial.running = false;
	/* What was cut short says nothing of the receiver. */
	if (q->link && !q->lane->draining)
		take(q, answer->outcome);
	outcome_destroy(answer->outcome);
}

static void fire(struct timer *timer)
{
	struct queue *q = container_of(timer, struct queue, trial.timer);
	struct trial *t = &q->trial;

	lane_timer_set(q->lane, timer, lane_now_ms(q->lane) + period_ms(q), fire);
	if (t->running || q->lane->draining || !atomic_load(&q->enabled))
		return;
	/* Without memory the next one comes in its time. */
	t->running = probe_begin(q->lane, deployment_keep(q->link->deployment), done, q) == 0;
}

void trial_begin(struct queue *q)
{
	int64_t every_ms = q->is_probe ? 0 : period_ms(q);

	lane_timer_stop(q->lane, &q->trial.timer);
	/* Links that were deployed together are not tested together. */
	if (every_ms > 0)
		lane_timer_set(q->lane, &q->trial.timer,
		               lane_now_ms(q->lane) + 1 + q->id * INT64_C(7919) % every_ms, fire);
}

void trial_end(struct queue *q)
{
	lane_timer_stop(q->lane, &q->trial.timer);
}
