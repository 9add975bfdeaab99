/*
 * Checking connections as far as a deployment would, wherever each of them would run: what the daemon does
 * at its start and before a change, `linkspand --check` and `linkspan validate`.
 */
#pragma once

#include <stddef.h>

struct conf;
struct conf_connection;
struct conf_environment;
struct deployment;
struct plugins;
struct report;
struct transforms;

/* What was found of a connection in one environment. */
struct deployment_checked {
	const struct conf_connection *connection;
	/* NULL: it names none that the host serves, and was checked as far as can be said without. */
	const struct conf_environment *environment;
	struct deployment *deployment; /* NULL: there are faults, or no environment */
	size_t first;                  /* its faults in the report begin here */
};

struct deployment_check {
	const struct conf *conf;
	const struct plugins *plugins;
	struct transforms *transforms; /* compiles the templates; NULL: they are not compiled */
	struct report *report;
	/* Gets each, and takes its deployment; NULL: nobody wants it. */
	void (*checked)(void *arg, const struct deployment_checked *found);
	void *arg;
};

/* In one environment; *ret as deployment_create() has it, whose results these are.  checked is not called. */
int deployment_check_in(const struct deployment_check *k, const struct conf_connection *connection,
                        const struct conf_environment *environment, struct deployment **ret);
/* In every environment of it that the host serves: in every one that there is, when nothing says what it serves.
 * 0, ERR_INVALID when there are faults in any of them, or ERR_NO_MEMORY. */
int deployment_check_all(const struct deployment_check *k,
                         const struct conf_connection *connection);
/* Every connection of the configuration, faulty ones too. */
int deployment_check_conf(const struct deployment_check *k);
