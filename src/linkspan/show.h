/* How a request looks: for people, and as a curl command.  As JSON: admin/answer.h; what came back:
 * show_document.h. */
#pragma once

struct buf;
struct outcome;

/* A request, from the outcome of LK_OP_DESCRIBE. */
void show_request(const struct outcome *described, struct buf *b);
void show_curl(const struct outcome *described, struct buf *b);
