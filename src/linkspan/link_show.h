/* Links, as the daemon describes them. */
#pragma once

#include "linkspan/list_show.h"

struct buf;
struct json;

extern const struct list_column link_columns[];
/* One sentence: whether a message sent now goes out, and if not, why; and a line with figures, where there
 * are some. */
void link_show_sentence(const struct json *link, struct buf *b);
/* Each check that is not ok, and its mend. */
void link_show_checks(const struct json *link, struct buf *b);
