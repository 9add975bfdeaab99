/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connector ABI of Linkspan, major version 1: the contract between the host and a connector
 * plugin.
 *
 * A connector plugin is a shared object that exports one symbol, lk_plugin_v1().  It returns a
 * constant description: which connection types the plugin offers, which parameters each type has,
 * and the functions that do the work.  The host does everything else: reading and checking the
 * definitions, secrets, retry, rate, ordering, queues, metrics.  A plugin opens a connection, sends
 * one message when asked, and says what happened.
 *
 * A whole plugin in outline:
 *
 *	static const struct lk_param params[] = {
 *		{ .name = "path", .type = LK_T_FILE, .flags = LK_REQUIRED,
 *		  .label = "Path", .help = "The file that messages are appended to." },
 *	};
 *	static const struct lk_type type = {
 *		.size = sizeof(type), .id = "file", .label = "File", .help = "Appends to a file.",
 *		.params = params, .param_count = 1, .param_size = sizeof(params[0]),
 *		.open = file_open, .close = file_close, .submit = file_submit, .cancel = file_cancel,
 *	};
 *	static const struct lk_type *const types[] = { &type, NULL };
 *	static const struct lk_plugin plugin = {
 *		.size = sizeof(plugin), .abi_minor = LK_ABI_MINOR, .id = "file", .version = "1.0",
 *		.vendor = "Example", .license = "MIT", .types = types,
 *		.init = file_init, .fini = file_fini,
 *	};
 *	LK_EXPORT const struct lk_plugin *lk_plugin_v1(void) { return &plugin; }
 *
 * The laws
 *
 * Growth.  Every struct that crosses the border begins with `size`, set by whoever fills it in to
 *   sizeof of the struct as that side was compiled.  Members are only ever appended.  A member
 *   younger than version 1.0 is read through LK_HAS().  Arrays of parameters carry their stride.
 * Memory.  Who allocates, frees.  A pointer is borrowed for the duration of the call unless its
 *   comment says longer.  Strings are UTF-8 and end with NUL.  A body is contiguous and at most
 *   LK_BODY_MAX bytes.
 * Threads.  Every function carries a tag:
 *   [lane]  on the thread that owns the plugin instance, never concurrently for one instance; it
 *           must not block: no sleeping, no waiting for the network, a disk or a lock.
 *   [pure]  on any thread: no I/O, no state, no clock; the same input gives the same answer.
 *   [any]   on any thread, at any time between init() and the end of fini().
 * Errors.  A function that can fail returns 0, or one of the negative LK_E codes.
 * Units.   They stand in the names: _ms, _s, _bytes.
 * Classify, do not decide.  A plugin never retries, backs off or suspends.  It says what happened
 *   (struct lk_outcome) and the host's policy does the rest, the same for every connector.
 * Secrets.  The host resolves the secrets of a link before it submits work.  A plugin copies them
 *   with lk_host.secret(), wipes its copy, and never logs or shows them.
 * Network.  A plugin that opens sockets asks lk_host.permit() for each address it is about to use,
 *   also for a pooled connection that it is about to use again.
 */
#ifndef LINKSPAN_CONNECTOR_H
#define LINKSPAN_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header.  A plugin's need_minor says the least minor version of the host it
 * can live with; 0 is right for a plugin that uses nothing younger than 1.0. */
#define LK_ABI_MAJOR 1
#define LK_ABI_MINOR 0

/* Put before lk_plugin_v1(), so that it is the one visible symbol under -fvisibility=hidden. */
#if defined(__GNUC__)
#define LK_EXPORT __attribute__((visibility("default")))
#else
#define LK_EXPORT
#endif

/* True when the other side's struct is new enough to contain the member. */
#define LK_HAS(p, field) ((p)->size >= offsetof(__typeof__(*(p)), field) + sizeof((p)->field))

/* The largest body of a message, in bytes. */
#define LK_BODY_MAX (16u * 1024u * 1024u)

