/* The command line of linkspand. */
#pragma once

#include <stdbool.h>

#include "base/log.h"

struct buf;
struct err;

enum options_format { OPTIONS_FORMAT_AUTO, OPTIONS_FORMAT_TEXT, OPTIONS_FORMAT_JSON };

struct options {
	const char *config; /* borrowed from argv or the environment */
	bool check, set_aside, routes, metrics, version, help;
	enum log_level log_level;
	enum options_format log_format;
};

/* 0 or ERR_USAGE. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);
void options_help(struct buf *text);
