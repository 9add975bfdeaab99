/* The receiver: its script, what it prints, and a run from the first line to the last. */
#include "linkspan/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "http_peer.h"
#include "httpd/request.h"
#include "suite.h"
#include "json/json.h"

/*
 * The script
 */

static const struct {
	const char *text;
	unsigned statuses[8]; /* of the first requests */
} script_rows[] = {
	{"200", {200, 200, 200, 200, 200, 200, 200, 200}},
	{"503x2,200", {503, 503, 200, 200, 200, 200, 200, 200}},
	{"503,429x3,201,599", {503, 429, 429, 429, 201, 599, 599, 599}},
	{"404x1", {404, 404, 404, 404, 404, 404, 404, 404}},
	{"200x2,500x2,204", {200, 200, 500, 500, 204, 204, 204, 204}},
	{"200,500x999999999", {200, 500, 500, 500, 500, 500, 500, 500}},
};

START_TEST(a_script_answers_in_order_and_repeats_the_last)
{
	struct listen_script script;

	ck_assert_int_eq(listen_parse_script(script_rows[_i].text, &script, NULL), 0);
	for (uint64_t i = 0; i < 8; i++)
		ck_assert_uint_eq(listen_script_status(&script, i), script_rows[_i].statuses[i]);
	ck_assert_uint_eq(listen_script_status(&script, UINT64_MAX),
	                  script.steps[script.count - 1].status);
}
END_TEST

START_TEST(without_a_script_all_is_well)
{
	const struct listen_script script = {.count = 0};

	ck_assert_uint_eq(listen_script_status(&script, 0), 200);
	ck_assert_uint_eq(listen_script_status(&script, 1000), 200);
}
END_TEST

static const struct {
	const char *text, *named; /* what the message points at */
} bad_script_rows[] = {
	{"", "\"\""},
	{"abc", "\"abc\""},
	{"199", "\"199\""},
	{"600", "\"600\""},
	{"100", "\"100\""},
	{"-200", "\"-200\""},
	{"+200", "\"+200\""},
	{" 200", "\" 200\""},
	{"0x200", "\"0x200\""},
	{"200,", "\"\""},
	{",200", "\"\""},
	{"200,,200", "\"\""},
	{"200;200", "\"200;200\""},
	{"200x", "\"200x\""},
	{"200x0,201", "\"200x0\""},
	{"200x-1", "\"200x-1\""},
	{"200x1x2", "\"200x1x2\""},
	{"200x4294967296", "\"200x4294967296\""},
	{"503x2,20", "\"20\""},
	{"2000", "\"2000\""},
	{"4294967496", "\"4294967496\""},
};

START_TEST(a_bad_script_is_refused_and_the_bad_part_named)
{
	struct listen_script script = {.count = 77};
	struct err e = {0};

	ck_assert_int_eq(listen_parse_script(bad_script_rows[_i].text, &script, &e), ERR_USAGE);
	ck_assert_msg(strstr(e.text, bad_script_rows[_i].named), "%s: %s", bad_script_rows[_i].text,
	              e.text);
	ck_assert_uint_eq(script.count, 77);
}
END_TEST

START_TEST(a_script_has_as_many_steps_as_fit_and_no_more)
{
	struct listen_script script;
	struct buf text;
	struct err e = {0};

	buf_init(&text, BUF_MAX_LINE);
	for (int i = 0; i < LISTEN_STEPS_MAX; i++)
		buf_printf(&text, "%s%d", i ? "," : "", 200 + i);
	ck_assert_int_eq(listen_parse_script(buf_str(&text), &script, NULL), 0);
	ck_assert_uint_eq(listen_script_status(&script, LISTEN_STEPS_MAX),
	                  200 + LISTEN_STEPS_MAX - 1);
	buf_add_str(&text, ",500");
	ck_assert_int_eq(listen_parse_script(buf_str(&text), &script, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "64 steps"));
	buf_finish(&text);
}
END_TEST

