/* Roles: what each may do, and where. */
#include "core/access.h"

#include <string.h>

#include "base/err.h"
#include "suite.h"

/* One letter for each action that is allowed, in their order: read, send, operate, edit, administer. */
static const struct {
	const char *role, *may;
} roles[] = {
	{"viewer", "r"},    {"sender", "s"},    {"operator", "rso"},
	{"editor", "rsoe"}, {"admin", "rsoea"},
};

START_TEST(a_role_may_what_the_table_says)
{
	static const char letters[ACTIONS] = {'-', 'r', 's', 'o', 'e', 'a'};
	enum access_role role;

	ck_assert_int_eq(access_role_parse(roles[_i].role, &role), 0);
	const struct grant grant = {.project = "billing", .role = role};
	const struct who who = {.kind = WHO_TOKEN, .grants = &grant, .grant_count = 1};
	for (int action = 0; action < ACTIONS; action++) {
		bool may = strchr(roles[_i].may, letters[action]) != NULL;
		int expected = may ? 0 : ERR_DENIED;
		enum action a = (enum action)action;
		ck_assert_int_eq(authorize(&who, a, "billing", NULL, NULL), expected);
		ck_assert_int_eq(authorize_somewhere(&who, a, NULL), expected);
		/* Elsewhere, and for the host as a whole, never. */
		ck_assert_int_eq(authorize(&who, a, "other", NULL, NULL), ERR_DENIED);
		ck_assert_int_eq(authorize(&who, a, "global", NULL, NULL), ERR_DENIED);
		ck_assert_int_eq(authorize(&who, a, NULL, NULL, NULL), ERR_DENIED);
	}
}
END_TEST

START_TEST(a_star_is_every_project_and_the_host)
{
	const struct grant grant = {.project = "*", .role = ACCESS_VIEWER};
	const struct who who = {.grants = &grant, .grant_count = 1};

	ck_assert_int_eq(authorize(&who, ACTION_READ, "billing", NULL, NULL), 0);
	ck_assert_int_eq(authorize(&who, ACTION_READ, NULL, NULL, NULL), 0);
	ck_assert_int_eq(authorize(&who, ACTION_SEND, "billing", NULL, NULL), ERR_DENIED);
}
END_TEST

START_TEST(grants_add_up_by_project)
{
	static const struct grant grants[] = {{"a", ACCESS_VIEWER}, {"b", ACCESS_OPERATOR}};
	const struct who who = {.name = "token:x", .grants = grants, .grant_count = 2};
	struct err e = {0};

	ck_assert_int_eq(authorize(&who, ACTION_READ, "A", NULL, NULL), 0);
	ck_assert_int_eq(authorize(&who, ACTION_OPERATE, "B", NULL, NULL), 0);
	ck_assert_int_eq(authorize_somewhere(&who, ACTION_OPERATE, NULL), 0);
	ck_assert_int_eq(authorize(&who, ACTION_OPERATE, "a", NULL, &e), ERR_DENIED);
	ck_assert_str_eq(e.text, "token:x may not operate in the project a");
}
END_TEST

START_TEST(nobody_may_nothing)
{
	const struct who who = {.kind = WHO_NOBODY};

	for (int action = 0; action < ACTIONS; action++) {
		ck_assert_int_eq(authorize(&who, (enum action)action, "a", "b", NULL), ERR_DENIED);
		ck_assert_int_eq(authorize_somewhere(&who, (enum action)action, NULL), ERR_DENIED);
	}
}
END_TEST

START_TEST(a_sender_can_be_limited_to_connections)
{
	static const char *const connections[] = {"Orders", "Alarm bell", NULL};
	const struct grant grant = {.project = "*", .role = ACCESS_SENDER};
	const struct who who = {.grants = &grant, .grant_count = 1, .connections = connections};

	ck_assert_int_eq(authorize(&who, ACTION_SEND, "p", "orders", NULL), 0);
	ck_assert_int_eq(authorize(&who, ACTION_SEND, "p", "Alarm bell", NULL), 0);
	ck_assert_int_eq(authorize(&who, ACTION_SEND, "p", "Others", NULL), ERR_DENIED);
	ck_assert_int_eq(authorize(&who, ACTION_SEND, "p", NULL, NULL), ERR_DENIED);
}
END_TEST

START_TEST(a_role_has_one_name)
{
	enum access_role role;

	ck_assert_int_eq(access_role_parse("Admin", &role), ERR_INVALID);
	ck_assert_int_eq(access_role_parse("", &role), ERR_INVALID);
	ck_assert_ptr_null(access_roles[ACCESS_ROLES]);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_role_may_what_the_table_says, roles),
	SUITE_TEST(a_star_is_every_project_and_the_host),
	SUITE_TEST(grants_add_up_by_project),
	SUITE_TEST(nobody_may_nothing),
	SUITE_TEST(a_sender_can_be_limited_to_connections),
	SUITE_TEST(a_role_has_one_name),
};

SUITE_MAIN("access", tests)
