/* The parameters of the type `webhook`, and what open() makes of their values. */
#pragma once

#include <linkspan/connector.h>

/* The rows, in the order of the table. */
enum param {
	PARAM_METHOD,
	PARAM_URL,
	PARAM_REQUIRED_URI,
	PARAM_ALLOW_INSECURE_HTTP,
	PARAM_HEADERS,
	PARAM_CONTENT_TYPE,
	PARAM_CONNECTION_TIMEOUT_MS,
	PARAM_REQUEST_TIMEOUT_MS,
	PARAM_IDLE_TIMEOUT_S,
	PARAM_SUCCESS_STATUS,
	PARAM_TLS,
	PARAM_TEST,
	PARAMS,
};

enum header_param { HEADER_NAME, HEADER_VALUE };

enum tls_param {
	TLS_CA_FILE,
	TLS_CLIENT_CERTIFICATE,
	TLS_CLIENT_KEY,
	TLS_CLIENT_KEY_PASSPHRASE,
	TLS_MINIMUM,
	TLS_VERIFY,
	TLS_PARAMS,
};

enum { TEST_BODY_MAX_BYTES = 64 * 1024 };

enum test_param { TEST_KIND, TEST_METHOD, TEST_BODY, TEST_CONTENT_TYPE, TEST_PARAMS };

extern const struct lk_param webhook_params[PARAMS];

/* struct lk_type.check: rules over several settings. */
void webhook_check(const struct lk_settings *settings, struct lk_report *report);
