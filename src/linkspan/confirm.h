/* Asking before something is done that cannot be taken back. */
#pragma once

struct cli;
struct err;

/* 0: go on: --yes, or the answer was yes.  ERR_CONFLICT: it was no.  ERR_INTERRUPTED, when
 * interrupt_catch() was called.  ERR_USAGE: nobody can be asked
 * (--no-input, no terminal); then the question and --yes are in the error. */
int confirm(const struct cli *cli, struct err *e, const char *question, ...)
	__attribute__((format(printf, 3, 4)));
