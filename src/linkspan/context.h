/* Which context holds for an invocation. */
#pragma once

#include "linkspan/command.h"
#include "linkspan/contexts.h"

struct context_use {
	struct contexts contexts;
	struct cli_default defaults[CONTEXT_FIELDS];
	const char *name; /* of the context that holds; NULL: none */
};

/*
 * Lays the context under the options of the command line.  It is, in this order: --context; none when
 * the command line says where the host is; LINKSPAN_CONTEXT; none when LINKSPAN_CONFIG is set; the
 * one that `linkspan context use` named.  ERR_NOT_FOUND when there is no such one, or when a file that
 * it names is missing.  context_finish() in any case, after the last use of the options.
 */
int context_apply(struct context_use *u, struct cli *cli, struct err *e);
void context_finish(struct context_use *u);
