/* What differs between two revisions of a definition, as the API says it. */
#pragma once

struct buf;
struct json;

/* `- settings.url = "…"` and `+ settings.url = "…"` for each {"path", "before", "after"}, in their
 * order; each line begins with the prefix. */
void changes_show(const struct json *changes, const char *prefix, struct buf *b);
/* A value on one line: strings in quotes. */
void changes_show_value(const struct json *value, struct buf *b);
