/* Tests of a lane with the webhook plugin: slow names, sleeping links, retries, renewed secrets. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "hosting.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "httpd/server.h"
#include "suite.h"

static const char *const plugins[] = {"webhook", NULL};
static const char loopback[] = "\"127.0.0.0/8\"";

/* A receiver that answers with one status after the other, and counts. */
static struct receiver {
	struct http_server *server;
	unsigned port;
	const unsigned *statuses; /* NULL: always 200; ends with 0, the last one repeats */
	atomic_uint requests;
	char authorization[64]; /* of the last request */
	atomic_uint typed;      /* requests whose body names their type */
} receiver;

static void on_request(void *arg, struct http_request *request)
{
	unsigned number = atomic_fetch_add(&receiver.requests, 1);
	const char *authorization = http_request_header(request, "Authorization");
	unsigned i = 0;

	(void)arg;
	if (http_request_header_count(request, "Content-Type") == 1 &&
	    strcmp(http_request_header(request, "Content-Type"), request->body) == 0)
		atomic_fetch_add(&receiver.typed, 1);
	snprintf(receiver.authorization, sizeof(receiver.authorization), "%s",
	         authorization ? authorization : "");
	while (receiver.statuses && i < number && receiver.statuses[i + 1])
		i++;
	struct http_reply reply = {.status = receiver.statuses ? receiver.statuses[i] : 200};
	http_reply(request, &reply);
}

static void receiver_start(const unsigned *statuses)
{
	struct http_options options = {
		.address = "127.0.0.1", .handle = on_request, .connections_max = 1000};
	struct err e = {0};

	receiver = (struct receiver){.statuses = statuses};
	ck_assert_msg(http_server_start(&options, &receiver.server, &e) == 0, "%s", e.text);
	receiver.port =
		(unsigned)strtoul(strrchr(http_server_url(receiver.server), ':') + 1, NULL, 10);
}

static void define(const char *name, const char *host, const char *method, const char *more)
{
	char settings[1024];

	snprintf(settings, sizeof(settings),
	         "method = \"%s\"; url = \"http://%s:%u/\"; connection_timeout_ms = 60000; "
	         "request_timeout_ms = 60000; %s",
	         method, host, receiver.port, more);
	hosting_define(name, "webhook", settings);
}

/* A resolver whose answer for one name is held back. */
static struct gate {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool open;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

static int slow_lookup(const char *name, uint16_t port, struct sockaddr_storage *ret, size_t cap,
                       char *text, size_t text_bytes)
{
	struct sockaddr_in *in = (void *)ret;

	(void)cap;
	(void)text;
	(void)text_bytes;
	if (strcmp(name, "slow.test") == 0) {
		pthread_mutex_lock(&gate.lock);
		while (!gate.open)
			pthread_cond_wait(&gate.wake, &gate.lock);
		pthread_mutex_unlock(&gate.lock);
	}
	*in = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	return 1;
}

static void open_gate(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.wake);
	pthread_mutex_unlock(&gate.lock);
}

/* Order, not time: the slow name answers only after all the others are delivered. */
START_TEST(a_slow_name_holds_up_nobody_else)
{
	struct hosting_count slow, fast;

	hosting_count_init(&slow);
	hosting_count_init(&fast);
	receiver_start(NULL);
	hosting_begin(plugins, loopback);
	define("Slow", "slow.test", "POST", "");
	define("Fast1", "fast.test", "POST", "");
	define("Fast2", "127.0.0.1", "POST", "");
	hosting_start((struct host_options){.lanes = 1, .lookup = slow_lookup});
	hosting_open("Slow");
	hosting_open("Fast1");
	hosting_open("Fast2");
	hosting_post("Slow", "{}", &slow);
	for (int i = 0; i < 500; i++) {
		hosting_post("Fast1", "{}", &fast);
		hosting_post("Fast2", "{}", &fast);
	}
	hosting_wait(&fast, 1000);
	ck_assert_uint_eq(fast.delivered, 1000);
	ck_assert_uint_eq(slow.answers, 0);
	open_gate();
	hosting_wait(&slow, 1);
	ck_assert_uint_eq(slow.delivered, 1);
	hosting_end();
	ck_assert_uint_eq(receiver.requests, 1001);
	http_server_stop(receiver.server, 0);
}
END_TEST

