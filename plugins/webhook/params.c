/* The parameters of the type `webhook`. */
#include "params.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "header.h"
#include "status.h"
#include "target.h"
#include "uritemplate.h"

#define ROWS(table)                                                                                \
	.sub = table, .sub_count = sizeof(table) / sizeof((table)[0]),                             \
	.sub_size = sizeof((table)[0])

static int check_url(const struct lk_value *value, const char **ret_message)
{
	struct target target;
	int rc = target_parse(value->u.s, &target, ret_message);

	if (rc == 0)
		target_finish(&target);
	return rc;
}

static int check_header_name(const struct lk_value *value, const char **ret_message)
{
	return header_check_name(value->u.s, ret_message);
}

static int check_header_value(const struct lk_value *value, const char **ret_message)
{
	return header_check_value(value->u.s, value->count, ret_message);
}

static int check_content_type(const struct lk_value *value, const char **ret_message)
{
	return value->count ? header_check_value(value->u.s, value->count, ret_message) : 0;
}

static int check_status(const struct lk_value *value, const char **ret_message)
{
	struct status_set set;

	return status_set_parse(value->u.s, &set, ret_message);
}

static const char *const methods[] = {"GET",     "POST",  "PUT",   "DELETE", "HEAD",
                                      "OPTIONS", "PATCH", "TRACE", NULL};
static const char *const test_kinds[] = {"request", "connect", NULL};
static const char *const tls_versions[] = {"1.2", "1.3", NULL};

static const struct lk_param name_rows[] = {
	{.name = "name",
         .type = LK_T_STRING,
         .label = "Name",
         .min = 1,
         .max = 128,
         .help = "The name of a variable of the URL template."},
};

static const struct lk_param header_rows[] = {
	[HEADER_NAME] =
		{.name = "name",
                 .type = LK_T_STRING,
                 .flags = LK_REQUIRED,
                 .label = "Header Name",
                 .help = "The name of the header: letters, digits and hyphens; not one that says how the "
                         "message travels, such as Host or Content-Length.",
                 .min = 1,
                 .max = HEADER_NAME_MAX_BYTES,
                 .check = check_header_name},
	[HEADER_VALUE] =
		{.name = "value",
                 .type = LK_T_STRING,
                 .flags = LK_REQUIRED | LK_PRIVATE,
                 .label = "Header Value",
                 .help = "The value of the header, without line breaks or other control characters; it may "
                         "hold ${secret:…} references.",
                 .min = 1,
                 .max = HEADER_VALUE_MAX_BYTES,
                 .check = check_header_value},
};

static const struct lk_param tls_rows[TLS_PARAMS] = {
	[TLS_CA_FILE] =
		{.name = "ca_file",
                 .type = LK_T_FILE,
                 .label = "CA file",
                 .help = "Certificates (PEM) that the receiver's certificate is verified against, in place "
                         "of the system's."},
	[TLS_CLIENT_CERTIFICATE] =
		{.name = "client_certificate",
                 .type = LK_T_FILE,
                 .label = "Client certificate",
                 .help = "The certificate (PEM) to show to a receiver that asks for one (mutual TLS)."},
	[TLS_CLIENT_KEY] = {.name = "client_key",
                            .type = LK_T_FILE,
                            .label = "Client key",
                            .help = "The private key (PEM) of the client certificate."},
	[TLS_CLIENT_KEY_PASSPHRASE] = {.name = "client_key_passphrase",
                                       .type = LK_T_STRING,
                                       .flags = LK_SECRET,
                                       .label = "Passphrase of the client key",
                                       .help = "The passphrase of the private key, if it has one."},
	[TLS_MINIMUM] = {.name = "minimum",
                         .type = LK_T_ENUM,
                         .def = "1.2",
                         .choices = tls_versions,
                         .label = "Minimum TLS version",
                         .help = "The oldest version of TLS that is spoken."},
	[TLS_VERIFY] =
		{.name = "verify",
                 .type = LK_T_BOOL,
                 .def = "true",
                 .label = "Verify certificate",
                 .help = "Whether the receiver's certificate must be valid; false lets anybody read and "
                         "change the messages."},
};

static const struct lk_param test_rows[TEST_PARAMS] = {
	[TEST_KIND] =
		{.name = "kind",
                 .type = LK_T_ENUM,
                 .def = "request",
                 .choices = test_kinds,
                 .label = "Kind of test",
                 .help = "Whether Test Connection sends a request, or ends once the connection, TLS included, is "
                         "ready."},
	[TEST_METHOD] =
		{.name = "method",
                 .type = LK_T_ENUM,
                 .choices = methods,
                 .when = "kind=request",
                 .label = "Method of the test",
                 .help = "The method of the request that Test Connection sends; unset, that of the "
                         "connection."},
	[TEST_BODY] = {.name = "body",
                       .type = LK_T_STRING,
                       .max = TEST_BODY_MAX_BYTES,
                       .when = "kind=request",
                       .flags = LK_PRIVATE,
                       .label = "Body of the test",
                       .help = "The body that Test Connection sends; unset, it sends none."},
	[TEST_CONTENT_TYPE] =
		{.name = "content_type",
                 .type = LK_T_STRING,
                 .max = 256,
                 .when = "kind=request",
                 .check = check_content_type,
                 .label = "Content type of the test",
                 .help = "The Content-Type of the test's body; unset, as for any other message."},
};

