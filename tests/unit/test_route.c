/* Routes: every one is found and answers, anything else is refused as it should be. */
#include "admin/route.h"

#include <stdio.h>

#include "api_fixture.h"
#include "suite.h"

static const struct {
	const char *pattern, *path;
	const char *args; /* with a comma; NULL: does not fit */
} matches[] = {
	{"/a", "/a", ""},
	{"/a", "/a/", NULL},
	{"/a", "/ab", NULL},
	{"/a/{x}", "/a/b", "b"},
	{"/a/{x}", "/a/", NULL},
	{"/a/{x}", "/a/b/c", NULL},
	{"/a/{x}", "/a/b:c", NULL},
	{"/a/{x}:go", "/a/b:go", "b"},
	{"/a/{x}:go", "/a/b", NULL},
	{"/a/{x}:go", "/a/:go", NULL},
	{"/a:go", "/a:go", ""},
	{"/a/{x}/b/{y}/c", "/a/1/b/2/c", "1,2"},
	{"/a/{x}/b/{y}/c", "/a/1/b//c", NULL},
};

START_TEST(a_pattern_fits_whole_paths)
{
	char args[API_ARGS][API_ARG_BYTES] = {"", ""}, text[256];
	int fits = route_match(matches[_i].pattern, matches[_i].path, args);

	ck_assert_int_eq(fits, matches[_i].args != NULL);
	if (!fits)
		return;
	snprintf(text, sizeof(text), "%s%s%s", args[0], args[1][0] ? "," : "", args[1]);
	ck_assert_str_eq(text, matches[_i].args);
}
END_TEST

START_TEST(an_argument_has_a_bound)
{
	char args[API_ARGS][API_ARG_BYTES], path[200] = "/a/";

	memset(path + 3, 'x', API_ARG_BYTES - 1);
	path[3 + API_ARG_BYTES - 1] = '\0';
	ck_assert(route_match("/a/{x}", path, args));
	path[3 + API_ARG_BYTES - 1] = 'x';
	path[3 + API_ARG_BYTES] = '\0';
	ck_assert(!route_match("/a/{x}", path, args));
}
END_TEST

/* The pattern with something in the place of its arguments. */
static const char *path_of(const struct route *route)
{
	static char path[256];
	size_t used = 0;

	for (const char *at = route->pattern; *at; at++) {
		if (*at != '{') {
			path[used++] = *at;
			continue;
		}
		const char *name = strncmp(at, "{project}", 9) == 0 ? "global"
		                   : strncmp(at, "{name}", 6) == 0
		                           ? "Echo"
		                           : "msg_00000000000000000000000000";
		used += (size_t)snprintf(path + used, sizeof(path) - used, "%s", name);
		at = strchr(at, '}');
	}
	path[used] = '\0';
	return path;
}

/* What some routes are asked with, and answer, other than {} and 200. */
static const struct {
	const char *name, *body;
	unsigned status;
} special[] = {
	{"send", "{}", 202},
	{"createToken", "{\"name\": \"t\", \"role\": \"viewer\"}", 201},
	{"signIn", "{\"token\": \"none\"}", 401},
	{"signOut", "{}", 204},
	/* The host of this test keeps no definitions; that is said once it is clear what is asked. */
	{"listConnections", "{}", 503},
	{"createConnection", "{}", 503},
	{"getConnection", "{}", 503},
	{"replaceConnection", "{}", 428},
	{"patchConnection", "{}", 428},
	{"deleteConnection", "{}", 428},
	{"enableConnection", "{}", 503},
	{"disableConnection", "{}", 503},
	{"renameConnection", "{\"name\": \"a\"}", 503},
	{"moveConnection", "{\"project\": \"p\"}", 503},
	{"duplicateConnection", "{\"name\": \"a\"}", 503},
	{"connectionUsage", "{}", 503},
	{"testConnection", "{}", 503},
	{"testDraft", "{}", 503},
	{"exportConnection", "{}", 503},
	{"exportConnections", "{}", 400},
	{"importConnections", "{}", 422},
	{"deployConnection", "{}", 503},
	{"undeployConnection", "{}", 503},
	{"rollbackConnection", "{}", 503},
	{"listRevisions", "{}", 503},
	{"getRevision", "{}", 503},
	{"diffConnection", "{}", 503},
	{"applyDefinitions", "{}", 503},
	{"getName", "{}", 503},
	{"listEnvironments", "{}", 503},
	{"listConnectionTypes", "{}", 503},
	{"listSecrets", "{}", 503},
	{"setSecret", "{}", 503},
	{"deleteSecret", "{}", 503},
	{"checkSecret", "{}", 503},
	{NULL, "{}", 200},
};

