/* linkspan secret: the secrets that the host keeps itself, and whether one can be had. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "conf/secret.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/confirm.h"
#include "linkspan/output.h"
#include "linkspan/problem.h"
#include "linkspan/route.h"
#include "json/json.h"

#define SECRETS  "/api/v1/secrets"
#define PROVIDER "local/"

/* As it is called in a reference, or alone. */
static const char *plain_name(const char *word)
{
	size_t bytes = strlen(PROVIDER);

	return strncmp(word, PROVIDER, bytes) == 0 ? word + bytes : word;
}

static void write_target(struct buf *b, const struct cli *cli, const char *word)
{
	buf_add_str(b, SECRETS "/local/");
	route_name(b, plain_name(word));
	route_query(b, "dry_run", cli_has(cli, "dry-run") ? "true" : NULL);
}

/*
 * Setting
 */

/* One line, which nobody sees. */
static int type_it(const struct cli *cli, struct buf *text, struct err *e)
{
	struct termios before, silent;
	char c;
	ssize_t got;

	if (cli_has(cli, "no-input") || tcgetattr(STDIN_FILENO, &before) < 0)
		return err_set(e, ERR_USAGE,
		               "the secret comes from standard input, or from --file FILE");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fprintf(stderr, "Secret: ");
	do {
		got = read(STDIN_FILENO, &c, 1);
		if (got == 1)
			buf_add_char(text, c);
	} while ((got == 1 && c != '\n') || (got < 0 && errno == EINTR));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fprintf(stderr, "\n");
	return 0;
}

static int read_it(const struct cli *cli, struct buf *text, struct err *e)
{
	const char *path = cli_option(cli, "file");
	bool standard = !path || strcmp(path, "-") == 0;

	if (standard && isatty(STDIN_FILENO))
		return type_it(cli, text, e);
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "--file %s",
		                     path);
	int rc = file_read(fd, text);
	if (rc < 0)
		err_set_errno(e, rc, "%s", standard ? "standard input" : path);
	if (!standard)
		close(fd);
	return rc;
}

/* Editors and `echo` end a file with a newline that nobody means. */
static int take_text(const struct cli *cli, struct buf *text, struct err *e)
{
	int rc = read_it(cli, text, e);

	if (rc == 0 && buf_failed(text) == BUF_NO_MEMORY)
		rc = err_no_memory(e);
	else if (rc == 0 && buf_failed(text))
		rc = err_set(e, ERR_INVALID, "the secret is longer than %d bytes",
		             SECRET_MAX_BYTES);
	if (rc == 0 && text->len_bytes > 0 && text->data[text->len_bytes - 1] == '\n')
		buf_cut(text, text->len_bytes - 1);
	return rc;
}

static int put(struct client *c, const char *target, const struct buf *text, struct err *e)
{
	const struct fetch_header header = {"Content-Type", "application/octet-stream"};
	const struct fetch_request request = {
		.method = "PUT",
		.target = target,
		.headers = &header,
		.header_count = 1,
		.body = buf_str(text),
		.body_bytes = text->len_bytes,
		.timeout_ms = c->timeout_ms,
	};

	int rc = client_run(c, &request, e);
	if (rc == 0 && (c->reply.status < 200 || c->reply.status > 299))
		rc = problem_error(&c->reply, e);
	return rc;
}

int cmd_secret_set(struct cli *cli, struct err *e)
{
	struct buf text, target;
	struct client c;

	buf_init(&target, BUF_MAX_LINE);
	/* One more for the newline that is taken off. */
	buf_init(&text, SECRET_MAX_BYTES + 1);
	write_target(&target, cli, cli->args[0]);
	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = take_text(cli, &text, e);
	if (rc == 0)
		rc = put(&c, buf_str(&target), &text, e);
	client_close(&c);
	buf_wipe(&text);
	buf_finish(&text);
	buf_finish(&target);
	if (rc == 0 && !cli_has(cli, "quiet"))
		printf(PROVIDER "%s: %s\n", plain_name(cli->args[0]),
		       cli_has(cli, "dry-run") ? "can be set" : "set");
	return rc;
}

/*
 * Deleting
 */

int cmd_secret_delete(struct cli *cli, struct err *e)
{
	bool dry_run = cli_has(cli, "dry-run");
	struct buf target;
	struct client c;

	buf_init(&target, BUF_MAX_LINE);
	int rc = client_open(&c, cli, e);
	if (rc == 0 && !dry_run)
		rc = confirm(cli, e, "Delete %zu secret%s for good?", cli->arg_count,
		             cli->arg_count == 1 ? "" : "s");
	for (size_t i = 0; i < cli->arg_count && rc == 0; i++) {
		buf_clear(&target);
		write_target(&target, cli, cli->args[i]);
		rc = client_delete(&c, buf_str(&target), e);
		if (rc == 0 && !cli_has(cli, "quiet"))
			printf(PROVIDER "%s: %s\n", plain_name(cli->args[i]),
			       dry_run ? "can be deleted" : "deleted");
		else if (rc < 0 && i > 0)
			err_prefix(e, "%zu deleted, then", i);
	}
	client_close(&c);
	buf_finish(&target);
	return rc;
}

/*
 * Looking
 */

static const struct list_column list_columns[] = {
	{"NAME", "name", LIST_TEXT, false},
	{"CHANGED", "changed", LIST_AGE, false},
	{"USED BY", "used_by", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

int cmd_secret_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {list_columns, "name", "items", NULL};
	struct json *answer = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = client_get(&c, SECRETS, &answer, e);
	client_close(&c);
	return rc < 0 ? rc : output_show(cli, &shape, answer, e);
}

/* As people copy it out of a definition. */
static struct json *reference_json(const char *word)
{
	static const char before[] = "${secret:";
	size_t bytes = strlen(word);

	if (strncmp(word, before, sizeof(before) - 1) == 0 && word[bytes - 1] == '}')
		return json_string_bytes(word + sizeof(before) - 1, bytes - sizeof(before));
	return json_string(word);
}

/* word NULL: each that is named. */
static int check_one(struct client *c, const char *word, struct json *items, struct err *e)
{
	struct json *body = json_object(), *answer = NULL;
	int rc = 0;

	if (word)
		json_set(body, "reference", reference_json(word));
	rc = client_post(c, SECRETS ":check", body, &answer, e);
	const struct json *found = json_get(answer, "items");
	for (size_t i = 0; i < json_count(found) && rc == 0; i++)
		if (json_push(items, json_copy(json_at(found, i))) < 0)
			rc = err_no_memory(e);
	json_free(answer);
	return rc;
}

static bool all_ok(const struct json *items)
{
	for (size_t i = 0; i < json_count(items); i++)
		if (!json_as_bool(json_get(json_at(items, i), "ok")))
			return false;
	return true;
}

static const struct list_column check_columns[] = {
	{"REFERENCE", "reference", LIST_TEXT, false},
	{"OK", "ok", LIST_TEXT, false},
	{"REASON", "reason", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

int cmd_secret_check(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {check_columns, "reference", "items", NULL};
	struct json *items = json_array(), *document = json_object();
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0 && cli->arg_count == 0)
		rc = check_one(&c, NULL, items, e);
	for (size_t i = 0; i < cli->arg_count && rc == 0; i++)
		rc = check_one(&c, cli->args[i], items, e);
	client_close(&c);
	cli->exit_status = all_ok(items) ? 0 : 1;
	json_set(document, "items", items);
	if (rc == 0)
		return output_show(cli, &shape, document, e);
	json_free(document);
	return rc;
}
