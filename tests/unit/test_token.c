/* One token: its text, what may be wished for, and its row. */
#include "core/token.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "suite.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))
#define NOW_MS (INT64_C(20000) * DAY_MS)

static const char *const two[] = {"billing", "global", NULL};
static const char *const orders[] = {"Orders", "Alarm bell", NULL};

static struct token *make(const struct token_wish *wish, char *text)
{
	struct token *token = token_create(wish, "local:root", NOW_MS, text);

	ck_assert_ptr_nonnull(token);
	return token;
}

START_TEST(a_text_gives_id_and_digest)
{
	const struct token_wish wish = {.name = "a", .expires_ms = NOW_MS + 1};
	char text[TOKEN_LENGTH + 1], other[TOKEN_LENGTH + 1], id[TOKEN_ID_LENGTH + 1];
	struct token *token = make(&wish, text), *second = make(&wish, other);
	uint8_t digest[32];

	ck_assert_uint_eq(strlen(text), TOKEN_LENGTH);
	ck_assert_int_eq(strncmp(text, "lks_", 4), 0);
	ck_assert_str_ne(text, other);
	ck_assert(token_parse(text, id, digest));
	ck_assert_str_eq(id, token->id);
	ck_assert_mem_eq(digest, token->digest, sizeof(digest));
	/* Any other text has another digest. */
	text[TOKEN_LENGTH - 1] = text[TOKEN_LENGTH - 1] == 'A' ? 'B' : 'A';
	ck_assert(token_parse(text, id, digest));
	ck_assert_mem_ne(digest, token->digest, sizeof(digest));
	token_release(token);
	token_release(second);
}
END_TEST

static const char *const malformed[] = {
	"",
	"lks_",
	"lks_abcdefghijkl_",
	"xxx_abcdefghijkl_0123456789012345678901234567890123456789012",
	"lks_abcdefghijk_00123456789012345678901234567890123456789012",
	"lks_ABCDEFGHIJKL_0123456789012345678901234567890123456789012",
	"lks_abcdefghijkl_01234567890123456789012345678901234567890123",
	"lks_abcdefghijkl_012345678901234567890123456789012345678901",
};

START_TEST(what_is_no_token_is_none)
{
	char id[TOKEN_ID_LENGTH + 1];
	uint8_t digest[32];

	ck_assert(!token_parse(malformed[_i], id, digest));
}
END_TEST

static const struct {
	struct token_wish wish;
	const char *message; /* NULL: it is granted */
} wishes[] = {
	{{.name = "ci-1_a.b", .expires_ms = NOW_MS + 1}, NULL},
	{{.name = "a", .projects = two, .expires_ms = NOW_MS + DAY_MS}, NULL},
	{{.name = "a", .role = ACCESS_SENDER, .connections = orders, .expires_ms = NOW_MS + 1},
         NULL},
	{{.name = "", .expires_ms = NOW_MS + 1}, "a token's name has 1 to 64 letters"},
	{{.name = "a b", .expires_ms = NOW_MS + 1}, "a token's name has 1 to 64 letters"},
	{{.name = "a\nb", .expires_ms = NOW_MS + 1}, "a token's name has 1 to 64 letters"},
	{{.name = "a", .expires_ms = NOW_MS}, "must expire later than now"},
	{{.name = "a", .expires_ms = NOW_MS + 4000 * DAY_MS}, "good for 10 years at most"},
	{{.name = "a", .role = ACCESS_VIEWER, .connections = orders, .expires_ms = NOW_MS + 1},
         "only the role sender can be limited"},
	{{.name = "a", .projects = (const char *const[]){"a,b", NULL}, .expires_ms = NOW_MS + 1},
         "\"a,b\" cannot be the name of a project"},
	{{.name = "a", .projects = (const char *const[]){"a*", NULL}, .expires_ms = NOW_MS + 1},
         "\"a*\" cannot be the name of a project"},
	{{.name = "a",
          .role = ACCESS_SENDER,
          .connections = (const char *const[]){"a,b", NULL},
          .expires_ms = NOW_MS + 1},
         "\"a,b\" cannot be the name of a connection"},
};

