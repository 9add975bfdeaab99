/* The fake host as a watchman: each law that a plugin can break, and what is told of it. */
#include <linkspan/testhost.h>
#include <pthread.h>
#include <string.h>

#include "puppet.h"
#include "suite.h"

/* Submits that break a law, and what is told of each. */
static void complete_with(const struct lk_request *request, struct lk_outcome outcome)
{
	if (!outcome.size)
		outcome.size = sizeof(outcome);
	puppet.host->complete(request->op, &outcome);
}

static int no_outcome(const struct lk_request *request)
{
	puppet.host->complete(request->op, NULL);
	return 0;
}

static int small_outcome(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.size = 8, .reason = "ok"});
	return 0;
}

static int strange_result(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.result = 9, .reason = "ok"});
	return 0;
}

static int no_reason(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.result = LK_DONE});
	return 0;
}

static int wordy_reason(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.reason = "It failed."});
	return 0;
}

static int lines_of_detail(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.reason = "ok", .detail = "one\ntwo"});
	return 0;
}

static int secret_detail(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.reason = "ok", .detail = "sent s3cret"});
	return 0;
}

static int secret_described(const struct lk_request *request)
{
	static const char *const attrs[] = {"header.Authorization", "Bearer s3cret"};

	complete_with(request, (struct lk_outcome){
				       .reason = "ok",
				       .reply_attrs = attrs,
				       .reply_attr_count = 1,
			       });
	return 0;
}

static int lost_reply(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.reason = "ok", .reply_bytes = 3});
	return 0;
}

static int lost_attrs(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.reason = "ok", .reply_attr_count = 1});
	return 0;
}

static int long_reply(const struct lk_request *request)
{
	static const char reply[64 * 1024 + 1];

	complete_with(request, (struct lk_outcome){
				       .reason = "ok",
				       .reply = reply,
				       .reply_bytes = sizeof(reply),
			       });
	return 0;
}

static int positive_submit(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.reason = "ok"});
	return 7;
}

static int complete_and_fail(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){.reason = "ok"});
	return LK_EFAIL;
}

static int complete_a_stranger(const struct lk_request *request)
{
	const struct lk_outcome outcome = {.size = sizeof(outcome), .reason = "ok"};

	puppet.host->complete((struct lk_op *)&puppet, &outcome);
	complete_with(request, outcome);
	return 0;
}

static int log_a_secret(const struct lk_request *request)
{
	puppet.host->log(puppet.link, LK_LOG_DEBUG, "token=s3cret");
	complete_with(request, (struct lk_outcome){.reason = "ok"});
	return 0;
}

static int log_lines(const struct lk_request *request)
{
	puppet.host->log(NULL, LK_LOG_INFO, "one\ntwo");
	complete_with(request, (struct lk_outcome){.reason = "ok"});
	return 0;
}

static int log_strange_level(const struct lk_request *request)
{
	puppet.host->log(puppet.link, LK_LOG_DEBUG + 1, "x");
	complete_with(request, (struct lk_outcome){.reason = "ok"});
	return 0;
}

static int ask_for_a_strange_secret(const struct lk_request *request)
{
	char text[8];
	uint64_t version;

	ck_assert_int_eq(puppet.host->secret(puppet.link, 7, text, sizeof(text), &version),
	                 LK_ENOENT);
	complete_with(request, (struct lk_outcome){.reason = "ok"});
	return 0;
}

static const struct law {
	int (*submit)(const struct lk_request *request);
	const char *violation;
} laws[] = {
	{no_outcome, "the outcome of operation 1 has 0 bytes; ABI 1.0 has 80"},
	{small_outcome, "the outcome of operation 1 has 8 bytes; ABI 1.0 has 80"},
	{strange_result, "the outcome of operation 1 has an unknown result"},
	{no_reason, "the outcome of operation 1 has no reason of a-z, 0-9 and _"},
	{wordy_reason, "the outcome of operation 1 has no reason of a-z, 0-9 and _"},
	{lines_of_detail, "the outcome of operation 1 has more than one line of detail"},
	{secret_detail, "the secret env/TOKEN stands in the outcome of operation 1"},
	{secret_described, "the secret env/TOKEN stands in the outcome of operation 1"},
	{lost_reply, "the outcome of operation 1 has a length of reply, but no reply"},
	{lost_attrs, "the outcome of operation 1 has fewer reply_attrs than reply_attr_count says"},
	{long_reply, "the outcome of operation 1 has a reply above keep_bytes"},
	{positive_submit, "submit() gave 7, neither 0 nor negative"},
	{complete_and_fail, "submit() gave -6 for operation 1, which it had completed"},
	{complete_a_stranger, "complete() for an operation that nobody made"},
	{log_a_secret, "the secret env/TOKEN stands in the log"},
	{log_lines, "log() with an end of line in it: one\ntwo"},
	{log_strange_level, "log() with level 4"},
	{ask_for_a_strange_secret, "secret() for the handle 7, which this link does not have"},
};

