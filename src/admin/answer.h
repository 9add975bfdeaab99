/*
 * The answer of a direct call as JSON, for the API and the command line alike, and what else shows
 * answers needs to know about outcomes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json;
struct outcome;
struct send_answer;

/* The phases of a call in their order; each time counts from the hand-over to the end of the phase. */
struct answer_phase {
	const char *attr;  /* of the outcome, in microseconds */
	const char *label; /* for people */
	const char *key;   /* in JSON */
};

enum { ANSWER_PHASES = 5 };
extern const struct answer_phase answer_phases[ANSWER_PHASES];

const char *answer_result(int result); /* LK_DONE … as "delivered" "failed" "rejected" "blocked" */
double answer_ms(const char *us);      /* the text of a time in microseconds; NULL: 0 */
/* Whether an attribute of an outcome is a header, and which. */
bool answer_header(const char *key, const char **ret_name);
/* No control characters but white space: can be shown. */
bool answer_is_text(const char *s, size_t bytes);

/* Whether the value of a header, of a call or of a reply, is never secret.  Any other one could hold a token. */
bool answer_may_show(const char *header);

/* The reply of an outcome as the member "body" or "body_base64", as far as it was kept. */
void answer_set_reply(struct json *object, const struct outcome *o);

/* request: NULL, or taken as the member "request". */
struct json *answer_json(const struct send_answer *answer, const char *id, struct json *request);
/* A request, from the outcome of LK_OP_DESCRIBE. */
struct json *answer_request_json(const struct outcome *described);

/* Sets the member `key` to bytes that are UTF-8 without NUL, or else KEY_base64. */
int answer_set_bytes(struct json *object, const char *key, const void *data, size_t bytes);
