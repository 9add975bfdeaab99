/* Which deliveries a command means. */
#include "linkspan/delivery_filter.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/moment.h"
#include "linkspan/route.h"
#include "json/json.h"

static const struct filter_row {
	const char *option;
	const char *parameter;
	bool is_moment;
} filters[] = {
	{"state", "state", false},     {"connection", "connection", false},
	{"env", "environment", false}, {"project", "project", false},
	{"since", "since", true},      {"until", "until", true},
	{"query", "q", false},
};

enum { FILTERS = sizeof(filters) / sizeof(filters[0]) };

/* The value of a row for the daemon; *ret NULL when it was not given.  text has
 * CLOCK_TEXT_BYTES. */
static int value_of(const struct cli *cli, const struct filter_row *row, int64_t now_ms, char *text,
                    const char **ret, struct err *e)
{
	int64_t unix_ms;

	*ret = cli_option(cli, row->option);
	if (!*ret || !row->is_moment)
		return 0;
	int rc = moment_parse(row->option, *ret, now_ms, &unix_ms, e);
	if (rc < 0)
		return rc;
	clock_format(unix_ms, text);
	*ret = text;
	return 0;
}

int delivery_filter_query(const struct cli *cli, int64_t now_ms, struct buf *target, struct err *e)
{
	char text[CLOCK_TEXT_BYTES];
	const char *value;

	for (size_t i = 0; i < FILTERS; i++) {
		int rc = value_of(cli, &filters[i], now_ms, text, &value, e);
		if (rc < 0)
			return rc;
		route_query(target, filters[i].parameter, value);
	}
	return 0;
}

int delivery_filter_set(const struct cli *cli, int64_t now_ms, struct json *object, struct err *e)
{
	char text[CLOCK_TEXT_BYTES];
	const char *value;

	for (size_t i = 0; i < FILTERS; i++) {
		int rc = value_of(cli, &filters[i], now_ms, text, &value, e);
		if (rc < 0)
			return rc;
		if (value && json_set(object, filters[i].parameter, json_string(value)) < 0)
			return err_no_memory(e);
	}
	return 0;
}
