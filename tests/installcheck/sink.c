/* A connector outside the tree, built against the installed header alone: it writes each message to
 * a file. */
#include <linkspan/connector.h>
#include <stdio.h>
#include <stdlib.h>

struct sink {
	const struct lk_host *host;
	const char *path; /* borrowed from the settings, which outlive the connection */
};

enum { PARAM_PATH, PARAMS };

static const struct lk_param params[PARAMS] = {
	[PARAM_PATH] = {.name = "path",
                        .type = LK_T_STRING,
                        .flags = LK_REQUIRED,
                        .label = "Path",
                        .help = "The file that takes the latest message."},
};

static int sink_init(const struct lk_host *host, void **ret_state)
{
	*ret_state = (void *)(uintptr_t)host;
	return 0;
}

static void sink_fini(void *state)
{
	(void)state;
}

static int sink_open(void *state, struct lk_link *link, const struct lk_settings *settings,
                     void **ret_conn)
{
	struct sink *sink = malloc(sizeof(*sink));

	(void)link;
	if (!sink)
		return LK_ENOMEM;
	*sink = (struct sink){.host = state, .path = settings->values[PARAM_PATH]->u.s};
	*ret_conn = sink;
	return 0;
}

static void sink_close(void *conn)
{
	free(conn);
}

static int write_file(const char *path, const void *body, size_t bytes)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return -1;
	size_t written = fwrite(body, 1, bytes, file);
	return fclose(file) == 0 && written == bytes ? 0 : -1;
}

static int sink_submit(void *conn, const struct lk_request *request)
{
	const struct sink *sink = conn;
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = LK_DONE,
		.retry_after_ms = -1,
		.reason = "ok",
	};

	if (request->kind == LK_OP_SEND &&
	    write_file(sink->path, request->body, request->body_bytes) < 0) {
		outcome.result = LK_RETRY;
		outcome.reason = "write";
	}
	sink->host->complete(request->op, &outcome);
	return 0;
}

static void sink_cancel(void *conn, struct lk_op *op)
{
	(void)conn;
	(void)op; /* every operation ends inside submit() */
}

static const struct lk_type type = {
	.size = sizeof(type),
	.id = "sink",
	.label = "Sink",
	.help = "Writes the latest message to a file.",
	.params = params,
	.param_count = PARAMS,
	.param_size = sizeof(params[0]),
	.open = sink_open,
	.close = sink_close,
	.submit = sink_submit,
	.cancel = sink_cancel,
};
static const struct lk_type *const types[] = {&type, NULL};

static const struct lk_plugin plugin = {
	.size = sizeof(plugin),
	.abi_minor = LK_ABI_MINOR,
	.id = "sink",
	.version = "1.0",
	.vendor = "Linkspan",
	.license = "Apache-2.0",
	.types = types,
	.init = sink_init,
	.fini = sink_fini,
};

LK_EXPORT const struct lk_plugin *lk_plugin_v1(void)
{
	return &plugin;
}