/* What a function that can fail returns. */
enum {
	LK_EINVAL = -1,      /* the arguments or settings cannot be used */
	LK_ENOMEM = -2,      /* out of memory, or of descriptors */
	LK_EBUSY = -3,       /* not now; submit(): offer it again after the next complete() */
	LK_EDENIED = -4,     /* forbidden by the network policy */
	LK_ENOENT = -5,      /* no such thing (secret, extension, name) */
	LK_EFAIL = -6,       /* anything else; the log says what */
	LK_ETOOBIG = -7,     /* the caller's buffer is too small */
};

/* Levels of lk_host.log(). */
enum { LK_LOG_ERROR, LK_LOG_WARNING, LK_LOG_INFO, LK_LOG_DEBUG };

/*
 * Parameters
 *
 * One row describes one setting.  From the rows alone come the parser of definition files, every
 * error message, the JSON Schema, the forms of the console, the help of the command line and the
 * manual page.  A setting is described here once, or it does not exist.
 */
enum {
	LK_T_STRING,
	LK_T_INT,       /* u.i */
	LK_T_BOOL,      /* u.i is 0 or 1 */
	LK_T_ENUM,      /* u.s is one of choices */
	LK_T_DURATION,  /* u.i in milliseconds; written "250ms", "10s", "5m", "2h", "7d" */
	LK_T_SIZE,      /* u.i in bytes; written 4096, "16KiB", "1MiB" */
	LK_T_URL,       /* u.s, an absolute URL */
	LK_T_FILE,      /* u.s, an absolute path to a readable file; the file travels in bundles */
	LK_T_LIST,      /* u.v, count items: each has the shape of the only sub-row, or is a GROUP of
	                 * the sub-rows when there are several */
	LK_T_MAP,       /* u.v, count values of the shape of the only sub-row; keys[i] belongs to u.v[i] */
	LK_T_GROUP,     /* u.v, one for each sub-row, in their order */
};

enum {
	LK_REQUIRED = 1,    /* must be given; has no default */
	LK_SECRET = 2,      /* the value is a secret, however it is written */
	LK_TEMPLATE = 4,    /* the value is an RFC 6570 URI Template, expanded by the plugin */
	LK_ADVANCED = 8,    /* forms show it only on request */
	LK_DEPRECATED = 16, /* still read, with a warning */
	LK_PRIVATE = 32,    /* may hold a secret, so messages never repeat the value */
};

/*
 * One value.  The host makes it and keeps it unchanged until the connection is closed.
 *
 * `secret` is not 0 when the value is secret or contains a `${secret:…}` reference.  Then u.s is
 * only what may be shown (the text with its references unresolved, or a mask), and the real text
 * comes from lk_host.secret().  Any LK_T_STRING value can contain a reference, flagged or not.
 */
struct lk_value {
	uint32_t size;
	uint32_t is_set;        /* 1: given by the user; 0: the default, or absent */
	uint32_t count;         /* STRING, URL, FILE, ENUM: bytes; LIST, MAP, GROUP: members */
	uint32_t secret;        /* handle for lk_host.secret(); 0: not a secret */
	union {
		int64_t i;
		const char *s;  /* NULL when absent and without default */
		const struct lk_value *const *v;
	} u;
	const char *const *keys;
};

struct lk_param {
	const char *name;       /* stable key: [a-z0-9_]+ */
	uint32_t type;          /* LK_T_… */
	uint32_t flags;         /* LK_REQUIRED … */
	const char *label;      /* what a form calls it */
	const char *help;       /* one sentence; required */
	const char *def;        /* in the syntax of a definition file, parsed like user input; a GROUP
	                         * takes its defaults from its sub-rows */
	int64_t min, max;       /* of the number; of the length in characters; of the count of items.
	                         * 0, 0: no bounds */
	const char *const *choices; /* ENUM: NULL-terminated */
	const char *when;       /* applies only then: "kind=basic|bearer" names an ENUM row beside this
	                         * one; elsewhere setting it is an error */
	const char *group;      /* tab of the form: "General", "Headers", "Settings", "Security" */
	/* [pure] A rule of its own, asked only for values that pass all of the above; not asked for
	 * values that hold secret references.  Returns 0, or negative with *ret_message set to
	 * constant text that says what would be right. */
	int (*check)(const struct lk_value *value, const char **ret_message);
	const struct lk_param *sub; /* rows inside a LIST, MAP or GROUP */
	uint32_t sub_count;
	uint32_t sub_size;      /* sizeof(struct lk_param) of the plugin */
};

