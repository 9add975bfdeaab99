/* linkspan schema: what a connection type takes, from its own table. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/session.h"
#include "schema/common.h"
#include "schema/emit.h"
#include "json/json.h"

static int unknown_type(const struct plugins *plugins, const char *id, struct err *e)
{
	const char *near = plugins_nearest_type(plugins, id);

	if (near)
		return err_set(e, ERR_NOT_FOUND, "no connection type \"%s\" (did you mean \"%s\"?)",
		               id, near);
	return err_set(e, ERR_NOT_FOUND, "no connection type \"%s\"; see: linkspan plugin list",
	               id);
}

static int print_manual(const struct plugin_type *type, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	buf_printf(&text, "# SETTINGS OF THE TYPE %s\n\n", type->type.id);
	emit_man(type->rows, type->row_count, &text);
	buf_add_str(&text, "# SETTINGS OF EVERY CONNECTION\n\n");
	emit_man(common_rows, COMMON_ROWS, &text);
	return print_and_finish(&text, e);
}

/* The rows of a kind of definition file; NULL: it is none. */
static const struct conf_kind *find_kind(const char *key)
{
	static const struct conf_kind *const kinds[] = {&conf_kind_host, &conf_kind_environment,
	                                                &conf_kind_connection};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->key, key) == 0)
			return kinds[i];
	return NULL;
}

static int print_kind(const struct conf_kind *kind, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	emit_man(kind->rows, kind->row_count, &text);
	return print_and_finish(&text, e);
}

int cmd_schema(struct cli *cli, struct err *e)
{
	const struct conf_kind *kind = find_kind(cli->args[0]);
	struct session s;

	if (kind && cli->output == OUTPUT_MAN)
		return print_kind(kind, e);
	int rc = session_open(&s, cli, e);

	if (rc == 0) {
		const struct plugin_type *type = plugins_type(&s.plugins, cli->args[0]);
		if (!type)
			rc = unknown_type(&s.plugins, cli->args[0], e);
		else if (cli->output == OUTPUT_MAN)
			rc = print_manual(type, e);
		else
			rc = print_json(emit_schema(&type->type, type->rows, type->row_count), e);
	}
	session_finish(&s);
	return rc;
}
