/* What a command shows. */
#include "linkspan/output.h"

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/session.h"
#include "json/json.h"

static int show_text(const struct cli *cli, const struct output_shape *shape,
                     const struct json *document, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT * 4);
	shape->text(cli, document, &text);
	return print_and_finish(&text, e);
}

/* The document as the one item of a list; takes it. */
static int show_alone(const struct cli *cli, const struct output_shape *shape,
                      struct json *document, struct err *e)
{
	struct json *items = json_array();
	int rc = json_push(items, document) < 0 ? err_no_memory(e) : 0;

	if (rc == 0)
		rc = list_show(cli, shape->columns, shape->name, items, e);
	json_free(items);
	return rc;
}

int output_show(const struct cli *cli, const struct output_shape *shape, struct json *document,
                struct err *e)
{
	int rc = 0;

	if (!document)
		return err_no_memory(e);
	if (!cli_has(cli, "quiet")) {
		if (cli->output == OUTPUT_JSON)
			return print_json(document, e);
		if (cli->output == OUTPUT_TEXT && shape->text)
			rc = show_text(cli, shape, document, e);
		else if (!shape->items)
			return show_alone(cli, shape, document, e);
		else
			rc = list_show(cli, shape->columns, shape->name,
			               json_get(document, shape->items), e);
	}
	json_free(document);
	return rc;
}
