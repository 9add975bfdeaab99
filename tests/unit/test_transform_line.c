/* Tests of messages as one line for people. */
#include <string.h>

#include "suite.h"
#include "transform/frame.h"
#include "transform/line.h"

static const struct {
	const char *text, *line;
} lines[] = {
	{"", ""},
	{"no stock", "no stock"},
	{"Zoë 🎈", "Zoë 🎈"},
	{"two\nlines\tand\x7f", "two lines and "},
	{"\x1b[31mred", " [31mred"},
	{"half \xc3", "half ?"},
	{"\xff\xfe", "??"},
};

START_TEST(a_message_becomes_one_line)
{
	char line[FRAME_MESSAGE_BYTES];

	ck_assert_uint_eq(line_clean(line, lines[_i].text, strlen(lines[_i].text)),
	                  strlen(lines[_i].line));
	ck_assert_str_eq(line, lines[_i].line);
}
END_TEST

/* Of so many bytes, characters of as many bytes as _i + 1. */
START_TEST(what_is_too_long_is_cut_between_characters)
{
	static const char *const characters[] = {"x", "é", "…", "🎈"};
	const char *one = characters[_i];
	size_t width = strlen(one), bytes = 0;
	char text[FRAME_MESSAGE_BYTES * 2] = "", line[FRAME_MESSAGE_BYTES];

	while (bytes + width <= FRAME_MESSAGE_BYTES - 1) {
		memcpy(text + bytes, one, width);
		bytes += width;
	}
	ck_assert_uint_eq(line_clean(line, text, bytes), bytes);
	ck_assert_mem_eq(line, text, bytes);

	memcpy(text + bytes, one, width);
	size_t kept = line_clean(line, text, bytes + width);
	ck_assert_uint_eq(kept, strlen(line));
	ck_assert_uint_le(kept, FRAME_MESSAGE_BYTES - 1);
	ck_assert_uint_gt(kept + width, FRAME_MESSAGE_BYTES - 1);
	ck_assert_str_eq(line + kept - strlen("…"), "…");
	ck_assert_uint_eq((kept - strlen("…")) % width, 0);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_message_becomes_one_line, lines),
	SUITE_TIMES(what_is_too_long_is_cut_between_characters, 4),
};

SUITE_MAIN("transform_line", tests)
