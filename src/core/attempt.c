/* Logging attempts. */
#include "core/attempt.h"

#include <stdio.h>

#include "base/banned.h"
#include "core/link.h"
#include "core/message.h"
#include "core/queue.h"
#include "core/trace.h"
#include "plug/hostapi.h"

void attempt_log(const struct queue *q, const struct send *send, const struct outcome *outcome,
                 const char *word, enum log_level level)
{
	const struct message_parts *m = message_get(send->message);
	char attempt[16], duration[24], status[16], trace[TRACE_ID_BYTES];

	if (!log_enabled(level))
		return;
	snprintf(attempt, sizeof(attempt), "%u", send->attempt);
	snprintf(duration, sizeof(duration), "%lld",
	         (long long)(lane_now_ms(q->lane) - send->submitted_ms));
	snprintf(status, sizeof(status), "%u", outcome->status);
	log_event(level, word, "delivery_id", m->id, "attempt", attempt, "project", q->project,
	          "connection", q->connection, "environment", q->environment, "trace_id",
	          trace_id(m->attrs, m->attr_count, trace) ? trace : NULL, "status",
	          outcome->status ? status : NULL, "reason", outcome->reason, "detail",
	          outcome_said(outcome), "duration_ms", duration, NULL);
}
