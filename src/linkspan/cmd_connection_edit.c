/* linkspan connection edit: with an editor, or by options. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/changes_show.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/connection_show.h"
#include "linkspan/definition_files.h"
#include "linkspan/definition_text.h"
#include "linkspan/draft.h"
#include "linkspan/edit_session.h"
#include "linkspan/output.h"
#include "json/json.h"

/* What is to be there instead: the definition of -f, or else what is there now. */
static int read_base(struct connection *c, const struct json *document, struct json **ret,
                     struct err *e)
{
	const char *file = cli_option(c->cli, "file");
	struct definitions d;
	int rc = 0;

	definitions_init(&d);
	if (file) {
		rc = definitions_add(&d, file, e);
		if (rc == 0 || rc == ERR_INVALID) {
			int verdict = definitions_verdict(&d, e);
			rc = verdict < 0 ? verdict : rc;
		}
		if (rc == 0 && d.count != 1)
			rc = err_set(e, ERR_USAGE,
			             "-f %s: one definition is needed, and there are %zu", file,
			             d.count);
	}
	if (rc == 0) {
		*ret = file ? json_copy(d.items[0].definition) : definition_part(document);
		rc = *ret ? 0 : err_no_memory(e);
	}
	definitions_finish(&d);
	return rc;
}

static int by_options(struct connection *c, const struct json *document, struct json **ret,
                      struct err *e)
{
	const struct cli *cli = c->cli;
	struct json *base = NULL, *types = NULL, *definition = NULL;
	const struct json *schema = NULL;

	int rc = read_base(c, document, &base, e);
	if (rc == 0 && (cli_has(cli, "set") || cli_has(cli, "secret")))
		rc = connection_schema(c, connection_text(base, "type"), &types, &schema, e);
	if (rc == 0)
		rc = draft_change(cli, base, schema, &definition, e);
	if (rc == 0)
		rc = edit_save(c, definition, connection_text(document, "revision"), ret, e);
	json_free(types);
	json_free(base);
	return rc;
}

static int by_editor(struct connection *c, const struct json *document, struct json **ret,
                     struct err *e)
{
	if (cli_has(c->cli, "no-input") ||
	    (!isatty(STDIN_FILENO) && !getenv("VISUAL") && !getenv("EDITOR")))
		return err_set(e, ERR_USAGE,
		               "no editor can be used here: say what to change, by --set, --header "
		               "or -f FILE");
	return edit_session(c, document, ret, e);
}

static void show_saved(const struct cli *cli, const struct json *document, struct buf *b)
{
	const struct json *inner = json_get(document, "change");

	connection_show_done(cli_has(cli, "dry-run") ? "could be saved" : "saved", document, b);
	changes_show(json_get(inner ? inner : document, "changes"), "  ", b);
}

/* What runs is not what was saved, unless it was deployed with it. */
static void say_next(const struct cli *cli, const struct json *document)
{
	const struct json *deployments = json_get(document, "deployments");

	if (cli_has(cli, "quiet") || cli_has(cli, "dry-run"))
		return;
	for (size_t i = 0; i < json_count(deployments); i++) {
		const struct json *d = json_at(deployments, i);
		if (json_kind(json_get(d, "current")) != JSON_BOOL ||
		    json_as_bool(json_get(d, "current")))
			continue;
		fprintf(stderr,
		        "linkspan: in %s number %lld still runs; next: linkspan connection deploy "
		        "'%s' --env %s\n",
		        connection_text(d, "environment"),
		        (long long)json_as_int(json_get(d, "number")),
		        connection_text(document, "name"), connection_text(d, "environment"));
	}
}

int cmd_connection_edit(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {connection_columns, "name", NULL, show_saved};
	bool options = draft_is_given(cli) || cli_has(cli, "file");
	struct json *document = NULL, *answer = NULL;
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = connection_get(&c, &document, e);
	if (rc == 0)
		rc = options ? by_options(&c, document, &answer, e)
		             : by_editor(&c, document, &answer, e);
	connection_close(&c);
	json_free(document);
	if (rc < 0)
		return rc;
	if (!answer) {
		if (!cli_has(cli, "quiet"))
			fputs("linkspan: nothing was changed\n", stderr);
		return 0;
	}
	if (!cli_has(cli, "quiet"))
		draft_warn(cli, answer);
	say_next(cli, answer);
	return output_show(cli, &shape, answer, e);
}