/*
 * Names of parameters that the host understands too, when a type has them:
 *   connection_timeout_ms   how long a direct call may wait for a free slot (without: 2000)
 *   request_timeout_ms      sets lk_request.deadline_ms                     (without: 30000)
 *   tls                     a GROUP; the environment's `tls` block gives its defaults
 *   url                     what lists show as the connection's target
 *   content_type, headers   where one of them sets Content-Type, a body that a template has made gets
 *                           no other one
 */

/* Where faults are gathered.  path names the setting: "headers[3].name".  add() copies. */
enum { LK_FAULT_ERROR, LK_FAULT_WARNING };
struct lk_report {
	uint32_t size;
	void (*add)(struct lk_report *report, uint32_t severity, const char *path, const char *code,
	            const char *message);
};

struct lk_link; /* a link of the host: names the caller in every function of struct lk_host */
struct lk_op;   /* one operation of the host: an opaque handle, never dereferenced */

/*
 * What check() and open() are given: the values, and the host's wishes for this link.
 * It stays valid, with everything it points at, until close() of the connection returns.
 */
enum { LK_SETTINGS_PROTECTED = 1 /* the environment is a protected one, such as production */ };
struct lk_settings {
	uint32_t size;
	uint32_t flags;                 /* LK_SETTINGS_… */
	const char *project;            /* "global" for the global scope */
	const char *connection;
	const char *environment;
	const struct lk_value *const *values; /* in the order of the type's own rows */
	uint32_t max_in_flight;         /* the host never has more operations submitted than this */
	uint32_t keep_bytes;            /* how much of a reply lk_outcome.reply should keep */
};

/*
 * Work
 */
enum {
	LK_OP_SEND,     /* deliver the message */
	LK_OP_PROBE,    /* Test Connection: the same road, on a fresh connection that nothing else uses, and
	                 * what is sent is the type's test message */
	LK_OP_DESCRIBE, /* touch no network: complete with reply_attrs "method", "url", "header.NAME",
	                 * secrets masked, and the body that would be sent as the reply */
};

/* lk_request.flags */
enum {
	LK_REQUEST_STORED = 1, /* the message is stored, and may come again under the same id: the peer
	                        * should be told the id, so that it can tell a repetition */
};

/* One operation.  It and all that it points at live until complete() for its op has returned. */
struct lk_request {
	uint32_t size;
	uint32_t kind;          /* LK_OP_… */
	struct lk_op *op;       /* what complete() and cancel() name */
	const char *id;         /* of the message: the same over all attempts */
	uint32_t attempt;       /* 1, 2, … */
	uint32_t attr_count;    /* pairs in attrs */
	int64_t start_ms;       /* when the host handed it over; time-outs count from here */
	int64_t deadline_ms;    /* on lk_host.mono_ms(): past it the host stops waiting */
	const void *body;       /* NULL: no body; not NULL with 0 bytes: an empty one */
	size_t body_bytes;
	const char *content_type; /* the call's own; NULL: the connection's, or what fits the body */
	/* k0 v0 k1 v1 … : "uri.K" (repeated: a list), "uri.K.M" (member M of a map), "header.NAME",
	 * "ce.ATTR", "traceparent".  Unknown ones are ignored.  UTF-8, not yet checked by anybody. */
	const char *const *attrs;
	uint32_t flags;         /* LK_REQUEST_… */
	uint32_t reserved;      /* 0 */
};

/* lk_outcome.result */
enum {
	LK_DONE,    /* delivered */
	LK_RETRY,   /* not delivered; another try may do it */
	LK_REJECT,  /* not delivered, and this message never will be */
	LK_BLOCKED, /* nothing gets through this link until somebody mends something */
};

/* lk_outcome.flags */
enum {
	LK_LINK_FAULT = 1, /* the link's fault, not the message's: counts for the circuit breaker */
	LK_CONGESTED = 2,  /* the peer asks for less: the host cuts its concurrency */
	LK_LINK_GONE = 4,  /* the peer says never again: the host pauses the link */
	LK_NOT_SENT = 8,   /* certainly nothing reached the peer: repeating cannot double anything */
	LK_CANCELLED = 16, /* ended because of cancel() */
	LK_REPLY_CUT = 32, /* reply is shorter than what the peer sent */
	LK_IDEMPOTENT = 64, /* the operation may be repeated even if it did reach the peer */
};

