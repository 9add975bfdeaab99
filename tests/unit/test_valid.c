/* json_valid(): the corner cases of RFC 8259 one by one, then random mutations against json-c. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "json/json.h"
#include "json/jsonc.h"
#include "json/utf8.h"

#define TEXT(s) s, sizeof(s) - 1

static const struct sample {
	const char *text;
	size_t bytes;
	bool valid;
} samples[] = {
	{TEXT("{}"), true},
	{TEXT("[]"), true},
	{TEXT(" \t\r\n null \n"), true},
	{TEXT("true"), true},
	{TEXT("false"), true},
	{TEXT("\"\""), true},
	{TEXT("0"), true},
	{TEXT("-0"), true},
	{TEXT("-12.5e+10"), true},
	{TEXT("1E5"), true},
	{TEXT("{\"a\":[1,2,{\"b\":null}],\"c\":\"x\"}"), true},
	{TEXT("[[],{},[{}]]"), true},
	{TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""), true},
	{TEXT("\"\\ud83d\\ude00\""), true},
	{TEXT("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\""), true},
	{TEXT("{\"a\":1,\"a\":2}"), true},
	{TEXT(""), false},
	{TEXT(" "), false},
	{TEXT("{"), false},
	{TEXT("["), false},
	{TEXT("}"), false},
	{TEXT("[}"), false},
	{TEXT("{]"), false},
	{TEXT("[1,]"), false},
	{TEXT("[,1]"), false},
	{TEXT("[1 2]"), false},
	{TEXT("{\"a\":1,}"), false},
	{TEXT("{\"a\"}"), false},
	{TEXT("{\"a\":}"), false},
	{TEXT("{a:1}"), false},
	{TEXT("{1:1}"), false},
	{TEXT("{\"a\" 1}"), false},
	{TEXT("1 2"), false},
	{TEXT("{}{}"), false},
	{TEXT("nul"), false},
	{TEXT("nulll"), false},
	{TEXT("True"), false},
	{TEXT("NaN"), false},
	{TEXT("Infinity"), false},
	{TEXT("-"), false},
	{TEXT("+1"), false},
	{TEXT("01"), false},
	{TEXT("-01"), false},
	{TEXT("1."), false},
	{TEXT(".5"), false},
	{TEXT("1e"), false},
	{TEXT("1e+"), false},
	{TEXT("0x10"), false},
	{TEXT("'a'"), false},
	{TEXT("\"a"), false},
	{TEXT("\"\\\""), false},
	{TEXT("\"\\x41\""), false},
	{TEXT("\"\\u12g4\""), false},
	{TEXT("\"\\u12"), false},
	{TEXT("\"a\nb\""), false},
	{TEXT("\"a\0b\""), false},
	{TEXT("\"\\\0\""), false},
	{TEXT("1\0"), false},
	{TEXT("// c\n1"), false},
	{TEXT("\xef\xbb\xbf{}"), false},
	{TEXT("\"\x80\""), false},
	{TEXT("\"\xc3\""), false},
	{TEXT("\"\xc0\xaf\""), false},
	{TEXT("\"\xe0\x80\xaf\""), false},
	{TEXT("\"\xed\xa0\x80\""), false},
	{TEXT("\"\xf0\x80\x80\x80\""), false},
	{TEXT("\"\xf4\x90\x80\x80\""), false},
	{TEXT("\"\xf5\x80\x80\x80\""), false},
	{TEXT("\"\xe2\x82\""), false},
};

START_TEST(judges_samples)
{
	const struct sample *s = &samples[_i];

	ck_assert_msg(json_valid(s->text, s->bytes) == s->valid, "%s", s->text);
}
END_TEST

START_TEST(reads_not_one_byte_beyond_the_text)
{
	const struct sample *s = &samples[_i];

	/* Every beginning, in an allocation of just its size: the sanitizer sees the rest. */
	for (size_t bytes = 0; bytes <= s->bytes; bytes++) {
		char *exact = malloc(bytes ? bytes : 1);
		memcpy(exact, s->text, bytes);
		bool valid = json_valid(exact, bytes);
		ck_assert(bytes < s->bytes || valid == s->valid);
		free(exact);
	}
}
END_TEST

