/* The register of tokens over a store. */
#include "core/tokens.h"

#include "base/err.h"
#include "base/mem.h"
#include "sqlite_fixture.h"
#include "suite.h"

static struct tokens *open_tokens(struct store *s)
{
	struct tokens *t = NULL;

	ck_assert_int_eq(tokens_open(s, &t, NULL), 0);
	return t;
}

static struct store_audit audit_of(struct store *s, const char *action, const char *subject)
{
	return (struct store_audit){
		.at_ms = store_now_ms(s),
		.actor = "local:root",
		.action = action,
		.subject = subject,
	};
}

static int create(struct store *s, struct tokens *t, const char *name, int64_t lasts_ms, char *text,
                  struct err *e)
{
	const struct store_audit audit = audit_of(s, "token.create", name);
	const struct token_wish wish = {
		.name = name, .role = ACCESS_VIEWER, .expires_ms = store_now_ms(s) + lasts_ms};
	struct token *token = NULL;
	int rc = tokens_create(t, &wish, &audit, text, &token, e);

	token_release(token);
	return rc;
}

static bool opens(struct tokens *t, const char *text)
{
	struct token *token = tokens_find(t, text);

	token_release(token);
	return token != NULL;
}

static size_t audit_rows;

static void count_row(void *arg, const struct store_audit_row *row)
{
	(void)arg, (void)row;
	audit_rows++;
}

static size_t count_audit(struct store *s)
{
	audit_rows = 0;
	ck_assert_int_eq(store_audit(s, 0, 1000, count_row, NULL, NULL), 0);
	return audit_rows;
}

START_TEST(a_token_opens_until_it_is_revoked)
{
	struct store *s = fixture_begin();
	struct tokens *t = open_tokens(s);
	char text[TOKEN_LENGTH + 1], id[TOKEN_ID_LENGTH + 1];
	struct err e = {0};

	ck_assert_int_eq(create(s, t, "ci", 1000, text, &e), 0);
	ck_assert(opens(t, text));
	ck_assert_uint_eq(tokens_count(t), 1);
	snprintf(id, sizeof(id), "%.12s", text + 4);
	text[20] ^= 1;
	ck_assert(!opens(t, text));
	text[20] ^= 1;
	const struct store_audit audit = audit_of(s, "token.revoke", "ci");
	ck_assert_int_eq(tokens_revoke(t, id, &audit, &e), 0);
	ck_assert(!opens(t, text));
	ck_assert_ptr_null(tokens_find_id(t, id));
	ck_assert_int_eq(tokens_revoke(t, id, &audit, &e), ERR_NOT_FOUND);
	/* What was not done is not told of. */
	ck_assert_uint_eq(count_audit(s), 2);
	tokens_close(t);
	fixture_end(s);
}
END_TEST

START_TEST(a_token_outlives_a_restart)
{
	struct store *s = fixture_begin();
	struct tokens *t = open_tokens(s);
	char one[TOKEN_LENGTH + 1], two[TOKEN_LENGTH + 1];

	ck_assert_int_eq(create(s, t, "one", 1000, one, NULL), 0);
	ck_assert_int_eq(create(s, t, "two", 1000, two, NULL), 0);
	tokens_close(t);
	s = fixture_reopen(s);
	t = open_tokens(s);
	ck_assert(opens(t, one));
	ck_assert(opens(t, two));
	tokens_close(t);
	fixture_end(s);
}
END_TEST

START_TEST(a_token_expires)
{
	struct store *s = fixture_begin();
	struct tokens *t = open_tokens(s);
	char text[TOKEN_LENGTH + 1];

	ck_assert_int_eq(create(s, t, "ci", 1000, text, NULL), 0);
	clock_fake_advance(999);
	ck_assert(opens(t, text));
	clock_fake_advance(1);
	ck_assert(!opens(t, text));
	tokens_close(t);
	fixture_end(s);
}
END_TEST

START_TEST(a_name_is_given_once)
{
	struct store *s = fixture_begin();
	struct tokens *t = open_tokens(s);
	char text[TOKEN_LENGTH + 1];
	struct err e = {0};

	ck_assert_int_eq(create(s, t, "ci", 1000, text, NULL), 0);
	ck_assert_int_eq(create(s, t, "CI", 1000, text, &e), ERR_CONFLICT);
	ck_assert_str_eq(e.text, "there is a token ci already");
	ck_assert_uint_eq(count_audit(s), 1);
	tokens_close(t);
	fixture_end(s);
}
END_TEST

static int64_t stored_use;

static void take_use(void *arg, const struct store_token *token)
{
	(void)arg;
	stored_use = token->used_ms;
}

/* What was posted before is done when this is: operations are carried out in their order. */
static int64_t use_in_store(struct store *s)
{
	probe_link(s, "Any");
	stored_use = -1;
	ck_assert_int_eq(store_tokens(s, take_use, NULL, NULL), 0);
	return stored_use;
}

START_TEST(its_last_use_is_noted_once_a_minute)
{
	struct store *s = fixture_begin();
	struct tokens *t = open_tokens(s);
	int64_t begin_ms = store_now_ms(s);
	char text[TOKEN_LENGTH + 1];

	ck_assert_int_eq(create(s, t, "ci", 1000000, text, NULL), 0);
	ck_assert_int_eq(use_in_store(s), 0);
	ck_assert(opens(t, text));
	ck_assert_int_eq(use_in_store(s), begin_ms);
	clock_fake_advance(59999);
	ck_assert(opens(t, text));
	ck_assert_int_eq(use_in_store(s), begin_ms);
	clock_fake_advance(1);
	ck_assert(opens(t, text));
	ck_assert_int_eq(use_in_store(s), begin_ms + 60000);
	ck_assert_uint_eq(count_audit(s), 1);
	tokens_close(t);
	fixture_end(s);
}
END_TEST

START_TEST(a_list_is_by_name)
{
	static const char *const names[] = {"b", "C", "a"};
	struct store *s = fixture_begin();
	struct tokens *t = open_tokens(s);
	char text[TOKEN_LENGTH + 1];
	struct token **list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(create(s, t, names[i], 1000, text, NULL), 0);
	ck_assert_int_eq(tokens_list(t, &list, &count, NULL), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(list[0]->name, "a");
	ck_assert_str_eq(list[2]->name, "C");
	for (size_t i = 0; i < count; i++)
		token_release(list[i]);
	mem_free(list);
	tokens_close(t);
	fixture_end(s);
}
END_TEST

/* Each allocation fails once: the token is made, or there is none. */
START_TEST(without_memory_there_is_no_half_token)
{
	struct store *s = fixture_begin();
	struct tokens *t = open_tokens(s);
	char text[TOKEN_LENGTH + 1];
	int rc = ERR_NO_MEMORY;

	for (unsigned n = 1; rc == ERR_NO_MEMORY; n++) {
		mem_fail_at(n);
		rc = create(s, t, "ci", 1000, text, NULL);
		mem_fail_at(0);
		ck_assert_uint_eq(tokens_count(t), rc == 0);
		ck_assert_uint_eq(count_audit(s), rc == 0);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert(opens(t, text));
	tokens_close(t);
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_token_opens_until_it_is_revoked),
	SUITE_TEST(a_token_outlives_a_restart),
	SUITE_TEST(a_token_expires),
	SUITE_TEST(a_name_is_given_once),
	SUITE_TEST(its_last_use_is_noted_once_a_minute),
	SUITE_TEST(a_list_is_by_name),
	SUITE_TEST(without_memory_there_is_no_half_token),
};

SUITE_MAIN("tokens", tests)