/*
 * What is printed
 */

static const struct http_pair two_headers[] = {{"Host", "h"}, {"X-A", "b"}};

#define REQUEST(body_text)                                                                         \
	{                                                                                          \
		.method = "POST", .target = "/a?b=c", .version = "HTTP/1.1",                       \
		.headers = two_headers, .header_count = 2, .body = (body_text),                    \
		.body_bytes = sizeof(body_text) - 1, .connection = 3,                              \
	}

#define TEXT_HEAD                                                                                  \
	"1970-01-01T00:00:00.000Z connection 3: POST /a?b=c HTTP/1.1 -> 200\n"                     \
	"  Host: h\n  X-A: b\n"

static const struct {
	struct http_request request;
	const char *text;       /* for people */
	const char *key, *body; /* in JSON */
} print_rows[] = {
	{REQUEST(""), TEXT_HEAD "\n", "body", ""},
	{REQUEST("{}"), TEXT_HEAD "\n{}\n\n", "body", "{}"},
	{REQUEST("a\n"), TEXT_HEAD "\na\n\n", "body", "a\n"},
	{REQUEST("\xc3\xa4\t\r\n"), TEXT_HEAD "\n\xc3\xa4\t\r\n\n", "body", "\xc3\xa4\t\r\n"},
	{REQUEST("\x1b[2J\x7f\xc2\x9b"), TEXT_HEAD "\n\\x1b[2J\\x7f\\xc2\\x9b\n\n", "body",
         "\x1b[2J\x7f\xc2\x9b"},
	{REQUEST("a\0b"), TEXT_HEAD "\n(3 bytes that are not text)\n\n", "body_base64", "YQBi"},
	{REQUEST("\xff"), TEXT_HEAD "\n(1 bytes that are not text)\n\n", "body_base64", "/w=="},
	{REQUEST("\xff\xfe"), TEXT_HEAD "\n(2 bytes that are not text)\n\n", "body_base64", "//4="},
	{REQUEST("\xff\0\xfe"), TEXT_HEAD "\n(3 bytes that are not text)\n\n", "body_base64",
         "/wD+"},
	{REQUEST("\xff\0\xfe\x10"), TEXT_HEAD "\n(4 bytes that are not text)\n\n", "body_base64",
         "/wD+EA=="},
};

START_TEST(requests_are_printed_for_people)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(listen_print(&print_rows[_i].request, 200, 0, LISTEN_TEXT, &text), 0);
	ck_assert_str_eq(buf_str(&text), print_rows[_i].text);
	buf_finish(&text);
}
END_TEST

START_TEST(requests_are_printed_as_one_line_of_json)
{
	const struct http_request *request = &print_rows[_i].request;
	struct json *object = NULL;
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(listen_print(request, 503, 1, LISTEN_JSON, &text), 0);
	ck_assert_ptr_eq(strchr(buf_str(&text), '\n'), text.data + text.len_bytes - 1);
	ck_assert_int_eq(json_read(text.data, text.len_bytes, &object, NULL), 0);
	ck_assert_str_eq(json_as_string(json_get(object, "time")), "1970-01-01T00:00:00.001Z");
	ck_assert_int_eq(json_as_int(json_get(object, "connection")), 3);
	ck_assert_str_eq(json_as_string(json_get(object, "method")), "POST");
	ck_assert_str_eq(json_as_string(json_get(object, "target")), "/a?b=c");
	ck_assert_str_eq(json_as_string(json_get(object, "version")), "HTTP/1.1");
	const struct json *headers = json_get(object, "headers");
	ck_assert_uint_eq(json_count(headers), 2);
	ck_assert_str_eq(json_as_string(json_at(json_at(headers, 1), 0)), "X-A");
	ck_assert_str_eq(json_as_string(json_at(json_at(headers, 1), 1)), "b");
	ck_assert_str_eq(json_as_string(json_get(object, print_rows[_i].key)), print_rows[_i].body);
	ck_assert_int_eq(json_as_int(json_get(object, "body_bytes")), (int64_t)request->body_bytes);
	ck_assert_int_eq(json_as_int(json_get(object, "status")), 503);
	ck_assert_uint_eq(json_count(object), 9);
	json_free(object);
	buf_finish(&text);
}
END_TEST