/* What happened.  The host copies all of it inside complete(). */
struct lk_outcome {
	uint32_t size;
	uint32_t result;          /* LK_DONE … */
	uint32_t flags;           /* LK_LINK_FAULT … */
	uint32_t status;          /* the protocol's own code, 0 none */
	int64_t retry_after_ms;   /* what the peer asks for, -1 nothing */
	const char *reason;       /* a stable token: "ok" "dns" "refused" "tls_verify" "http_5xx" … */
	const char *detail;       /* one line for people; never a secret; NULL none */
	/* k0 v0 k1 v1 … : "header.NAME" of the reply, and phase times as decimal microseconds since
	 * the hand-over: "time.resolve_us" "time.connect_us" "time.tls_us" "time.first_byte_us"
	 * "time.total_us"; a phase that did not happen is absent.  "tls.expires" when a connection was
	 * made whose peer showed a certificate: its end, Unix time in decimal milliseconds.  Of an
	 * LK_OP_PROBE also, as far as it came: "peer.address", "tls.version", "tls.cipher", and the
	 * certificates as the peer offered them, its own being number 0, also when they are not trusted:
	 * "tls.chain.N.subject" "tls.chain.N.issuer" "tls.chain.N.not_before" "tls.chain.N.not_after"
	 * (as "tls.expires"), "tls.chain.0.san" (names and addresses, between them ", "). */
	const char *const *reply_attrs;
	const void *reply;        /* the beginning of the reply, at most keep_bytes */
	size_t reply_bytes;
	uint32_t reply_attr_count; /* pairs in reply_attrs */
	uint32_t reserved;        /* 0 */
	uint64_t reply_total_bytes; /* how much the peer sent, as far as it was read */
};

/* The pool of a connection, for monitoring.  open and idle count sockets, waiting counts
 * operations that wait for one; opened and reused count since open(). */
struct lk_stats {
	uint32_t size, open, idle, waiting;
	uint64_t opened, reused;
};

/*
 * A connection type
 *
 * submit() returning 0 is a promise: complete() is called exactly once for the op, perhaps before
 * submit() returns.  A negative return means that complete() is never called for it.  After
 * LK_EBUSY the host offers the op again after the connection's next complete(), or after 50 ms.
 * cancel() is a wish: complete() still follows, soon.
 */
struct lk_type {
	uint32_t size;
	uint32_t flags;           /* 0 */
	const char *id;           /* [a-z0-9_]+: what `type =` names in a definition */
	const char *label;
	const char *help;         /* one sentence */
	const struct lk_param *params;
	uint32_t param_count;
	uint32_t param_size;      /* sizeof(struct lk_param) of the plugin */
	/* [pure] Rules over several settings; each row alone is right already.  NULL: none. */
	void (*check)(const struct lk_settings *settings, struct lk_report *report);
	/* [lane] Makes a connection ready for work without touching the network.  link names it in
	 * calls to the host until close() returns. */
	int (*open)(void *state, struct lk_link *link, const struct lk_settings *settings,
	            void **ret_conn);
	void (*close)(void *conn);                                      /* [lane] nothing in flight */
	int (*submit)(void *conn, const struct lk_request *request);    /* [lane] */
	void (*cancel)(void *conn, struct lk_op *op);                   /* [lane] */
	void (*stats)(void *conn, struct lk_stats *ret_stats);          /* [lane] NULL: no pool */
};

struct lk_host;

