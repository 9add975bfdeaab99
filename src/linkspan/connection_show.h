/* Connections, as the API describes them. */
#pragma once

#include "linkspan/list_show.h"

struct buf;
struct cli;
struct json;

extern const struct list_column connection_columns[];
/* Name, project, type … one to a line, then the settings, the deployments, and each link of "links". */
void connection_show(const struct cli *cli, const struct json *document, struct buf *b);
/* One line: what was done to it, and its revision: "Orders in global: created, revision 1a2b3c4d5e6f". */
void connection_show_done(const char *what, const struct json *document, struct buf *b);
/* What the answer to a change says of deployments that came with it: where, and where not, and why. */
void connection_show_change(const struct json *document, struct buf *b);
/* Each setting below the object on a line: "  tls.ca_file = "tls/ca.pem"". */
void connection_show_settings(const struct json *object, const char *prefix, struct buf *b);
