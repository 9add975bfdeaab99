/* The script of answers: "503x2,200". */
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "linkspan/listen.h"

/* A decimal number of at most 9 digits at *at, which moves behind it. */
static bool read_number(const char **at, unsigned *ret)
{
	const size_t digits = strspn(*at, "0123456789");
	unsigned value = 0;

	if (digits == 0 || digits > 9)
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (unsigned)((*at)[i] - '0');
	*at += digits;
	*ret = value;
	return true;
}

static bool read_step(const char **at, struct listen_step *ret)
{
	ret->count = 1;
	if (!read_number(at, &ret->status) || ret->status < 200 || ret->status > 599)
		return false;
	if (**at != 'x')
		return true;
	(*at)++;
	return read_number(at, &ret->count) && ret->count > 0;
}

int listen_parse_script(const char *text, struct listen_script *ret, struct err *e)
{
	struct listen_script script = {.count = 0};
	const char *at = text;

	for (;;) {
		const char *step = at;

		if (script.count == LISTEN_STEPS_MAX)
			return err_set(e, ERR_USAGE, "\"%s\" has more than %d steps", text,
			               LISTEN_STEPS_MAX);
		if (!read_step(&at, &script.steps[script.count++]) || (*at && *at != ','))
			return err_set(
				e, ERR_USAGE,
				"\"%.*s\" is not an answer; write statuses from 200 to 599 with "
				"an optional count, such as 503x2,200",
				(int)strcspn(step, ","), step);
		if (!*at)
			break;
		at++;
	}
	*ret = script;
	return 0;
}

unsigned listen_script_status(const struct listen_script *script, uint64_t request)
{
	for (size_t i = 0; i < script->count; i++) {
		if (request < script->steps[i].count)
			return script->steps[i].status;
		request -= script->steps[i].count;
	}
	return script->count > 0 ? script->steps[script->count - 1].status : 200;
}
