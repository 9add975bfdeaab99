/* Colours of states. */
#include "linkspan/colour.h"

#include <stddef.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/command.h"

#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RED    "\033[31m"
#define RESET  "\033[0m"

static const struct state_row {
	const char *state, *colour;
} states[] = {
	{"idle", GREEN},        {"sending", GREEN},
	{"done", GREEN},        {"ok", GREEN},
	{"waiting", YELLOW},    {"leased", YELLOW},
	{"disabled", YELLOW},   {"paused", YELLOW},
	{"undeployed", YELLOW}, {"breaker_half_open", YELLOW},
	{"cancelled", YELLOW},  {"warn", YELLOW},
	{"warning", YELLOW},    {"blocked", RED},
	{"breaker_open", RED},  {"dead", RED},
	{"quarantined", RED},   {"fail", RED},
	{"error", RED},
};

bool colour_wanted(const struct cli *cli)
{
	const char *when = cli_option(cli, "color");
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	if ((no && no[0]) || (term && strcmp(term, "dumb") == 0))
		return false;
	return isatty(STDOUT_FILENO);
}

const char *colour_of_state(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].state, state) == 0)
			return states[i].colour;
	return NULL;
}

void colour_state(bool wanted, const char *state, int width, struct buf *b)
{
	const char *colour = wanted ? colour_of_state(state) : NULL;
	int length = (int)strlen(state);

	buf_printf(b, "%s%s%s%*s", colour ? colour : "", state, colour ? RESET : "",
	           width > length ? width - length : 0, "");
}