START_TEST(a_wish_is_checked)
{
	struct err e = {0};
	int rc = token_check_wish(&wishes[_i].wish, NOW_MS, &e);

	ck_assert_int_eq(rc, wishes[_i].message ? ERR_USAGE : 0);
	if (wishes[_i].message)
		ck_assert_msg(strstr(e.text, wishes[_i].message) != NULL, "%s", e.text);
}
END_TEST

START_TEST(a_row_gives_the_same_token)
{
	const struct token_wish wish = {.name = "ci",
	                                .role = ACCESS_SENDER,
	                                .projects = two,
	                                .connections = orders,
	                                .expires_ms = NOW_MS + 7};
	char text[TOKEN_LENGTH + 1];
	struct token *token = make(&wish, text), *back = NULL;
	struct token_row row;

	ck_assert_int_eq(token_to_row(token, &row), 0);
	ck_assert_str_eq(row.stored.projects, "billing,global");
	ck_assert_str_eq(row.stored.connections, "Orders,Alarm bell");
	row.stored.used_ms = 5;
	ck_assert_int_eq(token_from_row(&row.stored, &back), 0);
	token_row_finish(&row);
	ck_assert_str_eq(back->id, token->id);
	ck_assert_str_eq(back->name, "ci");
	ck_assert_str_eq(back->created_by, "local:root");
	ck_assert_mem_eq(back->digest, token->digest, sizeof(back->digest));
	ck_assert_int_eq(back->created_ms, NOW_MS);
	ck_assert_int_eq(back->expires_ms, NOW_MS + 7);
	ck_assert_int_eq(back->used_ms, 5);
	struct who who = token_who(back);
	ck_assert_str_eq(who.name, "token:ci");
	ck_assert_int_eq(authorize(&who, ACTION_SEND, "billing", "Alarm bell", NULL), 0);
	ck_assert_int_eq(authorize(&who, ACTION_SEND, "billing", "Other", NULL), ERR_DENIED);
	ck_assert_int_eq(authorize(&who, ACTION_SEND, "other", "Orders", NULL), ERR_DENIED);
	token_release(token);
	token_release(back);
}
END_TEST

START_TEST(no_projects_are_all)
{
	const struct token_wish wish = {
		.name = "a", .role = ACCESS_ADMIN, .expires_ms = NOW_MS + 1};
	char text[TOKEN_LENGTH + 1];
	struct token *token = make(&wish, text);
	struct who who = token_who(token);

	ck_assert_int_eq(authorize(&who, ACTION_ADMINISTER, NULL, NULL, NULL), 0);
	token_release(token);
}
END_TEST

/* Rows that this program has not written give more rights to nobody. */
static const struct store_token odd[] = {
	{.id = "abcdefghijkl", .name = "a", .role = "root", .projects = "*", .created_by = "x"},
	{.id = "short", .name = "a", .role = "viewer", .projects = "*", .created_by = "x"},
	{.id = "abcdefghijkl", .name = "a", .role = "viewer", .projects = "", .created_by = "x"},
	{.id = "abcdefghijkl",
         .name = "a",
         .role = "sender",
         .projects = "*",
         .connections = "",
         .created_by = "x"},
};

START_TEST(an_odd_row_is_no_token)
{
	struct token *token = NULL;

	ck_assert_int_eq(token_from_row(&odd[_i], &token), ERR_INVALID);
	ck_assert_ptr_null(token);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_text_gives_id_and_digest), SUITE_LOOP(what_is_no_token_is_none, malformed),
	SUITE_LOOP(a_wish_is_checked, wishes),  SUITE_TEST(a_row_gives_the_same_token),
	SUITE_TEST(no_projects_are_all),        SUITE_LOOP(an_odd_row_is_no_token, odd),
};

SUITE_MAIN("token", tests)
