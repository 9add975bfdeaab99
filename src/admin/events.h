/* Events as the API tells them: which are asked for, from where on, and each as JSON. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"

struct api_call;
struct who;
struct json;
struct problem;

/* Which events somebody wants; the texts are borrowed, NULL: any. */
struct event_filter {
	const char *project, *connection, *environment;
	uint64_t kinds; /* bits 1 << kind; 0: all */
};

/* What the rows of the events' route say. */
struct event_filter events_filter(const struct api_call *call);
/* Whether somebody may see an event: those of the host are for who may read everywhere. */
bool events_permit(const struct who *who, const struct event *event);
bool events_fit(const struct event_filter *filter, const struct event *event);
/* The number behind which events are asked for; `otherwise` when nothing is said.  0 or ERR_USAGE with a
 * fault in p. */
int events_after(const struct api_call *call, uint64_t otherwise, uint64_t *ret, struct problem *p);
struct json *events_json(const struct event *event);

/* Numbers of events begin anew with each start of the host, so an id of the stream names the start too:
 * "START-NUMBER". */
enum { EVENTS_ID_BYTES = 48 };
void events_id_write(int64_t started_ms, uint64_t number, char *text);
/* Reads such an id; one of another start is behind nothing: 0.  0 or ERR_INVALID. */
int events_id_read(const char *text, int64_t started_ms, uint64_t *ret);

/* Names of kinds, in the order of their numbers; NULL-terminated. */
extern const char *const events_kinds[EVENT_KINDS + 1];