/* What lk_plugin_v1() returns: constant data, valid for the life of the process. */
struct lk_plugin {
	uint32_t size;
	uint32_t abi_minor;       /* LK_ABI_MINOR of the header it was compiled with */
	uint32_t need_minor;      /* the least LK_ABI_MINOR of the host */
	uint32_t flags;           /* 0 */
	const char *id;           /* [a-z0-9_]+ */
	const char *version, *vendor, *license;
	const struct lk_type *const *types; /* NULL-terminated */
	/* [lane] One instance for each lane; the host stays valid until fini() has returned. */
	int (*init)(const struct lk_host *host, void **ret_state);
	void (*fini)(void *state);                                      /* [lane] all closed */
	/* A plugin that waits for descriptors puts them in an epoll set of its own and returns that
	 * from fd(); the lane polls it together with its own and calls run() when it is readable, or
	 * when the moment next_ms() has come.  run() serves what is ready and returns: it never waits.
	 * A plugin with threads of its own leaves all three NULL and only calls complete(). */
	int (*fd)(void *state);                                         /* [lane] */
	int64_t (*next_ms)(void *state);  /* [lane] on lk_host.mono_ms(); -1: no timer */
	int (*run)(void *state);                                        /* [lane] */
	const void *(*extension)(const char *id);                       /* [pure] NULL: none */
};

/* What the host offers.  Valid from init() to the end of fini(). */
struct lk_host {
	uint32_t size;
	uint32_t abi_minor;
	/* [any] Ends an operation; copies the outcome; never calls back into the plugin. */
	void (*complete)(struct lk_op *op, const struct lk_outcome *outcome);
	/* [any] One line without end of line.  link may be NULL. */
	void (*log)(struct lk_link *link, int level, const char *message);
	/* [any] The host's clock: monotonic time, and Unix time.  A plugin uses no other. */
	int64_t (*mono_ms)(void);
	int64_t (*unix_ms)(void);
	/* [lane] Copies the resolved text of a secret value, NUL-terminated, into buf.  Returns its
	 * length in bytes, or LK_ENOENT, or LK_ETOOBIG.  *ret_version changes whenever the text does:
	 * what was built from a secret may be kept for that version.  buf may be NULL with cap 0 to
	 * ask for the length and version alone. */
	int (*secret)(struct lk_link *link, uint32_t secret, char *buf, size_t cap,
	              uint64_t *ret_version);
	/* [any] Asks the network policy.  0: allowed; LK_EDENIED. */
	int (*permit)(struct lk_link *link, const struct sockaddr *address, socklen_t address_bytes);
	/* [any] Metrics of the plugin's own; the host adds the link's labels. */
	void (*count)(struct lk_link *link, const char *metric, uint64_t add);
	void (*observe)(struct lk_link *link, const char *metric, double seconds);
	/* [any] A table of further functions, or NULL when this host does not have it. */
	const void *(*extension)(const char *id);
};

/* The only symbol that a plugin exports.  It returns static data and has no side effects.  The
 * major version of the ABI is in the name. */
LK_EXPORT const struct lk_plugin *lk_plugin_v1(void);

/*
 * Extensions of the host
 */

/* Name resolution that does not block the lane. */
#define LK_EXT_RESOLVE "linkspan.resolve/1"

struct lk_lookup; /* one lookup under way */

/* An answer.  count addresses, at most LK_ADDRESSES_MAX; error is NULL, or one line for people
 * when there are none.  Not yet judged by the network policy: ask permit(). */
#define LK_ADDRESSES_MAX 32
struct lk_addresses {
	uint32_t size;
	uint32_t count;
	const struct sockaddr_storage *address; /* ports are set as asked */
	const char *error;
};

struct lk_ext_resolve {
	uint32_t size;
	uint32_t flags;
	/* [lane] Starts a lookup.  answer() is called once on the lane, never before start() returns;
	 * what it is given is borrowed for the call. */
	int (*start)(struct lk_link *link, const char *host, uint16_t port,
	             void (*answer)(void *arg, const struct lk_addresses *addresses), void *arg,
	             struct lk_lookup **ret_lookup);
	/* [lane] After it answer() is not called any more.  Not to be called once it has been. */
	void (*cancel)(struct lk_lookup *lookup);
};

/* Questions about JSON. */
#define LK_EXT_JSON "linkspan.json/1"

struct lk_ext_json {
	uint32_t size;
	uint32_t flags;
	int (*valid)(const void *text, size_t bytes); /* [any] 1: one JSON value (RFC 8259) */
};

#ifdef __cplusplus
}
#endif

#endif
