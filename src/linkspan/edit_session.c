/* Editing a definition as text. */
#include "linkspan/edit_session.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "linkspan/changes_show.h"
#include "linkspan/command.h"
#include "linkspan/confirm.h"
#include "linkspan/connection.h"
#include "linkspan/definition_files.h"
#include "linkspan/definition_text.h"
#include "linkspan/editor.h"
#include "linkspan/problem.h"
#include "schema/report.h"
#include "json/json.h"

/* Lines with faults, which stand before the text only until it is read again. */
#define FAULT_MARK "#! "

enum { NAME_BYTES = 160, ROUNDS_ALONE = 10 };

struct text_edit {
	struct connection *connection;
	const struct json *document;
	struct editor editor;
	struct buf text;     /* without the lines of faults */
	struct json *faults; /* [{"pointer", "detail"}] that the host found; NULL: none */
	bool is_faulty;      /* as it was when it was looked at last */
};

/*
 * Saving
 */

/* What the problem says about the newer one. */
static void show_stale(const struct connection *c)
{
	struct json *problem = problem_read(&c->client.reply);
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	buf_printf(&text, "%s was changed meanwhile:\n", c->name);
	changes_show(json_get(problem, "changes"), "  ", &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
	json_free(problem);
}

static int save(struct connection *c, const struct json *definition, const char *revision,
                bool discards, bool dry_run, struct json **ret, struct err *e)
{
	const struct connection_call call = {
		.method = "PUT",
		.verb = "",
		.if_match = revision,
		.query = discards ? "comments=discard" : NULL,
		.dry_run = dry_run,
	};
	struct json *copy = json_copy(definition);

	return copy ? connection_ask(c, &call, copy, ret, e) : err_no_memory(e);
}

/* As save(), with a question about comments. */
static int save_asking(struct connection *c, const struct json *definition, const char *revision,
                       bool *discards, bool dry_run, struct json **ret, struct err *e)
{
	char code[PROBLEM_CODE_BYTES];
	struct err why = {0};

	int rc = save(c, definition, revision, *discards, dry_run, ret, &why);
	if (rc == 0)
		return 0;
	problem_read_code(&c->client.reply, code);
	if (rc == ERR_CONFLICT && strcmp(code, "comments_lost") == 0 && !*discards) {
		rc = confirm(c->cli, e,
		             "Comments in the file of %s would be lost, but for those at its "
		             "beginning. Save it nonetheless?",
		             c->name);
		if (rc < 0)
			return rc;
		*discards = true;
		return save(c, definition, revision, true, dry_run, ret, e);
	}
	if (rc == ERR_CONFLICT && strcmp(code, "stale") == 0)
		show_stale(c);
	return err_set(e, rc, "%s", why.text);
}

int edit_save(struct connection *c, struct json *definition, const char *revision,
              struct json **ret, struct err *e)
{
	bool discards = cli_has(c->cli, "discard-comments");

	int rc =
		save_asking(c, definition, revision, &discards, cli_has(c->cli, "dry-run"), ret, e);
	json_free(definition);
	return rc;
}

/*
 * The text
 */

static int begin(struct text_edit *t, struct err *e)
{
	const struct json *secrets = json_get(t->document, "secrets");
	char revision[CONNECTION_REVISION_BYTES];
	struct buf head;

	buf_init(&head, BUF_MAX_LINE);
	buf_printf(
		&head,
		"# %s in %s, revision %s.\n# It is saved when the editor ends, and checked first; "
		"a text that was not changed changes nothing.\n",
		t->connection->name, t->connection->project,
		connection_revision(t->document, revision));
	for (size_t i = 0; i < json_count(secrets); i++)
		buf_printf(&head, "# Not shown, and kept unless something else is written: %s\n",
		           json_as_string(json_at(secrets, i)));
	buf_add_char(&head, '\n');
	int rc = buf_failed(&head) ? err_no_memory(e)
	                           : definition_text(t->document, buf_str(&head), &t->text, e);
	buf_finish(&head);
	return rc;
}

static void without_faults(const struct buf *text, struct buf *ret)
{
	const char *at = buf_str(text);

	while (strncmp(at, FAULT_MARK, sizeof(FAULT_MARK) - 1) == 0) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	buf_add_str(ret, at);
}

/* Reads the text as it is behind so many lines of faults, which are added to; the definition, where there
 * are none. */
static int read_behind(const struct text_edit *t, size_t lines, struct buf *faults,
                       struct json **ret, struct err *e)
{
	struct definition_source source = {.file = t->editor.name};
	struct report report;
	struct arena arena;
	struct buf text;

	arena_init(&arena);
	report_init(&report);
	buf_init(&text, BUF_MAX_TEXT);
	for (size_t i = 0; i < lines; i++)
		buf_add_char(&text, '\n');
	buf_add(&text, buf_str(&t->text), t->text.len_bytes);
	int rc = buf_failed(&text)
	                 ? ERR_NO_MEMORY
	                 : definition_parse(&arena, source.file, buf_str(&text), text.len_bytes,
	                                    &report, &source.definition, &source.group);
	if (rc == ERR_INVALID)
		report_print(&report, faults);
	for (size_t i = 0; rc == 0 && i < json_count(t->faults); i++) {
		const struct json *fault = json_at(t->faults, i);
		if (problem_is_repeated(t->faults, i))
			continue;
		definitions_fault(&source, connection_text(fault, "pointer"),
		                  connection_text(fault, "detail"), faults);
	}
	if (rc == ERR_NO_MEMORY)
		err_no_memory(e);
	if (rc == 0 && ret)
		*ret = source.definition;
	else
		json_free(source.definition);
	buf_finish(&text);
	report_finish(&report);
	arena_finish(&arena);
	return rc;
}

static size_t count_lines(const struct buf *text)
{
	size_t count = 0;

	for (const char *at = buf_str(text); (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

/* The text as the editor gets it: the faults first, whose line numbers are those of the whole. */
static int compose(const struct text_edit *t, struct buf *ret, struct err *e)
{
	struct buf faults;

	buf_init(&faults, BUF_MAX_TEXT);
	int rc = read_behind(t, 0, &faults, NULL, e);
	size_t lines = count_lines(&faults);
	if (rc != ERR_NO_MEMORY && lines > 0) {
		buf_clear(&faults);
		rc = read_behind(t, lines, &faults, NULL, e);
	}
	buf_clear(ret);
	for (const char *at = buf_str(&faults); *at;) {
		size_t bytes = strcspn(at, "\n") + 1;
		buf_add_str(ret, FAULT_MARK);
		buf_add(ret, at, bytes);
		at += bytes;
	}
	buf_add(ret, buf_str(&t->text), t->text.len_bytes);
	buf_finish(&faults);
	if (rc == ERR_NO_MEMORY || buf_failed(ret))
		return err_no_memory(e);
	return 0;
}

/*
 * The rounds
 */

/* Lets the editor work; *ret_same: nothing was changed. */
static int edit(struct text_edit *t, bool *ret_same, struct err *e)
{
	struct buf before, after;

	buf_init(&before, BUF_MAX_TEXT);
	buf_init(&after, BUF_MAX_TEXT);
	int rc = compose(t, &before, e);
	if (rc == 0) {
		buf_add(&after, buf_str(&before), before.len_bytes);
		rc = buf_failed(&after) ? err_no_memory(e) : editor_edit(&t->editor, &after, e);
	}
	if (rc == 0) {
		buf_clear(&before);
		without_faults(&after, &before);
		*ret_same = strcmp(buf_str(&before), buf_str(&t->text)) == 0;
		buf_clear(&t->text);
		buf_add(&t->text, buf_str(&before), before.len_bytes);
		rc = buf_failed(&before) || buf_failed(&t->text) ? err_no_memory(e) : 0;
	}
	buf_finish(&before);
	buf_finish(&after);
	return rc;
}

/* Asks the host, first whether it would, then to do it.  ERR_INVALID with t->faults: look again. */
static int try_to_save(struct text_edit *t, const struct json *definition, struct json **ret,
                       struct err *e)
{
	struct connection *c = t->connection;
	const char *revision = connection_text(t->document, "revision");
	bool discards = cli_has(c->cli, "discard-comments");
	struct json *checked = NULL;

	c->keeps_faults = true;
	int rc = save_asking(c, definition, revision, &discards, true, &checked, e);
	if (rc == ERR_INVALID) {
		struct json *problem = problem_read(&c->client.reply);
		t->faults = json_copy(json_get(problem, "errors"));
		json_free(problem);
	}
	if (rc == 0 && cli_has(c->cli, "dry-run"))
		*ret = checked;
	else
		json_free(checked);
	if (rc < 0 || cli_has(c->cli, "dry-run"))
		return rc;
	return save_asking(c, definition, revision, &discards, false, ret, e);
}

/* 0: it is over: saved, or left as it was.  ERR_INVALID with t->is_faulty: it has to be looked at again. */
static int round_of(struct text_edit *t, bool *ret_same, struct json **ret, struct err *e)
{
	struct json *definition = NULL;
	struct buf unused;

	int rc = edit(t, ret_same, e);
	if (rc < 0 || *ret_same)
		return rc;
	json_free(t->faults);
	t->faults = NULL;
	buf_init(&unused, BUF_MAX_TEXT);
	rc = read_behind(t, 0, &unused, &definition, e);
	t->is_faulty = rc == ERR_INVALID;
	buf_finish(&unused);
	if (rc == 0) {
		rc = try_to_save(t, definition, ret, e);
		t->is_faulty = rc == ERR_INVALID && json_count(t->faults) > 0;
	}
	json_free(definition);
	return rc;
}

/* Whoever leaves a text with faults as it is has given up; an editor that nobody sits at could go on for
 * ever. */
static int rounds(struct text_edit *t, struct json **ret, struct err *e)
{
	unsigned most = isatty(STDIN_FILENO) ? UINT_MAX : ROUNDS_ALONE;
	bool same = false;

	for (unsigned i = 0; i < most; i++) {
		struct err why = {0};
		int rc = round_of(t, &same, ret, &why);
		if (rc == 0 && same && t->is_faulty)
			return err_set(e, ERR_INVALID, "the text still has faults");
		if (rc == 0 || !(rc == ERR_INVALID && t->is_faulty))
			return rc < 0 ? err_set(e, rc, "%s", why.text) : 0;
	}
	return err_set(e, ERR_INVALID, "the text has faults each time");
}

int edit_session(struct connection *c, const struct json *document, struct json **ret,
                 struct err *e)
{
	char name[NAME_BYTES];
	struct text_edit t = {.connection = c, .document = document};
	struct err why = {0};

	snprintf(name, sizeof(name), "%s.conf", c->name);
	t.editor.name = name;
	buf_init(&t.text, BUF_MAX_TEXT);
	*ret = NULL;
	int rc = begin(&t, &why);
	if (rc == 0)
		rc = rounds(&t, ret, &why);
	if (rc == 0)
		editor_discard(&t.editor);
	else if (t.editor.file)
		err_set(e, rc, "%s; nothing was saved, and the text is in %s", why.text,
		        t.editor.file);
	else
		err_set(e, rc, "%s", why.text);
	editor_finish(&t.editor);
	json_free(t.faults);
	buf_finish(&t.text);
	return rc;
}