const struct lk_param webhook_params[PARAMS] = {
	[PARAM_METHOD] =
		{.name = "method",
                 .type = LK_T_ENUM,
                 .flags = LK_REQUIRED,
                 .choices = methods,
                 .label = "HTTP Method",
                 .group = "General",
                 .help = "The method of the request; with HEAD and TRACE a message has no body."},
	[PARAM_URL] =
		{.name = "url",
                 .type = LK_T_URL,
                 .flags = LK_REQUIRED | LK_TEMPLATE,
                 .min = 1,
                 .max = URITEMPLATE_MAX_BYTES,
                 .check = check_url,
                 .label = "Full URL",
                 .group = "General",
                 .help = "The absolute URL of the receiver; behind the host it may be an RFC 6570 URI "
                         "template that is expanded from the arguments of the call."},
	[PARAM_REQUIRED_URI] = {.name = "required_uri",
                                .type = LK_T_LIST,
                                .max = 100,
                                ROWS(name_rows),
                                .label = "Required URL arguments",
                                .group = "General",
                                .flags = LK_ADVANCED,
                                .help = "Variables of the URL template that a call must give."},
	[PARAM_ALLOW_INSECURE_HTTP] =
		{.name = "allow_insecure_http",
                 .type = LK_T_BOOL,
                 .def = "false",
                 .label = "Allow plain http",
                 .group = "Security",
                 .flags = LK_ADVANCED,
                 .help = "Permits a plain http URL in a protected environment."},
	[PARAM_HEADERS] = {.name = "headers",
                           .type = LK_T_LIST,
                           .max = 200,
                           ROWS(header_rows),
                           .label = "Headers",
                           .group = "Headers",
                           .help = "Headers of every request; those of the call come before them."},
	[PARAM_CONTENT_TYPE] =
		{.name = "content_type",
                 .type = LK_T_STRING,
                 .max = 256,
                 .label = "Content type",
                 .group = "Headers",
                 .check = check_content_type,
                 .help = "The Content-Type of bodies whose call gives none; unset, a body that is JSON is "
                         "called application/json and any other has no type."},
	[PARAM_CONNECTION_TIMEOUT_MS] =
		{.name = "connection_timeout_ms",
                 .type = LK_T_INT,
                 .def = "2000",
                 .min = 1000,
                 .max = 60000,
                 .label = "Connection timeout",
                 .group = "Settings",
                 .help = "Milliseconds from the look-up of the name until the connection, TLS included, is "
                         "ready."},
	[PARAM_REQUEST_TIMEOUT_MS] =
		{.name = "request_timeout_ms",
                 .type = LK_T_INT,
                 .def = "2000",
                 .min = 1000,
                 .max = 60000,
                 .label = "Timeout",
                 .group = "Settings",
                 .help = "Milliseconds from the hand-over of a message until the last byte of the reply, "
                         "look-up and connection included."},
	[PARAM_IDLE_TIMEOUT_S] =
		{.name = "idle_timeout_s",
                 .type = LK_T_INT,
                 .def = "60",
                 .min = 1,
                 .max = 3600,
                 .label = "Idle timeout",
                 .group = "Settings",
                 .flags = LK_ADVANCED,
                 .help = "Seconds without work after which the pool's connections are closed."},
	[PARAM_SUCCESS_STATUS] =
		{.name = "success_status",
                 .type = LK_T_STRING,
                 .def = "200-299",
                 .min = 1,
                 .max = 256,
                 .check = check_status,
                 .label = "Success status",
                 .group = "Settings",
                 .flags = LK_ADVANCED,
                 .help = "The statuses that mean delivered: codes and ranges, such as 200-204, 404."},
	[PARAM_TLS] =
		{.name = "tls",
                 .type = LK_T_GROUP,
                 ROWS(tls_rows),
                 .label = "TLS",
                 .group = "Security",
                 .help = "How the receiver is verified, and how we identify ourselves; the environment's "
                         "tls block gives the defaults."},
	[PARAM_TEST] = {.name = "test",
                        .type = LK_T_GROUP,
                        ROWS(test_rows),
                        .label = "Test Connection",
                        .group = "Settings",
                        .flags = LK_ADVANCED,
                        .help = "What Test Connection sends."},
};

static void add(struct lk_report *report, uint32_t severity, const char *path, const char *code,
                const char *message)
{
	report->add(report, severity, path, code, message);
}

