/* How the rest of the core says that something happened.  Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"

struct events;
struct host;
struct message;
struct queue;

struct events *events_create(struct host *host); /* NULL: no memory */
void events_destroy(struct events *events);      /* takes NULL */

struct event_delivery {
	const char *id;
	uint32_t attempt, status;
	int64_t next_ms;             /* of the next attempt; 0: none */
	const char *reason, *detail; /* NULL: none */
	bool is_alert;               /* the message is one itself: nobody is told by another one */
};

/* Whether it was made by an event. */
bool event_is_alert(const struct message *message);

/* Those of deliveries that went well are only kept while somebody follows. */
void event_of_delivery(struct queue *q, enum event_kind kind, const struct event_delivery *what);
/* Logged too; those that call for a person go through the link's alert_connection. */
void event_of_link(struct queue *q, enum event_kind kind, const char *reason, const char *detail);
