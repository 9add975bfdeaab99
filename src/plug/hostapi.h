/*
 * What a plugin says about an operation, made safe to keep: of this host's shape, checked, and
 * owned.
 *
 * Any thread.  An outcome is one allocation and constant after its making.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>

enum {
	OUTCOME_BYTES_1_0 = offsetof(struct lk_outcome, reply_total_bytes) + sizeof(uint64_t),
	OUTCOME_REASON_MAX = 64,   /* bytes of the token */
	OUTCOME_DETAIL_MAX = 1024, /* bytes of the line */
	OUTCOME_ATTRS_MAX = 1024,  /* pairs */
};

struct outcome {
	int result;               /* LK_DONE … */
	unsigned flags;           /* LK_LINK_FAULT …, only those that this host knows */
	unsigned status;          /* the protocol's own code, 0 none */
	int64_t retry_after_ms;   /* -1 none */
	const char *reason;       /* [a-z0-9_]+ */
	const char *detail;       /* one line of UTF-8 without control characters; NULL none */
	bool is_private;          /* the detail may quote what was to be sent: outcome_said() */
	const char *const *attrs; /* k0 v0 k1 v1 … NULL; values as the peer gave them */
	uint32_t attr_count;      /* pairs */
	const void *reply;        /* NULL none; a NUL byte stands behind it */
	size_t reply_bytes;
	uint64_t reply_total_bytes; /* at least reply_bytes */
};

/*
 * Takes over what complete() was given by a plugin of any size.  What breaks the contract (no
 * outcome, one smaller than ABI 1.0's, an unknown result) becomes LK_RETRY with the reason
 * "plugin_error".
 *
 * Never NULL, for complete() cannot fail: without memory it gives a shared outcome with the same
 * result, and the reason "no_memory".
 */
struct outcome *outcome_copy(const struct lk_outcome *from);

/* An outcome of the host's own making ("timeout", "pool_exhausted" …).  Never NULL, as above. */
struct outcome *outcome_make(int result, unsigned flags, const char *reason, const char *format,
                             ...) __attribute__((format(printf, 4, 5)));

/* Notes that the detail may quote what was to be sent.  The same outcome. */
struct outcome *outcome_private(struct outcome *o);
/* The detail where payloads are not shown: in logs, events and the state of a link.  NULL: none. */
const char *outcome_said(const struct outcome *o);

void outcome_destroy(struct outcome *o); /* takes NULL and the shared ones */

const char *outcome_attr(const struct outcome *o, const char *key); /* the first one, or NULL */

const char *plugin_error_text(int code); /* what an LK_E code says, as constant text */
