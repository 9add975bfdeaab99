/* What a direct send prints, wherever the answer comes from. */
#pragma once

struct cli;
struct err;
struct json;

/* Takes the document (docs/api.md); NULL: there was no memory for it. */
int send_show(const struct cli *cli, struct json *answer, struct err *e);
