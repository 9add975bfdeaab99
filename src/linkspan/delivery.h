/* Stored messages, as the daemon describes them: asking for one, and how it looks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct client;
struct err;
struct json;

/* GET /api/v1/deliveries/ID?wait=S. */
int delivery_fetch(struct client *c, const char *id, int64_t wait_s, struct json **ret,
                   struct err *e);
/* "/api/v1/deliveries/ID" and what follows. */
void delivery_route(struct buf *b, const char *id, const char *rest);

bool delivery_has_ended(const struct json *delivery);
bool delivery_is_done(const struct json *delivery);

/* "ready, 3 attempts, next in 4 m 12 s (http_503)"; one line without its end. */
void delivery_show_state(const struct json *delivery, int64_t now_ms, struct buf *b);
/* "delivered, status 200, 1 attempt, msg_…", and the reason where there is one. */
void delivery_show_line(const struct json *delivery, struct buf *b);
/* Everything, with a table of the attempts. */
void delivery_show(const struct json *delivery, int64_t now_ms, struct buf *b);
/* When something happens or happened: "in 4 m 12 s", "2 h 5 m ago", "" when it does not apply. */
void delivery_show_when(const struct json *delivery, int64_t now_ms, struct buf *b);