/* inet_aton() reads every way to write an IPv4 address that libcurl reads. */
static bool is_loopback(const char *host)
{
	struct in_addr v4;

	if (inet_aton(host, &v4))
		return ntohl(v4.s_addr) >> 24 == 127;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

static void check_plain_http(const struct lk_settings *s, const struct target *target,
                             struct lk_report *report)
{
	if (target->https || is_loopback(target->host))
		return;
	if ((s->flags & LK_SETTINGS_PROTECTED) && !s->values[PARAM_ALLOW_INSECURE_HTTP]->u.i)
		add(report, LK_FAULT_ERROR, "url", "insecure_http",
		    "plain http in a protected environment; make it https, or set "
		    "allow_insecure_http = true");
	else
		add(report, LK_FAULT_WARNING, "url", "insecure_http",
		    "plain http: everybody on the way can read and change the messages");
}

static void check_required(const struct lk_settings *s, const struct target *target,
                           struct lk_report *report)
{
	const struct lk_value *required = s->values[PARAM_REQUIRED_URI];
	char path[40], message[256];

	for (uint32_t i = 0; i < required->count; i++) {
		const char *name = required->u.v[i]->u.s;
		if (!name || uritemplate_has(target->url, name))
			continue;
		snprintf(path, sizeof(path), "required_uri[%u]", i);
		snprintf(message, sizeof(message), "the url has no variable {%s}", name);
		add(report, LK_FAULT_ERROR, path, "unknown_variable", message);
	}
}

static void check_tls(const struct lk_settings *s, struct lk_report *report)
{
	const struct lk_value *const *tls = s->values[PARAM_TLS]->u.v;

	if (!tls[TLS_VERIFY]->u.i)
		add(report, LK_FAULT_WARNING, "tls.verify", "tls_unverified",
		    "the receiver's certificate is not verified: anybody can pose as the receiver");
	if (!tls[TLS_CLIENT_CERTIFICATE]->u.s != !tls[TLS_CLIENT_KEY]->u.s)
		add(report, LK_FAULT_ERROR, "tls", "client_key_pair",
		    "client_certificate and client_key are needed together");
}

static void check_test(const struct lk_settings *s, struct lk_report *report)
{
	const struct lk_value *const *test = s->values[PARAM_TEST]->u.v;
	const char *method =
		test[TEST_METHOD]->u.s ? test[TEST_METHOD]->u.s : s->values[PARAM_METHOD]->u.s;

	if (test[TEST_BODY]->u.s && test[TEST_BODY]->u.s[0] &&
	    (strcmp(method, "HEAD") == 0 || strcmp(method, "TRACE") == 0))
		add(report, LK_FAULT_ERROR, "test.body", "body_not_allowed",
		    "a request with HEAD or TRACE has no body; remove it, or set test.method");
}

static void check_twice(const struct lk_settings *s, struct lk_report *report)
{
	const struct lk_value *headers = s->values[PARAM_HEADERS];
	const struct lk_value *type = s->values[PARAM_CONTENT_TYPE];
	char path[40];

	for (uint32_t i = 0; i < headers->count; i++) {
		const char *name = headers->u.v[i]->u.v[HEADER_NAME]->u.s;
		bool twice = type->u.s && type->u.s[0] && strcasecmp(name, "Content-Type") == 0;
		for (uint32_t k = 0; k < i && !twice; k++)
			twice = strcasecmp(name, headers->u.v[k]->u.v[HEADER_NAME]->u.s) == 0;
		if (!twice)
			continue;
		snprintf(path, sizeof(path), "headers[%u].name", i);
		add(report, LK_FAULT_WARNING, path, "header_twice",
		    "this header is set twice; remove one of the two");
	}
}

static void check_literal_secrets(const struct lk_settings *s, struct lk_report *report)
{
	const struct lk_value *headers = s->values[PARAM_HEADERS];
	char path[40];

	for (uint32_t i = 0; i < headers->count; i++) {
		const struct lk_value *const *header = headers->u.v[i]->u.v;
		if (header[HEADER_VALUE]->secret || !header_is_sensitive(header[HEADER_NAME]->u.s))
			continue;
		snprintf(path, sizeof(path), "headers[%u].value", i);
		add(report, LK_FAULT_WARNING, path, "literal_secret",
		    "a secret is written out here; keep it with `linkspan secret set NAME` and "
		    "write ${secret:local/NAME}");
	}
}

void webhook_check(const struct lk_settings *settings, struct lk_report *report)
{
	const char *message = NULL;
	struct target target;

	check_tls(settings, report);
	check_test(settings, report);
	check_twice(settings, report);
	check_literal_secrets(settings, report);
	if (target_parse(settings->values[PARAM_URL]->u.s, &target, &message) < 0)
		return; /* its own row has said so */
	check_plain_http(settings, &target, report);
	check_required(settings, &target, report);
	target_finish(&target);
}
