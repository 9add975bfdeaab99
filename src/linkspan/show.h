/* How requests and answers look: for people, as JSON, as a curl command. */
#pragma once

#include <stdbool.h>

struct buf;
struct json;
struct outcome;
struct send_answer;

/* A request, from the outcome of LK_OP_DESCRIBE. */
void show_request(const struct outcome *described, struct buf *b);
void show_curl(const struct outcome *described, struct buf *b);
struct json *show_request_json(const struct outcome *described);

/* What came back. */
void show_answer(const struct send_answer *answer, const char *id, struct buf *b);
/* request: NULL, or taken as the member "request". */
struct json *show_answer_json(const struct send_answer *answer, const char *id,
                              struct json *request);
