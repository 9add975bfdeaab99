/* linkspan connection export: connections and what they need, in a ZIP file. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/passphrase.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/output.h"
#include "linkspan/passphrase_file.h"
#include "linkspan/problem.h"
#include "json/json.h"

#define EXPORTS "/api/v1/exports"

enum { FILE_MODE = 0600 };

/* In the project, or else globally, as everywhere. */
static int add_name(const struct cli *cli, const char *name, struct json *list, struct err *e)
{
	struct json *item = json_object();
	struct connection c;

	int rc = connection_open(&c, cli, name, e);
	if (rc == 0)
		rc = connection_find(&c, e);
	if (rc == 0 && (json_set(item, "project", json_string(c.project)) < 0 ||
	                json_set(item, "name", json_string(c.name)) < 0))
		rc = err_no_memory(e);
	connection_close(&c);
	if (rc < 0) {
		json_free(item);
		return rc;
	}
	return json_push(list, item) < 0 ? err_no_memory(e) : 0;
}

static int make_body(const struct cli *cli, const char *passphrase, struct json **ret,
                     struct err *e)
{
	struct json *body = json_object(), *list = json_array();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < cli->arg_count; i++)
		rc = add_name(cli, cli->args[i], list, e);
	int set = json_set(body, "connections", list);
	set |= json_set(body, "dependencies", json_bool(!cli_has(cli, "no-dependencies")));
	if (passphrase)
		set |= json_set(body, "passphrase", json_string(passphrase));
	if (rc == 0 && set == 0) {
		*ret = body;
		return 0;
	}
	json_free(body);
	return rc < 0 ? rc : err_no_memory(e);
}

static int ask(struct client *c, struct json *body, struct err *e)
{
	static const struct fetch_header header = {"Content-Type", "application/json"};
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	int rc = json_write(body, 0, &text) < 0 ? err_no_memory(e) : 0;
	const struct fetch_request request = {
		.method = "POST",
		.target = EXPORTS,
		.headers = &header,
		.header_count = 1,
		.body = buf_str(&text),
		.body_bytes = text.len_bytes,
		.timeout_ms = c->timeout_ms,
	};
	if (rc == 0)
		rc = client_run(c, &request, e);
	if (rc == 0 && c->reply.status != 200)
		rc = problem_error(&c->reply, e);
	buf_wipe(&text);
	buf_finish(&text);
	return rc;
}

/* A name from outside must not lead to another folder. */
static const char *file_of(const struct cli *cli, const struct client *c)
{
	const char *given = cli_option(cli, "file"), *name = c->reply.file_name;

	if (given)
		return given;
	return name[0] && name[0] != '.' && !strchr(name, '/') ? name : "connection-export.zip";
}

static int write_file(const struct cli *cli, const char *path, const struct buf *bytes,
                      struct err *e)
{
	struct err why = {0};

	if (cli_has(cli, "force"))
		return file_replace(path, bytes->data, bytes->len_bytes, FILE_MODE, e);
	int rc = file_create(path, bytes->data, bytes->len_bytes, FILE_MODE, &why);
	if (rc == ERR_CONFLICT)
		return err_set(e, rc, "%s is there already; --force writes over it", path);
	return rc < 0 ? err_set(e, rc, "%s", why.text) : 0;
}

static int write_out(const struct buf *bytes, struct err *e)
{
	if (fwrite(bytes->data, 1, bytes->len_bytes, stdout) == bytes->len_bytes &&
	    fflush(stdout) == 0)
		return 0;
	return err_set_errno(e, ERR_IO, "standard output");
}

static void show_name(const struct cli *cli, const struct json *document, struct buf *b)
{
	(void)cli;
	buf_printf(b, "%s\n", connection_text(document, "file"));
}

static int show(const struct cli *cli, const char *path, const struct buf *bytes, bool sealed,
                struct err *e)
{
	static const struct list_column columns[] = {
		{"FILE", "file", LIST_TEXT, false},
		{"BYTES", "size_bytes", LIST_NUMBER, false},
		{"SEALED", "sealed", LIST_TEXT, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {columns, "file", NULL, show_name};
	struct json *document = json_object();

	if (json_set(document, "file", json_string(path)) < 0 ||
	    json_set(document, "size_bytes", json_int((int64_t)bytes->len_bytes)) < 0 ||
	    json_set(document, "sealed", json_bool(sealed)) < 0) {
		json_free(document);
		return err_no_memory(e);
	}
	return output_show(cli, &shape, document, e);
}

static int save(const struct cli *cli, const struct client *c, bool sealed, struct err *e)
{
	const char *path = file_of(cli, c);

	if (strcmp(path, "-") == 0)
		return write_out(&c->reply.body, e);
	int rc = write_file(cli, path, &c->reply.body, e);
	return rc < 0 ? rc : show(cli, path, &c->reply.body, sealed, e);
}

int cmd_connection_export(struct cli *cli, struct err *e)
{
	const char *passphrase = NULL;
	struct json *body = NULL;
	struct client c;
	struct buf text;

	buf_init(&text, PASSPHRASE_MOST);
	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = passphrase_file_read(cli, &text, &passphrase, e);
	if (rc == 0)
		rc = make_body(cli, passphrase, &body, e);
	if (rc == 0)
		rc = ask(&c, body, e);
	if (rc == 0)
		rc = save(cli, &c, passphrase != NULL, e);
	json_free(body);
	buf_wipe(&text);
	buf_finish(&text);
	client_close(&c);
	return rc;
}
