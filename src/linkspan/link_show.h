/* Links, as the daemon describes them. */
#pragma once

struct buf;
struct cli;
struct err;
struct json;

/* A table, lines or names, by -o. */
int link_show_list(const struct cli *cli, const struct json *links, struct err *e);
/* One sentence: whether a message sent now goes out, and if not, why; and a line with figures. */
void link_show_sentence(const struct json *link, struct buf *b);
