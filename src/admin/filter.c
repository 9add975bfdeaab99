/* From the inputs of a request to a filter of the store. */
#include "admin/filter.h"

#include <stdlib.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "core/message.h"

/* In the order of enum store_state: a place is a state. */
const char *const filter_states[] = {
	[STORE_READY] = "ready",
	[STORE_LEASED] = "leased",
	[STORE_DONE] = "done",
	[STORE_DEAD] = "dead",
	[STORE_QUARANTINED] = "quarantined",
	[STORE_CANCELLED] = "cancelled",
	[STORE_STATES] = NULL,
};

static const char *const orders[] = {
	[FILTER_DESCENDING] = "desc",
	[FILTER_ASCENDING] = "asc",
	NULL,
};

const struct query_row filter_rows[FILTER_ROWS] = {
	[FILTER_STATE] = {.name = "state",
                          .kind = QUERY_CHOICES,
                          .choices = filter_states,
                          .help = "Only deliveries in one of these states."},
	[FILTER_PROJECT] = {.name = "project",
                            .kind = QUERY_TEXT,
                            .min = 1,
                            .max = 64,
                            .help = "Only those of this project."},
	[FILTER_CONNECTION] = {.name = "connection",
                               .kind = QUERY_TEXT,
                               .min = 1,
                               .max = 100,
                               .help = "Only those of connections of this name."},
	[FILTER_ENVIRONMENT] = {.name = "environment",
                                .kind = QUERY_TEXT,
                                .min = 1,
                                .max = 64,
                                .help = "Only those in this environment."},
	[FILTER_SINCE] = {.name = "since",
                          .kind = QUERY_TIME,
                          .help = "Only those accepted at this time or later."},
	[FILTER_UNTIL] = {.name = "until",
                          .kind = QUERY_TIME,
                          .help = "Only those accepted before this time."},
	[FILTER_Q] = {.name = "q",
                      .kind = QUERY_TEXT,
                      .min = 1,
                      .max = 64,
                      .help = "Only those whose id or reason begins so."},
	[FILTER_LIMIT] = {.name = "limit",
                          .kind = QUERY_INT,
                          .min = 1,
                          .max = 1000,
                          .help = "How many at most."},
	[FILTER_CURSOR] = {.name = "cursor",
                           .kind = QUERY_TEXT,
                           .min = 1,
                           .max = 24,
                           .help = "Where to go on, from the answer before."},
	[FILTER_ORDER] = {.name = "order",
                          .kind = QUERY_CHOICE,
                          .choices = orders,
                          .help = "Newest first (desc) or oldest first (asc)."},
};

static int read_cursor(struct filter *f, const struct query_value *cursor, struct problem *p)
{
	char *end;

	if (!cursor->given)
		return 0;
	f->cursor = strtoull(cursor->text, &end, 10);
	if (cursor->text[0] >= '1' && cursor->text[0] <= '9' && *end == '\0')
		return 0;
	problem_fault(p, "cursor", "invalid_parameter", "is not one that was answered before");
	return ERR_USAGE;
}

/* An id or a part of one begins "msg_"; anything else is a reason. */
static void read_q(struct filter *f, const struct query_value *q)
{
	if (!q->given)
		return;
	if (strncmp(q->text, "msg_", 4) != 0) {
		f->store.reason = q->text;
		return;
	}
	if (message_id_range(q->text, &f->store.seq_least, &f->store.seq_most) < 0)
		f->is_empty = true;
}

static int read_names(struct filter *f, struct api_call *call, enum action action,
                      const struct query_value *values, struct err *e)
{
	const char *project = values[FILTER_PROJECT].text;
	const char *connection = values[FILTER_CONNECTION].text;
	const char *environment = values[FILTER_ENVIRONMENT].text;
	const struct who *who = &call->asker.who;

	if (project && authorize(who, action, project, NULL, e) < 0)
		return ERR_DENIED;
	if (!project && !connection && !environment &&
	    authorize(who, action, NULL, NULL, NULL) == 0)
		return 0;
	int rc = names_select(&call->admin->names, host_store(call->admin->host), project,
	                      connection, environment, who, action, &f->links, &f->store.link_count,
	                      e);
	f->store.links = f->links;
	f->is_empty = f->is_empty || f->store.link_count == 0;
	return rc;
}

int filter_read(struct filter *f, struct api_call *call, enum action action,
                const struct query_value *values, struct problem *p, struct err *e)
{
	*f = (struct filter){
		.store =
			{
				.states = (unsigned)values[FILTER_STATE].number,
				.since_ms = values[FILTER_SINCE].number,
				.until_ms = values[FILTER_UNTIL].number,
			},
	};
	int rc = read_cursor(f, &values[FILTER_CURSOR], p);
	if (rc < 0)
		return rc;
	read_q(f, &values[FILTER_Q]);
	return read_names(f, call, action, values, e);
}

void filter_finish(struct filter *f)
{
	mem_free(f->links);
}
