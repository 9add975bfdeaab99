/* How requests and answers look: for people, and as a curl command.  As JSON: admin/answer.h. */
#pragma once

struct buf;
struct outcome;
struct send_answer;

/* A request, from the outcome of LK_OP_DESCRIBE. */
void show_request(const struct outcome *described, struct buf *b);
void show_curl(const struct outcome *described, struct buf *b);

/* What came back. */
void show_answer(const struct send_answer *answer, const char *id, struct buf *b);
