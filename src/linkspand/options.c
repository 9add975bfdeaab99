/* The command line: one table, from which it is parsed and explained. */
#include "linkspand/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"

enum { CONFIG, CHECK, SET_ASIDE, ROUTES, LEVEL, FORMAT, METRICS, VERSION, HELP, OPTIONS };

static const struct {
	const char *name, *value, *help;
} table[OPTIONS] = {
	[CONFIG] = {"config", "FILE",
                    "the host's linkspan.conf; else $LINKSPAN_CONFIG, else " LINKSPAN_CONFIG},
	[CHECK] = {"check", NULL, "only check the configuration and all definitions"},
	[SET_ASIDE] = {"set-aside", NULL,
                       "only move a damaged store out of the way, and say where it is now"},
	[ROUTES] = {"routes", NULL,
                    "only print the routes of the API and whom they are for, as JSON"},
	[LEVEL] = {"log-level", "LEVEL", "error, warning, info (default) or debug"},
	[FORMAT] =
		{"log-format", "FORMAT",
                 "text, json, or auto (default): native fields where it is the journal, else text"},
	[METRICS] = {"metrics", NULL, "print the metrics that a host has, as a table in Markdown"},
	[VERSION] = {"version", NULL, "print the version"},
	[HELP] = {"help", NULL, "print this"},
};

static const char *const levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const formats[] = {"auto", "text", "json", NULL};

static int choose(int option, const char *word, const char *const *words, struct err *e)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return err_set(e, ERR_USAGE, "--%s does not take \"%s\"; see --help", table[option].name,
	               word);
}

static int take(struct options *o, int option, const char *value, struct err *e)
{
	bool *const flags[OPTIONS] = {
		[CHECK] = &o->check,     [SET_ASIDE] = &o->set_aside, [ROUTES] = &o->routes,
		[METRICS] = &o->metrics, [VERSION] = &o->version,     [HELP] = &o->help,
	};
	int choice = 0;

	if (flags[option]) {
		*flags[option] = true;
	} else if (option == CONFIG) {
		o->config = value;
	} else if (option == LEVEL) {
		choice = choose(option, value, levels, e);
		o->log_level = (enum log_level)choice;
	} else {
		choice = choose(option, value, formats, e);
		o->log_format = (enum options_format)choice;
	}
	return choice < 0 ? choice : 0;
}

static void set_defaults(struct options *o)
{
	const char *config = getenv("LINKSPAN_CONFIG");

	*o = (struct options){
		.config = config && config[0] ? config : LINKSPAN_CONFIG,
		.log_level = LOG_LEVEL_INFO,
		.log_format = OPTIONS_FORMAT_AUTO,
	};
}

int options_parse(struct options *o, int argc, char **argv, struct err *e)
{
	struct option rows[OPTIONS + 1] = {0};
	int option, rc = 0;

	for (int i = 0; i < OPTIONS; i++)
		rows[i] = (struct option){
			.name = table[i].name,
			.has_arg = table[i].value ? required_argument : no_argument,
			.val = i,
		};
	set_defaults(o);
	opterr = 0;
	optind = 0; /* getopt begins anew */
	while (rc == 0 && (option = getopt_long(argc, argv, ":", rows, NULL)) >= 0) {
		if (option == ':')
			return err_set(e, ERR_USAGE, "%s needs a value; see --help",
			               argv[optind - 1]);
		if (option == '?')
			return err_set(e, ERR_USAGE, "there is no option %s; see --help",
			               argv[optind - 1]);
		rc = take(o, option, optarg, e);
	}
	if (rc == 0 && optind < argc)
		return err_set(e, ERR_USAGE, "\"%s\" is not understood; see --help", argv[optind]);
	return rc;
}

void options_help(struct buf *text)
{
	buf_add_str(text, "linkspand: the Linkspan host\n\nUsage: linkspand [OPTION…]\n\n");
	for (int i = 0; i < OPTIONS; i++) {
		const char *value = table[i].value ? table[i].value : "";
		int width = 24 - (int)(strlen(table[i].name) + strlen(value));
		buf_printf(text, "  --%s %s%*s%s\n", table[i].name, value, width > 1 ? width : 1,
		           "", table[i].help);
	}
}
