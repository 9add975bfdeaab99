/*
 * A deployment: one connection in one environment, resolved and checked; what a link runs.
 *
 * Constant once it is made, and whole: it keeps nothing of the configuration it was made from.  It lives
 * until the links that run it are closed.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "core/network.h"
#include "crypto/hash.h"
#include "schema/check.h"

struct node;
struct plugin_type;
struct plugins;
struct report;

struct deployment {
	struct arena arena;
	struct conf_host host;          /* what resolving secrets needs of it: `secrets`, `state` */
	const struct plugin_type *type; /* borrowed */
	bool enabled;
	struct schema_values values;
	struct schema_part parts[2]; /* the type's rows, the common rows */
	struct lk_settings settings; /* what the plugin sees */
	const struct node *tree;     /* the settings as they were written, for faults */
	struct network_policy network;
	int64_t connection_timeout_ms;
	int64_t request_timeout_ms;
	uint32_t retry_inline;
	uint8_t fingerprint[HASH_BYTES]; /* of all that makes a difference to the link */
	atomic_uint others;              /* who hold it too */
};

/* Resolves and checks.  Every fault goes to the report; 0, ERR_INVALID or ERR_NO_MEMORY.
 * environment NULL: the bare settings are checked and nothing is made (ret is not used). */
int deployment_create(const struct conf *conf, const struct plugins *plugins,
                      const struct conf_connection *connection,
                      const struct conf_environment *environment, struct deployment **ret,
                      struct report *report);
/* Another one holds it: any thread.  The last one that gives it back frees it. */
struct deployment *deployment_keep(struct deployment *d);
void deployment_destroy(struct deployment *d); /* takes NULL */

/* Whether one may go on in the place of the other, because nothing is different: the settings, what is
 * allowed, whether it is enabled, and the files that settings name. */
bool deployment_same(const struct deployment *a, const struct deployment *b);

/* The value of a common row, or of a row of the type by its name (NULL: the type has no such). */
const struct lk_value *deployment_common(const struct deployment *d, int common_row);
const struct lk_value *deployment_value(const struct deployment *d, const char *name);
