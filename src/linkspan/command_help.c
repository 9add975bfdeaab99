/* Help, the manual page's command reference, and the table as a document. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/command.h"
#include "json/json.h"

static void help_options(const struct option_row *rows, struct buf *b)
{
	for (; rows->name; rows++) {
		char left[64];
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", rows->letter ? "-" : " ",
		         rows->letter ? rows->letter : ' ', rows->letter ? ", " : "  ", rows->name,
		         rows->arg ? " " : "", rows->arg ? rows->arg : "");
		buf_printf(b, "  %-30s %s\n", left, rows->help);
	}
}

static void help_line(const struct command *c, struct buf *b)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%s%s %s", c->noun, c->verb ? " " : "",
	         c->verb ? c->verb : "", c->args);
	buf_printf(b, "  %-30s %s\n", left, c->summary);
}

/* Text goes without saying. */
static void help_outputs(const struct command *c, struct buf *b)
{
	if (c->outputs == OUTPUTS_TEXT)
		return;
	buf_add_str(b, "\noutput formats: ");
	for (size_t i = 0, n = 0; i < OUTPUT_COUNT; i++)
		if (c->outputs & 1u << i)
			buf_printf(b, "%s%s", n++ ? ", " : "", output_names[i]);
	buf_add_char(b, '\n');
}

void command_help(const struct command *c, struct buf *b)
{
	if (!c) {
		buf_add_str(b, "usage: linkspan [OPTION]… COMMAND [ARGUMENT]…\n\ncommands:\n");
		for (size_t i = 0; i < command_count; i++)
			help_line(&commands[i], b);
	} else {
		buf_printf(b, "usage: linkspan %s%s%s [OPTION]… %s\n\n%s\n", c->noun,
		           c->verb ? " " : "", c->verb ? c->verb : "", c->args, c->summary);
		if (c->detail)
			buf_printf(b, "%s\n", c->detail);
		if (c->options->name) {
			buf_add_str(b, "\noptions:\n");
			help_options(c->options, b);
		}
		help_outputs(c, b);
	}
	buf_add_str(b, "\noptions of every command:\n");
	help_options(global_options, b);
}

bool command_help_noun(const char *noun, struct buf *b)
{
	bool found = false;

	for (size_t i = 0; i < command_count; i++) {
		if (strcmp(commands[i].noun, noun) != 0)
			continue;
		if (!found)
			buf_printf(b,
			           "usage: linkspan %s VERB [OPTION]… [ARGUMENT]…\n\ncommands:\n",
			           noun);
		help_line(&commands[i], b);
		found = true;
	}
	return found;
}

static void manual_options(const struct option_row *rows, struct buf *b)
{
	for (; rows->name; rows++) {
		if (rows->letter)
			buf_printf(b, "*-%c*, ", rows->letter);
		buf_printf(b, "*--%s*", rows->name);
		if (rows->arg)
			buf_printf(b, " _%s_", rows->arg);
		buf_printf(b, "\n\t%s\n\n", rows->help);
	}
}

/* "*linkspan connection list* [_OPTION_]... _NAME_": underscores in scdoc may not touch a word, so
 * the arguments are taken over as they are. */
static void manual_synopsis(struct buf *b)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		buf_printf(b, "*linkspan %s%s%s* [_OPTION_]...%s%s%s\n", c->noun,
		           c->verb ? " " : "", c->verb ? c->verb : "", c->args[0] ? " " : "",
		           c->args, i + 1 < command_count ? "++" : "");
	}
}

void command_manual(struct buf *b)
{
	buf_add_str(b, "# SYNOPSIS\n\n");
	manual_synopsis(b);
	buf_add_str(b, "\n# OPTIONS OF EVERY COMMAND\n\n");
	manual_options(global_options, b);
	buf_add_str(b, "# COMMANDS\n\n");
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		buf_printf(b, "## linkspan %s%s%s %s\n\n%s.", c->noun, c->verb ? " " : "",
		           c->verb ? c->verb : "", c->args, c->summary);
		buf_printf(b, "%s%s\n\n", c->detail ? " " : "", c->detail ? c->detail : "");
		manual_options(c->options, b);
	}
}

static struct json *options_json(const struct option_row *rows)
{
	struct json *list = json_array();

	for (; rows->name; rows++) {
		const char letter[2] = {rows->letter, '\0'};
		struct json *object = json_object();
		json_set(object, "name", json_string(rows->name));
		json_set(object, "letter", rows->letter ? json_string(letter) : json_null());
		json_set(object, "argument", json_string_or_null(rows->arg));
		json_set(object, "help", json_string(rows->help));
		json_push(list, object);
	}
	return list;
}

static struct json *one_json(const struct command *c)
{
	struct json *object = json_object(), *outputs = json_array();
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
	for (size_t i = 0; i < OUTPUT_COUNT; i++)
		if (c->outputs & 1u << i)
			json_push(outputs, json_string(output_names[i]));
	json_set(object, "name", json_string(name));
	json_set(object, "arguments", json_string(c->args));
	json_set(object, "summary", json_string(c->summary));
	json_set(object, "outputs", outputs);
	json_set(object, "options", options_json(c->options));
	return object;
}

struct json *command_json(void)
{
	struct json *document = json_object(), *items = json_array();

	for (size_t i = 0; i < command_count; i++)
		json_push(items, one_json(&commands[i]));
	json_set(document, "items", items);
	if (json_set(document, "options", options_json(global_options)) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}
