/*
 * What the plugins for tests share: a state with timers, a connection that knows its settings, and
 * the tables with all the functions that a plugin has to have.
 *
 * A plugin for tests offers one type, and its id, the type's id and its file have one name.
 */
#pragma once

#include <linkspan/connector.h>

/* An accepted operation that is completed later. */
struct later {
	struct later *next;
	const struct lk_request *request;
	struct lk_op *op;
	struct conn *conn;
	int64_t due_ms;
	void (*end)(struct conn *, const struct lk_request *);
};

/* An instance of the plugin; its descriptor is one that never becomes readable. */
struct state {
	const struct lk_host *host;
	int fd;
	struct later *laters;
};

struct conn {
	struct state *state;
	struct lk_link *link;
	const struct lk_settings *settings;
	int64_t number; /* for the plugin's own use, 0 at first */
};

int common_init(const struct lk_host *host, void **ret_state);
void common_fini(void *state);
int common_fd(void *state);
int64_t common_next_ms(void *state);
int common_run(void *state);

int common_open(void *state, struct lk_link *link, const struct lk_settings *settings,
                void **ret_conn);
void common_close(void *conn); /* forgets what still waits: the host has given it up */
void common_cancel(void *conn, struct lk_op *op); /* completes what waits for its time */
/* Nothing can be cancelled: it is complete already, or never will be. */
void common_cancel_nothing(void *conn, struct lk_op *op);

/* The value of the row with that index. */
const struct lk_value *common_value(const struct conn *conn, unsigned row);

void common_complete(const struct conn *conn, struct lk_op *op, uint32_t result,
                     const char *reason);
/* Lets end() complete the operation after delay_ms of the host's clock.  0, or LK_ENOMEM. */
int common_later(struct conn *conn, const struct lk_request *request, int64_t delay_ms,
                 void (*end)(struct conn *, const struct lk_request *));

#define COMMON_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Members of struct lk_type and struct lk_plugin that are the same in all of them. */
#define COMMON_TYPE(name)                                                                          \
	.size = sizeof(struct lk_type), .id = (name), .label = (name),                             \
	.help = "Exists for the tests of the host.", .param_size = sizeof(struct lk_param)
#define COMMON_PLUGIN(name)                                                                        \
	.id = (name), .version = "1.0", .vendor = "Linkspan", .license = "Apache-2.0",             \
	.init = common_init, .fini = common_fini, .fd = common_fd, .next_ms = common_next_ms,      \
	.run = common_run

/* The rest of a file: a well-formed plugin around one type. */
#define COMMON_EXPORT(name, type)                                                                  \
	static const struct lk_type *const types[] = {&(type), NULL};                              \
	static const struct lk_plugin plugin = {                                                   \
		.size = sizeof(plugin),                                                            \
		.abi_minor = LK_ABI_MINOR,                                                         \
		.types = types,                                                                    \
		COMMON_PLUGIN(name),                                                               \
	};                                                                                         \
	LK_EXPORT const struct lk_plugin *lk_plugin_v1(void)                                       \
	{                                                                                          \
		return &plugin;                                                                    \
	}
