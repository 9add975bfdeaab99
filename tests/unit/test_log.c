/* Log lines as a reader of the log sees them. */
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include "suite.h"

static int ends[2];

/* The line behind its time stamp, or "" when none was written. */
static const char *logged_line(void)
{
	static char line[4096];

	close(ends[1]);
	ssize_t bytes = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	ck_assert_int_ge(bytes, 0);
	line[bytes] = '\0';
	const char *level = strstr(line, "level");
	return level ? level : line;
}

static void log_to_pipe(enum log_level most, enum log_format format)
{
	ck_assert_int_eq(pipe(ends), 0);
	log_configure(most, format, ends[1]);
}

static const struct {
	enum log_format format;
	const char *message, *value, *line;
} lines[] = {
	{LOG_FORMAT_TEXT, "opened", "Hello", "level=info message=opened name=Hello\n"},
	{LOG_FORMAT_TEXT, "link opened", "a b",
         "level=info message=\"link opened\" name=\"a b\"\n"},
	{LOG_FORMAT_TEXT, "m", "", "level=info message=m name=\"\"\n"},
	{LOG_FORMAT_TEXT, "m", NULL, "level=info message=m\n"},
	{LOG_FORMAT_TEXT, "m", "x\nlevel=error",
         "level=info message=m name=\"x\\u000alevel=error\"\n"},
	{LOG_FORMAT_TEXT, "m", "\"\\", "level=info message=m name=\"\\\"\\\\\"\n"},
	{LOG_FORMAT_TEXT, "m", "\x7f", "level=info message=m name=\"\\u007f\"\n"},
	{LOG_FORMAT_TEXT, "m", "Ä", "level=info message=m name=Ä\n"},
	{LOG_FORMAT_JSON, "m", "a\tb",
         "level\":\"info\",\"message\":\"m\",\"name\":\"a\\u0009b\"}\n"},
	{LOG_FORMAT_JSON, "m", NULL, "level\":\"info\",\"message\":\"m\"}\n"},
};

START_TEST(one_event_is_one_escaped_line)
{
	log_to_pipe(LOG_LEVEL_INFO, lines[_i].format);
	log_event(LOG_LEVEL_INFO, lines[_i].message, "name", lines[_i].value, NULL);
	ck_assert_str_eq(logged_line(), lines[_i].line);
}
END_TEST

static const struct {
	enum log_level most, event;
	const char *line;
} levels[] = {
	{LOG_LEVEL_ERROR, LOG_LEVEL_ERROR, "level=error message=m\n"},
	{LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, ""},
	{LOG_LEVEL_WARNING, LOG_LEVEL_WARNING, "level=warning message=m\n"},
	{LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, ""},
	{LOG_LEVEL_DEBUG, LOG_LEVEL_DEBUG, "level=debug message=m\n"},
};

START_TEST(only_the_wanted_levels_are_written)
{
	log_to_pipe(levels[_i].most, LOG_FORMAT_TEXT);
	log_event(levels[_i].event, "m", NULL);
	ck_assert_int_eq(log_enabled(levels[_i].event), levels[_i].line[0] != '\0');
	ck_assert_str_eq(logged_line(), levels[_i].line);
}
END_TEST

START_TEST(a_line_starts_with_the_time)
{
	char start[8] = "";

	log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	log_event(LOG_LEVEL_INFO, "m", NULL);
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], start, 7), 7);
	close(ends[0]);
	ck_assert_str_eq(start, "{\"time\"");
}
END_TEST

static size_t diverted;
static int answer;

static int take_event(enum log_level level, const struct log_field *fields, size_t count)
{
	ck_assert_int_eq(level, LOG_LEVEL_WARNING);
	ck_assert_str_eq(fields[0].key, "message");
	ck_assert_str_eq(fields[0].value, "m");
	diverted = count;
	return answer;
}

START_TEST(a_sink_takes_the_place_of_the_lines)
{
	log_to_pipe(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	log_divert(take_event);
	log_event(LOG_LEVEL_INFO, "m", NULL);
	log_event(LOG_LEVEL_WARNING, "m", "a", "b", "absent", NULL, NULL);
	ck_assert_uint_eq(diverted, 2);
	ck_assert_str_eq(logged_line(), "");
}
END_TEST

START_TEST(what_a_sink_cannot_take_is_a_line)
{
	log_to_pipe(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	log_divert(take_event);
	answer = -1;
	log_event(LOG_LEVEL_WARNING, "m", "a", "b", NULL);
	ck_assert_str_eq(logged_line(), "level=warning message=m a=b\n");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(one_event_is_one_escaped_line, lines),
	SUITE_LOOP(only_the_wanted_levels_are_written, levels),
	SUITE_TEST(a_line_starts_with_the_time),
	SUITE_TEST(a_sink_takes_the_place_of_the_lines),
	SUITE_TEST(what_a_sink_cannot_take_is_a_line),
};

SUITE_MAIN("log", tests)
