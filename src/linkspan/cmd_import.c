/* linkspan import: takes the connections of an export bundle in, whole or not at all. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/bundle/bundle.h"
#include "crypto/passphrase.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/confirm.h"
#include "linkspan/import_show.h"
#include "linkspan/output.h"
#include "linkspan/passphrase_file.h"
#include "linkspan/route.h"
#include "json/json.h"

#define IMPORTS "/api/v1/imports"

struct importing {
	const struct cli *cli;
	struct client client;
	struct buf zip;
	struct buf passphrase; /* percent-encoded, for a header; empty: there is none */
};

static int read_bundle(struct importing *im, struct err *e)
{
	const char *path = im->cli->args[0];
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(e, ERR_NOT_FOUND, "%s", path);
	int rc = file_read(fd, &im->zip);
	if (rc < 0)
		rc = err_set_errno(e, ERR_IO, "%s", path);
	if (!standard)
		close(fd);
	if (rc == 0 && buf_failed(&im->zip) == BUF_TOO_LONG)
		rc = err_set(e, ERR_INVALID, "%s is too large: a bundle has at most %d bytes", path,
		             BUNDLE_BYTES_MOST);
	if (rc == 0 && buf_failed(&im->zip))
		rc = err_no_memory(e);
	return rc;
}

static int read_passphrase(struct importing *im, struct err *e)
{
	const char *passphrase = NULL;
	struct buf text;

	buf_init(&text, PASSPHRASE_MOST);
	int rc = passphrase_file_read(im->cli, &text, &passphrase, e);
	if (rc == 0 && passphrase)
		route_name(&im->passphrase, passphrase);
	buf_wipe(&text);
	buf_finish(&text);
	if (rc == 0 && buf_failed(&im->passphrase))
		rc = err_no_memory(e);
	return rc;
}

static void make_target(const struct importing *im, bool dry_run, struct buf *target)
{
	const struct cli *cli = im->cli;

	buf_add_str(target, IMPORTS);
	route_query(target, "project", cli_option(cli, "project"));
	route_query(target, "on_conflict", cli_option(cli, "on-conflict"));
	if (cli_has(cli, "no-dependencies"))
		route_query(target, "dependencies", "false");
	if (cli_has(cli, "skip-environments"))
		route_query(target, "skip_environments", "true");
	if (dry_run)
		route_query(target, "dry_run", "true");
}

static int ask(struct importing *im, bool dry_run, struct json **ret, struct err *e)
{
	struct fetch_header headers[2] = {{"Content-Type", "application/zip"}};
	struct fetch_request request = {
		.method = "POST",
		.headers = headers,
		.header_count = 1,
		.body = buf_str(&im->zip),
		.body_bytes = im->zip.len_bytes,
		.timeout_ms = im->client.timeout_ms,
	};
	struct buf target;

	if (im->passphrase.len_bytes > 0)
		headers[request.header_count++] =
			(struct fetch_header){"Linkspan-Passphrase", buf_str(&im->passphrase)};
	buf_init(&target, BUF_MAX_LINE);
	make_target(im, dry_run, &target);
	request.target = buf_str(&target);
	int rc =
		buf_failed(&target) ? err_no_memory(e) : client_json(&im->client, &request, ret, e);
	buf_finish(&target);
	return rc;
}

/* The plan goes to whoever is asked. */
static int ask_user(const struct importing *im, const struct json *plan, struct err *e)
{
	size_t changes = import_count_changes(plan), files = import_count_files(plan);
	struct buf text;

	if (cli_has(im->cli, "yes"))
		return 0;
	buf_init(&text, BUF_MAX_TEXT);
	import_show_plan(im->cli, plan, &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
	if (changes == 0)
		return confirm(im->cli, e, "Write %zu file%s that %s missing?", files,
		               files == 1 ? "" : "s", files == 1 ? "is" : "are");
	return confirm(im->cli, e, "Import %zu connection%s?", changes, changes == 1 ? "" : "s");
}

static void show_to_errors(const struct importing *im, const struct json *plan)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	import_show_plan(im->cli, plan, &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
}

static int run(struct importing *im, struct json **ret, bool *ret_is_plan, struct err *e)
{
	struct json *plan = NULL;

	int rc = ask(im, true, &plan, e);
	bool ok = rc == 0 && json_as_bool(json_get(plan, "ok"));
	bool is_there = ok && import_count_changes(plan) + import_count_files(plan) == 0;
	*ret_is_plan = cli_has(im->cli, "plan") || is_there;
	if (rc == 0 && *ret_is_plan) {
		*ret = plan;
		return 0;
	}
	if (rc == 0 && !ok) {
		show_to_errors(im, plan);
		rc = err_set(e, ERR_CONFLICT,
		             "nothing was imported: something is in the way; see "
		             "--on-conflict, --skip-environments and "
		             "--no-dependencies");
	}
	if (rc == 0)
		rc = ask_user(im, plan, e);
	if (rc == 0)
		rc = ask(im, false, ret, e);
	json_free(plan);
	return rc;
}

int cmd_import(struct cli *cli, struct err *e)
{
	static const struct output_shape plan = {import_columns, "to_name", "items",
	                                         import_show_plan};
	static const struct output_shape done = {import_columns, "to_name", "items",
	                                         import_show_done};
	struct importing im = {.cli = cli};
	struct json *answer = NULL;
	bool is_plan = false;

	buf_init(&im.zip, BUNDLE_BYTES_MOST);
	buf_init(&im.passphrase, 3 * PASSPHRASE_MOST);
	int rc = client_open(&im.client, cli, e);
	if (rc == 0)
		rc = read_bundle(&im, e);
	if (rc == 0)
		rc = read_passphrase(&im, e);
	if (rc == 0)
		rc = run(&im, &answer, &is_plan, e);
	if (rc == 0) {
		if (!json_as_bool(json_get(answer, "ok")))
			cli->exit_status = err_exit_status(ERR_CONFLICT);
		rc = output_show(cli, is_plan ? &plan : &done, answer, e);
	}
	buf_wipe(&im.zip);
	buf_finish(&im.zip);
	buf_wipe(&im.passphrase);
	buf_finish(&im.passphrase);
	client_close(&im.client);
	return rc;
}