START_TEST(broken_laws_are_told)
{
	struct lk_test_host *host = open_puppet("{}");
	struct lk_op *op = lk_test_op(puppet.link, LK_OP_DESCRIBE);

	puppet.submit = laws[_i].submit;
	lk_test_submit(op);
	ck_assert_ptr_nonnull(lk_test_outcome(op));
	close_host_with(host, laws[_i].violation);
}
END_TEST

static int send_a_secret_back(const struct lk_request *request)
{
	complete_with(request, (struct lk_outcome){
				       .reason = "ok",
				       .reply = "s3cret",
				       .reply_bytes = 6,
			       });
	return 0;
}

START_TEST(a_peer_may_send_a_secret_back)
{
	struct lk_test_host *host = open_puppet("{}");
	struct lk_op *op = lk_test_op(puppet.link, LK_OP_SEND);

	puppet.submit = send_a_secret_back;
	ck_assert_int_eq(lk_test_submit(op), 0);
	close_host(host);
}
END_TEST

static int complete_nothing(const struct lk_request *request)
{
	(void)request;
	return LK_EFAIL;
}

START_TEST(completing_what_was_not_accepted_is_told)
{
	const struct lk_outcome outcome = {.size = sizeof(outcome), .reason = "ok"};
	struct lk_test_host *host = open_puppet("{}");
	struct lk_op *made = lk_test_op(puppet.link, LK_OP_SEND);
	struct lk_op *refused = lk_test_op(puppet.link, LK_OP_SEND);

	puppet.submit = complete_nothing;
	ck_assert_int_eq(lk_test_submit(refused), LK_EFAIL);
	puppet.host->complete(made, &outcome);
	puppet.host->complete(refused, &outcome);
	ck_assert_ptr_null(lk_test_outcome(made));
	ck_assert_uint_eq(lk_test_finish(host), 2);
	ck_assert_str_eq(lk_test_violation(host, 0),
	                 "operation 1 was completed before it was submitted");
	ck_assert_str_eq(lk_test_violation(host, 1),
	                 "operation 2 was completed although submit() had refused it");
	lk_test_destroy(host);
}
END_TEST

/*
 * Threads
 */
static struct lk_op *threads_op;

static void *complete_elsewhere(void *arg)
{
	const struct lk_outcome outcome = {.size = sizeof(outcome), .reason = "elsewhere"};

	puppet.host->log(puppet.link, LK_LOG_INFO, "on a thread");
	puppet.host->count(puppet.link, "threads", 1);
	puppet.host->complete(threads_op, &outcome);
	return arg;
}

static void *ask_elsewhere(void *arg)
{
	uint64_t version;

	puppet.host->secret(puppet.link, 1, NULL, 0, &version);
	return arg;
}

static int take_it(const struct lk_request *request)
{
	threads_op = request->op;
	return 0;
}

START_TEST(completions_come_from_any_thread)
{
	struct lk_test_host *host = open_puppet("{}");
	struct lk_op *op = lk_test_op(puppet.link, LK_OP_SEND);
	pthread_t thread;
	int level;

	puppet.submit = take_it;
	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, complete_elsewhere, NULL), 0);
	ck_assert_str_eq(lk_test_wait_still(op, 30000)->reason, "elsewhere");
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(lk_test_logs(host), 1);
	ck_assert_str_eq(lk_test_log(host, 0, &level), "on a thread");
	ck_assert_int_eq(level, LK_LOG_INFO);
	ck_assert_ptr_null(lk_test_log(host, 1, NULL));
	ck_assert_int_eq(lk_test_logged(host, "a thr"), 1);
	ck_assert_int_eq(lk_test_logged(host, "two thr"), 0);
	ck_assert_uint_eq(lk_test_counter(host, "threads"), 1);
	close_host(host);
}
END_TEST

START_TEST(a_function_of_the_lane_on_another_thread_is_told)
{
	struct lk_test_host *host = open_puppet("{\"name\": \"x\", \"token\": \"literal\"}");
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, ask_elsewhere, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	close_host_with(host, "secret() called off the lane");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(broken_laws_are_told, laws),
	SUITE_TEST(a_peer_may_send_a_secret_back),
	SUITE_TEST(completing_what_was_not_accepted_is_told),
	SUITE_TEST(completions_come_from_any_thread),
	SUITE_TEST(a_function_of_the_lane_on_another_thread_is_told),
};

SUITE_MAIN("testhost_laws", tests)
