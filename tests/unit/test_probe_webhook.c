/* Tests of Test connection with the webhook plugin, over plain http: what it sends. */
#include <sys/stat.h>

#include "core/probe.h"
#include "hosting.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "httpd/server.h"
#include "suite.h"

static const char *const plugins[] = {"webhook", NULL};

/* What the receiver got last. */
static struct receiver {
	struct http_server *server;
	unsigned requests;
	char method[16], type[64], body[64], authorization[64];
} receiver;

static void on_request(void *arg, struct http_request *request)
{
	const char *type = http_request_header(request, "Content-Type");
	const char *authorization = http_request_header(request, "Authorization");
	struct http_reply reply = {.status = 204};

	(void)arg;
	receiver.requests++;
	snprintf(receiver.method, sizeof(receiver.method), "%s", request->method);
	snprintf(receiver.type, sizeof(receiver.type), "%s", type ? type : "");
	snprintf(receiver.authorization, sizeof(receiver.authorization), "%s",
	         authorization ? authorization : "");
	snprintf(receiver.body, sizeof(receiver.body), "%s", (const char *)request->body);
	http_reply(request, &reply);
}

static void begin(const char *settings)
{
	struct http_options options = {.address = "127.0.0.1", .handle = on_request};
	char text[1024];
	struct err e = {0};

	receiver = (struct receiver){0};
	ck_assert_msg(http_server_start(&options, &receiver.server, &e) == 0, "%s", e.text);
	hosting_begin(plugins, "\"127.0.0.0/8\"");
	folder_write("secrets/word", "s3cret");
	ck_assert_int_eq(chmod(folder_path("secrets/word"), 0600), 0);
	snprintf(text, sizeof(text), "url = \"%s/\"; %s", http_server_url(receiver.server),
	         settings);
	hosting_define("Hook", "webhook", text);
	hosting_start((struct host_options){.lanes = 1});
}

static void end(void)
{
	hosting_end();
	http_server_stop(receiver.server, 0);
}

static struct outcome *probe(void)
{
	struct send_answer answer;
	struct err e = {0};

	ck_assert_msg(host_probe_wait(hosting.host, hosting_deployment("Hook"), &answer, &e) == 0,
	              "%s", e.text);
	return answer.outcome;
}

static void expect(const char *reason)
{
	struct outcome *o = probe();

	ck_assert_msg(strcmp(o->reason, reason) == 0, "%s: %s", o->reason,
	              o->detail ? o->detail : "");
	outcome_destroy(o);
}

static const struct sent_row {
	const char *settings;
	const char *method, *type, *body;
} sent_rows[] = {
	{"method = \"POST\";", "POST", "", ""},
	{"method = \"POST\"; test: { method = \"GET\"; };", "GET", "", ""},
	{"method = \"GET\"; test: { method = \"HEAD\"; };", "HEAD", "", ""},
	{"method = \"PUT\"; test: { body = \"{}\"; };", "PUT", "application/json", "{}"},
	{"method = \"PUT\"; test: { body = \"hello\"; content_type = \"text/plain\"; };", "PUT",
         "text/plain", "hello"},
	{"method = \"PUT\"; content_type = \"text/x\"; test: { body = \"a\"; };", "PUT", "text/x",
         "a"},
	{"method = \"POST\"; test: { body = \"a ${secret:file/word}\"; };", "POST", "", "a s3cret"},
};

START_TEST(it_sends_what_the_settings_say)
{
	const struct sent_row *row = &sent_rows[_i];

	begin(row->settings);
	expect("ok");
	ck_assert_str_eq(receiver.method, row->method);
	ck_assert_str_eq(receiver.type, row->type);
	ck_assert_str_eq(receiver.body, row->body);
	end();
}
END_TEST

START_TEST(it_sends_headers_with_their_secrets)
{
	begin("method = \"GET\"; headers = ( { name = \"Authorization\"; value = \"Bearer "
	      "${secret:file/word}\"; } );");
	expect("ok");
	ck_assert_str_eq(receiver.authorization, "Bearer s3cret");
	end();
}
END_TEST

START_TEST(to_connect_alone_sends_nothing)
{
	begin("method = \"POST\"; test: { kind = \"connect\"; };");
	struct outcome *o = probe();
	ck_assert_str_eq(o->reason, "ok");
	ck_assert_int_eq(o->result, LK_DONE);
	ck_assert_uint_eq(o->status, 0);
	ck_assert_ptr_nonnull(outcome_attr(o, "time.connect_us"));
	ck_assert_ptr_nonnull(outcome_attr(o, "peer.address"));
	ck_assert_ptr_null(outcome_attr(o, "time.first_byte_us"));
	outcome_destroy(o);
	end();
	ck_assert_uint_eq(receiver.requests, 0);
}
END_TEST

START_TEST(to_connect_alone_needs_no_arguments_of_the_url)
{
	begin("method = \"POST\"; test: { kind = \"connect\"; };");
	hosting_define("Hook", "webhook",
	               "method = \"POST\"; url = \"http://127.0.0.1:1/{id}\"; required_uri = ( "
	               "\"id\" ); test: { kind = \"connect\"; };");
	conf_finish(&hosting.conf);
	conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report);
	expect("refused");
	end();
}
END_TEST

START_TEST(a_request_without_its_arguments_says_which)
{
	begin("method = \"POST\";");
	hosting_define("Hook", "webhook",
	               "method = \"POST\"; url = \"http://127.0.0.1:1/{id}\"; required_uri = ( "
	               "\"id\" );");
	conf_finish(&hosting.conf);
	conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report);
	expect("uri_missing");
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(it_sends_what_the_settings_say, sent_rows),
	SUITE_TEST(it_sends_headers_with_their_secrets),
	SUITE_TEST(to_connect_alone_sends_nothing),
	SUITE_TEST(to_connect_alone_needs_no_arguments_of_the_url),
	SUITE_TEST(a_request_without_its_arguments_says_which),
};

SUITE_MAIN("probe_webhook", tests)