static bool nested(size_t depth, const char *open, const char *middle, const char *close)
{
	char text[8192] = "";
	size_t used = 0;

	for (size_t i = 0; i < depth; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", open);
	used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", middle);
	for (size_t i = 0; i < depth; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", close);
	return json_valid(text, used);
}

START_TEST(follows_nesting_to_its_limit)
{
	ck_assert(nested(512, "[", "", "]"));
	ck_assert(!nested(513, "[", "", "]"));
	ck_assert(nested(512, "{\"a\":", "1", "}"));
	ck_assert(!nested(513, "{\"a\":", "1", "}"));
	ck_assert(nested(256, "[{\"a\":", "1", "}]"));
	ck_assert(!nested(256, "[{\"a\":", "1", "]}"));
}
END_TEST

/* Whether json-c, at its strictest, takes the text.  It takes a few things that are not JSON; see
 * json_c_is_lenient(). */
static bool json_c_valid(const char *text, size_t bytes)
{
	struct json_tokener *tokener = json_tokener_new_ex(512);
	char *ended = malloc(bytes + 1);

	memcpy(ended, text, bytes);
	ended[bytes] = '\0';
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json_object_put(json_tokener_parse_ex(tokener, ended, (int)bytes + 1));
	bool valid = json_tokener_get_error(tokener) == json_tokener_success &&
	             json_tokener_get_parse_end(tokener) == bytes;
	json_tokener_free(tokener);
	free(ended);
	return valid;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* json-c 0.16 accepts control characters in strings, NaN and Infinity, forms of UTF-8 that RFC 3629
 * forbids, and numbers such as "03", "-.5" and "2.". */
static bool json_c_is_lenient(const char *text, size_t bytes)
{
	size_t points;

	if (!utf8_count(text, bytes, &points))
		return true;
	for (size_t i = 0; i < bytes; i++) {
		char before = i > 0 ? text[i - 1] : ' ', after = i + 1 < bytes ? text[i + 1] : ' ';
		if ((text[i] > 0 && text[i] < 0x20) || text[i] == 'N' || text[i] == 'I')
			return true;
		if (text[i] == '.' && (!is_digit(before) || !is_digit(after)))
			return true;
		if (text[i] == '0' && is_digit(after) && strchr("-,:[ ", before))
			return true;
	}
	return false;
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* What json_valid() takes, json-c must take; and the other way round, but for its leniencies. */
START_TEST(agrees_with_json_c_on_mutations)
{
	static const char seed[] = "{\"key\":[1,2.5,-3e4,true,false,null,\"te\\u00e9\\n\xc3\xa9\"],"
				   "\"b\":{\"c\":{},\"d\":[]}}";
	static const char spice[] = "{}[]\",:\\0123456789.eE+-tfnu \n\xc3\xa9";
	uint32_t state = 20251113;
	size_t accepted = 0, refused = 0;

	for (int round = 0; round < 200000; round++) {
		char text[sizeof(seed)];
		size_t bytes = sizeof(seed) - 1;
		memcpy(text, seed, sizeof(seed));
		for (uint32_t n = 1 + next_random(&state) % 3; n > 0; n--)
			text[next_random(&state) % bytes] =
				spice[next_random(&state) % (sizeof(spice) - 1)];
		if (next_random(&state) % 8 == 0)
			bytes = next_random(&state) % bytes;

		bool ours = json_valid(text, bytes), theirs = json_c_valid(text, bytes);
		ck_assert_msg(!ours || theirs, "only ours takes %.*s", (int)bytes, text);
		ck_assert_msg(ours || !theirs || json_c_is_lenient(text, bytes),
		              "only json-c takes %.*s", (int)bytes, text);
		accepted += ours;
		refused += !ours;
	}
	/* Both kinds were there to be judged. */
	ck_assert_uint_gt(accepted, 10000);
	ck_assert_uint_gt(refused, 10000);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(judges_samples, samples),
	SUITE_LOOP(reads_not_one_byte_beyond_the_text, samples),
	SUITE_TEST(follows_nesting_to_its_limit),
	SUITE_TEST(agrees_with_json_c_on_mutations),
};
SUITE_MAIN("valid", tests)