static unsigned count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

enum { SLEEPERS = 10000 };

START_TEST(links_that_sent_nothing_hold_no_descriptor)
{
	hosting_begin(plugins, loopback);
	hosting_define("Sleeper", "webhook",
	               "method = \"POST\"; url = \"https://receiver.test/\";");
	hosting_start((struct host_options){.lanes = 1});
	unsigned before = count_descriptors();
	for (int i = 0; i < SLEEPERS; i++) {
		struct deployment *d = hosting_deployment("Sleeper");
		struct err e = {0};
		char *name = arena_printf(&d->arena, "Sleeper%d", i);
		d->settings.connection = name;
		ck_assert_msg(host_open(hosting.host, d, &e) == 0, "%s", e.text);
	}
	ck_assert_uint_eq(count_descriptors(), before);
	hosting_end();
}
END_TEST

enum { FEW_DESCRIPTORS = 256, MANY_LINKS = 300 };

/* A receiver in a process of its own, with descriptors of its own. */
static pid_t receiver_fork(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		receiver_start(NULL);
		if (write(ends[1], &receiver.port, sizeof(receiver.port)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ends[0], &receiver.port, sizeof(receiver.port)),
	                 sizeof(receiver.port));
	close(ends[0]);
	close(ends[1]);
	return child;
}

static atomic_uint delivered, no_descriptor, otherwise;

static void on_scarce(void *arg, const struct send_answer *answer)
{
	const struct outcome *o = answer->outcome;
	bool scarce =
		strcmp(o->reason, "no_descriptor") == 0 || strcmp(o->reason, "no_memory") == 0;

	atomic_fetch_add(o->result == LK_DONE ? &delivered
	                 : scarce             ? &no_descriptor
	                                      : &otherwise,
	                 1);
	ck_assert(!scarce || strstr(o->detail, "file descriptors"));
	hosting_counted(arg, answer);
}

START_TEST(more_links_than_descriptors_end_in_clear_errors)
{
	struct rlimit few = {FEW_DESCRIPTORS, FEW_DESCRIPTORS};
	struct hosting_count count;
	pid_t peer = receiver_fork();

	hosting_count_init(&count);
	hosting_begin(plugins, loopback);
	define("Peer", "127.0.0.1", "POST", "retry_inline = 0;");
	hosting_start((struct host_options){.lanes = 1});
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int i = 0; i < MANY_LINKS; i++) {
		struct deployment *d = hosting_deployment("Peer");
		char *name = arena_printf(&d->arena, "Peer%d", i);
		d->settings.connection = name;
		ck_assert_int_eq(host_open(hosting.host, d, NULL), 0);
		struct send_call call = {.connection = name,
		                         .environment = "Test",
		                         .message = hosting_message("{}")};
		ck_assert_int_eq(host_send(hosting.host, &call, on_scarce, &count, NULL), 0);
		message_unref(call.message);
	}
	hosting_wait(&count, MANY_LINKS);
	ck_assert_uint_eq(otherwise, 0);
	ck_assert_uint_gt(delivered, 0);
	ck_assert_uint_gt(no_descriptor, 0);
	hosting_end();
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
}
END_TEST

static const struct retry_row {
	const char *method;
	unsigned statuses[4];
	const char *more;
	const char *reason;
	unsigned attempts;
} retry_rows[] = {
	{"GET", {503, 200, 0}, "", "ok", 2},
	{"PUT", {500, 200, 0}, "", "ok", 2},
	{"POST", {503, 200, 0}, "", "http_503", 1}, /* may have been taken: not repeated */
	{"GET", {503, 503, 200, 0}, "", "http_503", 2},
	{"GET", {503, 503, 200, 0}, "retry_inline = 2;", "ok", 3},
	{"GET", {503, 200, 0}, "retry_inline = 0;", "http_503", 1},
	{"GET", {404, 200, 0}, "", "http_4xx", 1},
};