START_TEST(headers_that_are_not_utf8_are_read_as_latin1)
{
	static const struct http_pair headers[] = {{"X-A", "caf\xe9\x80"}};
	const struct http_request request = {.method = "GET",
	                                     .target = "/\xfc",
	                                     .version = "HTTP/1.1",
	                                     .headers = headers,
	                                     .header_count = 1,
	                                     .body = ""};
	struct json *object = NULL;
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(listen_print(&request, 200, 0, LISTEN_JSON, &text), 0);
	ck_assert_int_eq(json_read(text.data, text.len_bytes, &object, NULL), 0);
	const struct json *pair = json_at(json_get(object, "headers"), 0);
	ck_assert_str_eq(json_as_string(json_at(pair, 1)), "caf\xc3\xa9\xc2\x80");
	ck_assert_str_eq(json_as_string(json_get(object, "target")), "/\xc3\xbc");
	json_free(object);
	buf_clear(&text);
	ck_assert_int_eq(listen_print(&request, 200, 0, LISTEN_TEXT, &text), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "  X-A: caf\\xe9\\x80\n"));
	buf_finish(&text);
}
END_TEST

START_TEST(without_memory_nothing_is_printed)
{
	static const struct http_request request = REQUEST("\xff");
	struct buf text;

	for (int output = LISTEN_TEXT; output <= LISTEN_JSON; output++) {
		bool pending = false;

		for (unsigned n = 1; !pending; n++) {
			buf_init(&text, BUF_MAX_TEXT);
			mem_fail_at(n);
			int rc = listen_print(&request, 200, 0, (enum listen_output)output, &text);
			pending = mem_fail_pending();
			mem_fail_at(0);
			ck_assert_int_eq(rc, pending ? 0 : ERR_NO_MEMORY);
			buf_finish(&text);
		}
	}
}
END_TEST

/*
 * A run
 */

struct run {
	struct listen_options options;
	pthread_t thread;
	FILE *log; /* the reading end */
	char *printed;
	size_t printed_bytes;
	uint16_t port;
	int rc;
	struct err e;
};

static void *run_listen(void *arg)
{
	struct run *run = arg;

	run->rc = listen_run(&run->options, &run->e);
	fclose(run->options.log);
	return NULL;
}

static void run_start(struct run *run)
{
	char line[128], expected[128];
	int fds[2];
	unsigned port;

	ck_assert_int_eq(pipe(fds), 0);
	run->log = fdopen(fds[0], "r");
	run->options.log = fdopen(fds[1], "w");
	if (!run->options.out)
		run->options.out = open_memstream(&run->printed, &run->printed_bytes);
	ck_assert_int_eq(pthread_create(&run->thread, NULL, run_listen, run), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), run->log));
	ck_assert_int_eq(sscanf(line, "listening on http://127.0.0.1:%u", &port), 1);
	snprintf(expected, sizeof(expected), "listening on http://127.0.0.1:%u\n", port);
	ck_assert_str_eq(line, expected);
	run->port = (uint16_t)port;
}

/* Until it has ended, with this last line. */
static void run_end(struct run *run, int rc, const char *summary)
{
	char line[128];

	ck_assert_ptr_nonnull(fgets(line, sizeof(line), run->log));
	ck_assert_str_eq(line, summary);
	pthread_join(run->thread, NULL);
	ck_assert_msg(run->rc == rc, "%d, %s", run->rc, run->e.text);
	fclose(run->options.out);
	fclose(run->log);
}

static int dial(uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
	                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	                                    .sin_port = htons(port)};

	return peer_dial((const struct sockaddr *)&address, sizeof(address));
}