static size_t special_of(const struct route *route)
{
	size_t i = 0;

	while (special[i].name && strcmp(special[i].name, route->name) != 0)
		i++;
	return i;
}

static const char *ask(const struct route *route, const char *query)
{
	static const char json[] = "Content-Type: application/json\r\n";
	char target[512];

	snprintf(target, sizeof(target), "%s%s", path_of(route), query);
	return api_ask_with(route->method, target, json, special[special_of(route)].body);
}

START_TEST(every_route_answers_and_refuses_other_methods)
{
	api_start();
	for (size_t i = 0; i < route_count; i++) {
		const struct route *route = &routes[i];
		bool names_one = strstr(route->pattern, "{id}") != NULL;
		unsigned status = peer_status(ask(route, ""));
		ck_assert_msg(status == (names_one ? 404 : special[special_of(route)].status),
		              "%s: %u", route->name, status);
		const char *reply = api_ask("BREW", path_of(route), NULL);
		ck_assert_ptr_nonnull(strstr(reply, "\r\nAllow: "));
		ck_assert_ptr_nonnull(strstr(strstr(reply, "\r\nAllow: "), route->method));
		api_expect(reply, 405, "method_not_allowed");
	}
	api_stop();
}
END_TEST

/* Whether it may be asked for is looked at first. */
START_TEST(every_route_refuses_what_it_does_not_take)
{
	api_start();
	for (size_t i = 0; i < route_count; i++) {
		bool is_missing = routes[i].scope == SCOPE_DELIVERY;
		api_expect(ask(&routes[i], "?nonsense=1"), is_missing ? 404 : 400,
		           is_missing ? "not_found" : "unknown_parameter");
	}
	api_stop();
}
END_TEST

START_TEST(every_route_says_who_may)
{
	for (size_t i = 0; i < route_count; i++) {
		bool is_open = routes[i].scope == SCOPE_PUBLIC || routes[i].scope == SCOPE_SELF;
		ck_assert_msg((routes[i].action == ACTION_NOTHING) == is_open, "%s",
		              routes[i].name);
	}
}
END_TEST

START_TEST(every_route_is_documented)
{
	for (size_t i = 0; i < route_count; i++) {
		ck_assert_ptr_nonnull(routes[i].name);
		ck_assert_uint_eq(routes[i].summary[strlen(routes[i].summary) - 1], '.');
		ck_assert_uint_le(routes[i].query_count, QUERY_ROWS_MAX);
		for (size_t k = 0; k < routes[i].query_count; k++)
			ck_assert_ptr_nonnull(routes[i].query[k].help);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(routes[i].name, routes[k].name);
	}
}
END_TEST

static const char *const nowhere[] = {"/",
                                      "/api",
                                      "/api/v1",
                                      "/api/v1/status/",
                                      "/api/v2/status",
                                      "/api/v1/deliveries/a/b",
                                      "/api/v1/projects/p"};

START_TEST(anything_else_is_not_there)
{
	api_start();
	api_expect(api_ask("GET", nowhere[_i], NULL), 404, "no_such_resource");
	api_stop();
}
END_TEST

START_TEST(head_is_get_without_a_body)
{
	api_start();
	const char *reply = api_ask("HEAD", "/api/v1/status", NULL);
	ck_assert_uint_eq(peer_status(reply), 200);
	ck_assert_str_eq(peer_body(reply), "");
	ck_assert_ptr_nonnull(strstr(api_ask("POST", "/api/v1/status", NULL), "Allow: GET, HEAD"));
	api_stop();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_pattern_fits_whole_paths, matches),
	SUITE_TEST(an_argument_has_a_bound),
	SUITE_TEST(every_route_answers_and_refuses_other_methods),
	SUITE_TEST(every_route_refuses_what_it_does_not_take),
	SUITE_TEST(every_route_says_who_may),
	SUITE_TEST(every_route_is_documented),
	SUITE_LOOP(anything_else_is_not_there, nowhere),
	SUITE_TEST(head_is_get_without_a_body),
};

SUITE_MAIN("route", tests)
