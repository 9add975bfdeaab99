/* The definitions of a world: files in a temporary folder, read once, before the first host. */
#pragma once

struct deployment;
struct plugins;
struct world_link;

/* Writes and reads them.  0, or -1 when it has printed what is wrong. */
int world_conf_begin(void);
void world_conf_finish(void); /* frees them */
void world_conf_remove(void); /* removes the folder */

const struct plugins *world_conf_plugins(void);
const char *world_conf_path(const char *name); /* in the folder; until the next call */
/* What the link's present variant deploys. */
struct deployment *world_conf_deployment(const struct world_link *link);
