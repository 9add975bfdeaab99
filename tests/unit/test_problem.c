/* Problem documents, as a peer gets them. */
#include "admin/problem.h"

#include <stdio.h>

#include "base/err.h"
#include "http_peer.h"
#include "httpd/server.h"
#include "suite.h"
#include "json/json.h"

static struct problem problem;

static void say_no(void *arg, struct http_request *request)
{
	(void)arg;
	problem_reply(request, &problem);
}

/* What a peer gets, and the document in it. */
static const char *ask(struct json **ret)
{
	const struct http_options options = {.address = "127.0.0.1", .handle = say_no};
	struct http_server *server;
	socklen_t bytes;

	ck_assert_int_eq(http_server_start(&options, &server, NULL), 0);
	const struct sockaddr *address = http_server_address(server, &bytes);
	int fd = peer_dial(address, bytes);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	const char *reply = peer_hear(fd);
	close(fd);
	http_server_stop(server, 1000);
	ck_assert_ptr_nonnull(strstr(reply, "Content-Type: application/problem+json\r\n"));
	ck_assert_int_eq(json_read(peer_body(reply), strlen(peer_body(reply)), ret, NULL), 0);
	return reply;
}

START_TEST(it_says_what_is_wrong)
{
	struct json *document;

	problem = (struct problem){0};
	problem_set(&problem, 404, "not_found", "there is no \"%s\"", "a\n\\b");
	ck_assert_uint_eq(peer_status(ask(&document)), 404);
	ck_assert_str_eq(json_as_string(json_get(document, "type")), "about:blank");
	ck_assert_str_eq(json_as_string(json_get(document, "title")), "there is no \"a\n\\b\"");
	ck_assert_str_eq(json_as_string(json_get(document, "code")), "not_found");
	ck_assert_int_eq(json_as_int(json_get(document, "status")), 404);
	ck_assert_ptr_null(json_get(document, "errors"));
	json_free(document);
}
END_TEST

START_TEST(it_carries_a_header)
{
	struct json *document;

	problem = (struct problem){.header = "Retry-After", .header_value = "5"};
	problem_set(&problem, 429, "queue_full", "later");
	ck_assert_ptr_nonnull(strstr(ask(&document), "Retry-After: 5\r\n"));
	json_free(document);
}
END_TEST

START_TEST(faults_are_listed_as_far_as_there_is_room)
{
	struct json *document;

	problem = (struct problem){0};
	problem_fault(&problem, "limit", "invalid_parameter", "is too %s", "large");
	ck_assert_str_eq(problem.title, "limit: is too large");
	for (int i = 0; i < 2 * PROBLEM_FAULTS; i++)
		problem_fault(&problem, "/state", "invalid_parameter", "is odd");
	ck_assert_uint_eq(peer_status(ask(&document)), 400);
	const struct json *errors = json_get(document, "errors");
	ck_assert_uint_eq(json_count(errors), PROBLEM_FAULTS);
	ck_assert_str_eq(json_as_string(json_get(json_at(errors, 0), "pointer")), "limit");
	ck_assert_str_eq(json_as_string(json_get(json_at(errors, 0), "detail")), "is too large");
	ck_assert_str_eq(json_as_string(json_get(json_at(errors, 1), "pointer")), "/state");
	json_free(document);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(it_says_what_is_wrong),
	SUITE_TEST(it_carries_a_header),
	SUITE_TEST(faults_are_listed_as_far_as_there_is_room),
};

SUITE_MAIN("problem", tests)
