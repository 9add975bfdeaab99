/* The command line of linkspand. */
#pragma once

#include <stdbool.h>

#include "base/log.h"

struct buf;
struct err;

struct options {
	const char *config; /* borrowed from argv or the environment */
	bool check, set_aside, routes, version, help;
	enum log_level log_level;
	enum log_format log_format;
};

/* 0 or ERR_USAGE. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);
void options_help(struct buf *text);