START_TEST(direct_calls_are_repeated_only_where_that_is_safe)
{
	const struct retry_row *row = &retry_rows[_i];

	receiver_start(row->statuses);
	hosting_begin(plugins, loopback);
	define("Peer", "127.0.0.1", row->method, row->more);
	hosting_start((struct host_options){.lanes = 1});
	hosting_open("Peer");
	struct send_answer answer = hosting_send("Peer", NULL);
	ck_assert_str_eq(answer.outcome->reason, row->reason);
	ck_assert_uint_eq(answer.attempts, row->attempts);
	ck_assert_uint_eq(receiver.requests, row->attempts);
	outcome_destroy(answer.outcome);
	hosting_end();
	http_server_stop(receiver.server, 0);
}
END_TEST

static void write_token(const char *text)
{
	folder_write("secrets/token", text);
	ck_assert_int_eq(chmod(folder_path("secrets/token"), 0600), 0);
}

static const struct renew_row {
	const char *fresh;
	const char *reason, *seen;
	unsigned attempts;
} renew_rows[] = {
	{"new", "ok", "Bearer new", 2},
	{"old", "auth", "Bearer old", 1}, /* the same again would be refused again */
};

START_TEST(a_refused_secret_is_fetched_anew)
{
	static const unsigned statuses[] = {200, 401, 200, 0};
	const struct renew_row *row = &renew_rows[_i];

	clock_fake_set(1000000, 1700000000000);
	receiver_start(statuses);
	hosting_begin(plugins, loopback);
	write_token("old");
	define("Peer", "127.0.0.1", "POST",
	       "headers = ( { name = \"Authorization\"; value = \"Bearer ${secret:file/token}\"; } );");
	hosting_start((struct host_options){.lanes = 1, .clock = &clock_fake});
	hosting_open("Peer");
	hosting_expect("Peer", "ok");
	ck_assert_str_eq(receiver.authorization, "Bearer old");
	write_token(row->fresh);
	clock_fake_advance(20000);
	struct send_answer answer = hosting_send("Peer", "{}");
	ck_assert_str_eq(answer.outcome->reason, row->reason);
	ck_assert_uint_eq(answer.attempts, row->attempts);
	ck_assert_str_eq(receiver.authorization, row->seen);
	outcome_destroy(answer.outcome);
	hosting_end();
	http_server_stop(receiver.server, 0);
}
END_TEST

/* Each message is sent with its own type, whatever those beside it have; "own" is the connection's. */
START_TEST(types_are_not_mixed_up)
{
	static const char *const types[] = {"a/1", "a/1", "a/1", "b/2", "b/2", NULL, "c/3"};
	enum { TYPES = sizeof(types) / sizeof(types[0]), COUNT = 100 * TYPES };
	struct hosting_count all;

	hosting_count_init(&all);
	receiver_start(NULL);
	hosting_begin(plugins, loopback);
	define("Peer", "127.0.0.1", "POST", "content_type = \"own\"; pool_size = 8;");
	hosting_start((struct host_options){.lanes = 1});
	hosting_open("Peer");
	for (int i = 0; i < COUNT; i++) {
		/* One after the other at first, then many at once. */
		const char *type = types[i % TYPES], *body = type ? type : "own";
		struct message_parts parts = {
			.body = body, .body_bytes = strlen(body), .content_type = type};
		struct send_call call = {.connection = "Peer", .environment = "Test"};
		ck_assert_int_eq(message_create(&parts, &call.message, NULL), 0);
		ck_assert_int_eq(host_send(hosting.host, &call, hosting_counted, &all, NULL), 0);
		message_unref(call.message);
		if (i < COUNT / 4)
			hosting_wait(&all, (unsigned)i + 1);
	}
	hosting_wait(&all, COUNT);
	hosting_end();
	ck_assert_uint_eq(receiver.typed, COUNT);
	http_server_stop(receiver.server, 0);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_slow_name_holds_up_nobody_else),
	SUITE_TEST(links_that_sent_nothing_hold_no_descriptor),
	SUITE_TEST(more_links_than_descriptors_end_in_clear_errors),
	SUITE_LOOP(direct_calls_are_repeated_only_where_that_is_safe, retry_rows),
	SUITE_LOOP(a_refused_secret_is_fetched_anew, renew_rows),
	SUITE_TEST(types_are_not_mixed_up),
};

SUITE_MAIN("lane_webhook", tests)