static const char *ask(int fd, const char *request)
{
	peer_say(fd, request);
	return peer_hear(fd);
}

START_TEST(a_run_answers_by_script_and_ends_after_its_count)
{
	static const char *const headers[] = {"Retry-After:3", "X-A: b c", NULL};
	struct run run = {.options = {.headers = headers,
	                              .body = "{\"a\": 1}",
	                              .count = 3,
	                              .output = LISTEN_JSON}};
	int first, second;

	ck_assert_int_eq(listen_parse_script("503x2,200", &run.options.script, NULL), 0);
	run_start(&run);
	first = dial(run.port);
	const char *reply =
		ask(first, "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}");
	ck_assert_uint_eq(peer_status(reply), 503);
	ck_assert_ptr_nonnull(strstr(reply, "\r\nRetry-After: 3\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "\r\nX-A: b c\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "\r\nContent-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "\r\n\r\n{\"a\": 1}"));
	reply = ask(first, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(reply), 503);
	second = dial(run.port);
	reply = ask(second, "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(reply), 200);
	run_end(&run, 0, "3 requests over 2 connections\n");

	size_t lines = 0;
	for (char *line = run.printed, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
		static const int64_t connections[] = {1, 1, 2}, statuses[] = {503, 503, 200};
		struct json *object = NULL;

		ck_assert_int_eq(json_read(line, (size_t)(end - line), &object, NULL), 0);
		ck_assert_int_eq(json_as_int(json_get(object, "connection")), connections[lines]);
		ck_assert_int_eq(json_as_int(json_get(object, "status")), statuses[lines]);
		ck_assert_int_eq(json_as_string(json_get(object, "target"))[1],
		                 (char)('1' + lines));
		json_free(object);
	}
	ck_assert_uint_eq(lines, 3);
	close(first);
	close(second);
	free(run.printed);
}
END_TEST

START_TEST(trace_gets_its_request_back_without_secrets)
{
	struct run run = {.options = {.count = 1, .quiet = true}};

	run_start(&run);
	int fd = dial(run.port);
	const char *reply =
		ask(fd, "TRACE /t?x HTTP/1.1\r\nHost: h\r\nauthorization: Basic eA==\r\n"
	                "Cookie: a=b\r\nX-A: b\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(reply, "\r\nContent-Type: message/http\r\n"));
	ck_assert_str_eq(strstr(reply, "\r\n\r\n") + 4,
	                 "TRACE /t?x HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n");
	run_end(&run, 0, "1 request over 1 connection\n");
	ck_assert_uint_eq(run.printed_bytes, 0);
	close(fd);
	free(run.printed);
}
END_TEST

START_TEST(delayed_answers_wait_side_by_side)
{
	enum { DELAY_MS = 200, PEERS = 8 };
	struct run run = {.options = {.delay_ms = DELAY_MS, .count = PEERS, .quiet = true}};
	static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	int fds[PEERS];

	run_start(&run);
	int64_t begin_ms = clock_system.mono_ms();
	for (int i = 0; i < PEERS; i++) {
		fds[i] = dial(run.port);
		if (i > 0)
			peer_say(fds[i], request);
	}
	ask(fds[0], request);
	ck_assert_int_ge(clock_system.mono_ms() - begin_ms, DELAY_MS);
	for (int i = 1; i < PEERS; i++)
		ck_assert_uint_eq(peer_status(peer_hear(fds[i])), 200);
	run_end(&run, 0, "8 requests over 8 connections\n");
	for (int i = 0; i < PEERS; i++)
		close(fds[i]);
	free(run.printed);
}
END_TEST

static const int ending_signals[] = {SIGINT, SIGTERM};

START_TEST(a_signal_ends_it_cleanly_even_while_answers_wait)
{
	struct run run = {.options = {.delay_ms = 10000000}};
	static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	sigset_t both;

	/* In the program, listen_run() has the main thread; here the other one must not take it. */
	sigemptyset(&both);
	sigaddset(&both, ending_signals[_i]);
	pthread_sigmask(SIG_BLOCK, &both, NULL);
	run_start(&run);
	int fd = dial(run.port);
	peer_say(fd, request);
	while (fflush(run.options.out) == 0 && run.printed_bytes == 0)
		usleep(1000);
	kill(getpid(), ending_signals[_i]);
	run_end(&run, 0, "1 request over 1 connection\n");
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 503);
	close(fd);
	free(run.printed);
}
END_TEST

START_TEST(a_full_disk_under_its_output_ends_it_with_the_reason)
{
	struct run run = {.options = {.out = fopen("/dev/full", "w")}};

	run_start(&run);
	int fd = dial(run.port);
	const char *reply = ask(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(reply), 200);
	run_end(&run, ERR_IO, "1 request over 1 connection\n");
	ck_assert_ptr_nonnull(strstr(run.e.text, "No space left"));
	close(fd);
}
END_TEST

static const struct {
	const char *header, *named;
} bad_header_rows[] = {
	{"no colon", "Name: value"},
	{": x", "cannot be sent"},
	{"X-Empty:", "empty"},
	{"X Y: z", "cannot be sent"},
	{"X: a\r\nY: b", "cannot be sent"},
	{"Content-Length: 3", "itself"},
	{"transfer-encoding: chunked", "itself"},
	{"Connection: upgrade", "itself"},
};

START_TEST(headers_that_cannot_be_sent_are_refused)
{
	const char *const headers[] = {"X-Good: 1", bad_header_rows[_i].header, NULL};
	const struct listen_options options = {.headers = headers};
	struct err e = {0};

	ck_assert_int_eq(listen_run(&options, &e), ERR_USAGE);
	ck_assert_msg(strstr(e.text, bad_header_rows[_i].named), "%s", e.text);
}
END_TEST

START_TEST(https_needs_both_files_and_they_must_be_readable)
{
	struct listen_options options = {.certificate_file = "/nonexistent/c.pem"};
	struct err e = {0};

	ck_assert_int_eq(listen_run(&options, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "and its key"));
	err_clear(&e);
	options.key_file = "/nonexistent/k.pem";
	ck_assert_int_eq(listen_run(&options, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent/c.pem"));
	err_clear(&e);
	options.certificate_file = options.key_file = "/dev/null";
	ck_assert_int_eq(listen_run(&options, &e), ERR_INVALID);
	err_clear(&e);
	options.certificate_file = "/dev/zero";
	ck_assert_int_eq(listen_run(&options, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "too large"));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_script_answers_in_order_and_repeats_the_last, script_rows),
	SUITE_TEST(without_a_script_all_is_well),
	SUITE_LOOP(a_bad_script_is_refused_and_the_bad_part_named, bad_script_rows),
	SUITE_TEST(a_script_has_as_many_steps_as_fit_and_no_more),
	SUITE_LOOP(requests_are_printed_for_people, print_rows),
	SUITE_LOOP(requests_are_printed_as_one_line_of_json, print_rows),
	SUITE_TEST(headers_that_are_not_utf8_are_read_as_latin1),
	SUITE_TEST(without_memory_nothing_is_printed),
	SUITE_TEST(a_run_answers_by_script_and_ends_after_its_count),
	SUITE_TEST(trace_gets_its_request_back_without_secrets),
	SUITE_TEST(delayed_answers_wait_side_by_side),
	SUITE_LOOP(a_signal_ends_it_cleanly_even_while_answers_wait, ending_signals),
	SUITE_TEST(a_full_disk_under_its_output_ends_it_with_the_reason),
	SUITE_LOOP(headers_that_cannot_be_sent_are_refused, bad_header_rows),
	SUITE_TEST(https_needs_both_files_and_they_must_be_readable),
};

SUITE_MAIN("listen", tests)
