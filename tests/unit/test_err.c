/* Errors: the first one wins, the text is always whole, codes map to exit and HTTP status. */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

static const struct {
	int code;
	const char *name;
	int exit_status, http_status;
} codes[] = {
	{ERR_NONE, "ok", 0, 200},
	{ERR_FAILED, "failed", 1, 500},
	{ERR_USAGE, "usage", 2, 400},
	{ERR_NOT_FOUND, "not_found", 3, 404},
	{ERR_DENIED, "denied", 4, 403},
	{ERR_CONFLICT, "conflict", 5, 409},
	{ERR_UNREACHABLE, "unreachable", 6, 503},
	{ERR_INVALID, "invalid", 7, 422},
	{ERR_PARTLY, "partly", 8, 500},
	{ERR_INTERRUPTED, "interrupted", 130, 503},
	{-9999, "failed", 1, 500},
};

START_TEST(code_maps_to_name_and_status)
{
	ck_assert_str_eq(err_name(codes[_i].code), codes[_i].name);
	ck_assert_int_eq(err_exit_status(codes[_i].code), codes[_i].exit_status);
	ck_assert_int_eq(err_http_status(codes[_i].code), codes[_i].http_status);
}
END_TEST

START_TEST(first_error_wins)
{
	struct err e = {0};

	ck_assert_int_eq(err_set(&e, ERR_IO, "disk %d", 1), ERR_IO);
	ck_assert_int_eq(err_set(&e, ERR_BUSY, "later"), ERR_BUSY);
	ck_assert_int_eq(err_no_memory(&e), ERR_NO_MEMORY);
	ck_assert_int_eq(e.code, ERR_IO);
	ck_assert_str_eq(e.text, "disk 1");

	errno = ENOENT;
	ck_assert_int_eq(err_set_errno(&e, ERR_BUSY, "later"), ERR_BUSY);
	ck_assert_str_eq(e.text, "disk 1");
	err_clear(&e);
	ck_assert_int_eq(e.code, ERR_NONE);
	ck_assert_str_eq(e.text, "");
}
END_TEST

START_TEST(errno_and_prefix_join_the_text)
{
	struct err e = {0};

	errno = ENOENT;
	ck_assert_int_eq(err_set_errno(&e, ERR_NOT_FOUND, "cannot open %s", "x"), ERR_NOT_FOUND);
	ck_assert_str_eq(e.text, "cannot open x: No such file or directory");
	err_prefix(&e, "connection \"%s\"", "Hello");
	ck_assert_str_eq(e.text, "connection \"Hello\": cannot open x: No such file or directory");
	ck_assert_int_eq(e.code, ERR_NOT_FOUND);
}
END_TEST

START_TEST(nobody_needs_to_listen)
{
	err_prefix(NULL, "x");
	err_clear(NULL);
	ck_assert_int_eq(err_set(NULL, ERR_IO, "x"), ERR_IO);
	ck_assert_int_eq(err_set_errno(NULL, ERR_IO, "x"), ERR_IO);
}
END_TEST

START_TEST(long_text_is_cut_and_ends)
{
	char text[2 * ERR_TEXT_BYTES];
	struct err e = {0};

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	errno = EIO;
	err_set_errno(&e, ERR_IO, "%s", text);
	ck_assert_uint_eq(strlen(e.text), ERR_TEXT_BYTES - 1);
	err_prefix(&e, "here");
	ck_assert_uint_eq(strlen(e.text), ERR_TEXT_BYTES - 1);
	ck_assert_int_eq(strncmp(e.text, "here: xxx", 9), 0);
	err_prefix(&e, "%s", text);
	ck_assert_uint_eq(strlen(e.text), ERR_TEXT_BYTES - 1);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(code_maps_to_name_and_status, codes), SUITE_TEST(first_error_wins),
	SUITE_TEST(errno_and_prefix_join_the_text),      SUITE_TEST(nobody_needs_to_listen),
	SUITE_TEST(long_text_is_cut_and_ends),
};

SUITE_MAIN("err", tests)
