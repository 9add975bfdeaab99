/* What the standalone commands share. */
#include "linkspan/session.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "transform/transform.h"
#include "json/json.h"

const char *config_path(const struct cli *cli)
{
	const char *given = cli_option(cli, "config");

	if (!given)
		given = getenv("LINKSPAN_CONFIG");
	return given && given[0] ? given : LINKSPAN_CONFIG;
}

bool config_is_here(const struct cli *cli)
{
	return cli_option(cli, "config") || (!cli_option(cli, "socket") && !cli_option(cli, "url"));
}

void session_init(struct session *s)
{
	*s = (struct session){0};
	report_init(&s->report);
	plugins_init(&s->plugins);
}

int session_read(struct session *s, const struct cli *cli, struct err *e)
{
	const char *path = config_path(cli);

	session_init(s);
	if (!config_is_here(cli))
		return err_set(e, ERR_USAGE,
		               "this needs the files of the host: say --config, or a context that "
		               "has one");
	int rc = conf_load(&s->conf, path, &s->report);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	if (s->conf.host.file)
		return 0;
	int code = rc == ERR_IO ? ERR_NOT_FOUND : ERR_INVALID;
	return e ? report_refuse(&s->report, code, path, e) : code;
}

int session_open(struct session *s, const struct cli *cli, struct err *e)
{
	int rc = session_read(s, cli, e);

	return rc < 0 ? rc : plugins_load(&s->plugins, s->conf.host.plugins, &s->report, e);
}

int session_transforms(struct session *s, struct transforms **ret, struct err *e)
{
	int rc = s->transforms ? 0 : transforms_create(NULL, &s->transforms, e);

	*ret = s->transforms;
	return rc;
}

void session_finish(struct session *s)
{
	transforms_destroy(s->transforms);
	plugins_finish(&s->plugins);
	conf_finish(&s->conf);
	report_finish(&s->report);
}

static void print_report(const struct report *report)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	report_print(report, &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
}

int report_refuse(const struct report *report, int code, const char *path, struct err *e)
{
	print_report(report);
	return err_set(e, code, "no host can be read from %s", path);
}

int session_verdict(struct session *s, struct err *e)
{
	print_report(&s->report);
	if (s->report.out_of_memory)
		return err_no_memory(e);
	if (s->report.errors > 0)
		return err_set(e, ERR_INVALID, "%zu error%s, %zu warning%s", s->report.errors,
		               s->report.errors == 1 ? "" : "s", s->report.warnings,
		               s->report.warnings == 1 ? "" : "s");
	return 0;
}

int print_and_finish(struct buf *text, struct err *e)
{
	int rc = 0;

	if (buf_failed(text))
		rc = err_no_memory(e);
	else if (fwrite(buf_str(text), 1, text->len_bytes, stdout) != text->len_bytes ||
	         fflush(stdout) != 0)
		rc = err_set_errno(e, ERR_IO, "cannot write to standard output");
	buf_finish(text);
	return rc;
}

int print_json(struct json *value, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	if (!value || json_write(value, JSON_PRETTY, &text) < 0) {
		buf_finish(&text);
		json_free(value);
		return err_no_memory(e);
	}
	json_free(value);
	buf_add_char(&text, '\n');
	return print_and_finish(&text, e);
}
