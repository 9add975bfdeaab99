/* Secrets: a list, setting and removing those that the host keeps itself, and whether one can be had. */
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/audited.h"
#include "admin/body.h"
#include "admin/catalogue.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/secret.h"
#include "core/catalog.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "json/json.h"

const struct query_row api_secret_rows[SECRET_ROWS] = {
	[SECRET_DRY_RUN] = {.name = "dry_run",
                            .kind = QUERY_FLAG,
                            .help = "Says whether it could be done, and does nothing."},
};

const struct query_row api_secret_text_rows[TEXT_ROWS] = {
	[TEXT_TEXT] = {.name = "text",
                       .kind = QUERY_TEXT,
                       .min = 1,
                       .max = SECRET_MAX_BYTES,
                       .help = "The secret."},
};

const struct query_row api_secret_check_rows[CHECK_ROWS] = {
	[CHECK_REFERENCE] = {.name = "reference",
                             .kind = QUERY_TEXT,
                             .min = 1,
                             .max = 1024,
                             .help = "As in a definition, without `${secret:` and `}`: "
                                     "`PROVIDER/PATH`; absent: each that saved connections name."},
};

static void refuse(struct api_call *call, int rc, const struct err *e)
{
	problem_answer_err(call->request, rc == ERR_BUSY ? "disk_full" : NULL, e);
}

/*
 * Looking
 */

void api_secret_list(struct api_call *call)
{
	struct json *items = NULL, *object;
	struct err e = {0};

	if (!catalogue_of(call))
		return;
	int rc = catalog_secrets(call->admin->catalog, &items, &e);
	if (rc < 0) {
		refuse(call, rc, &e);
		return;
	}
	object = json_object();
	json_set(object, "items", items);
	json_set(object, "next", json_null());
	reply_json(call->request, 200, object);
}

/* Of all, and of each. */
static struct json *verdict_json(struct json *items)
{
	struct json *object = json_object();
	const struct json *reason = NULL;

	for (size_t i = 0; i < json_count(items) && !reason; i++)
		if (!json_as_bool(json_get(json_at(items, i), "ok")))
			reason = json_get(json_at(items, i), "reason");
	json_set(object, "ok", json_bool(!reason));
	json_set(object, "reason", reason ? json_copy(reason) : json_null());
	json_set(object, "items", items);
	return object;
}

void api_secret_check(struct api_call *call)
{
	struct query_value v[CHECK_ROWS];
	struct json *body = NULL, *items = NULL;
	struct problem p = {0};
	struct err e = {0};

	if (!catalogue_of(call))
		return;
	int rc = body_read(call->request, &body, &p);
	if (rc == 0)
		rc = query_read_json(api_secret_check_rows, CHECK_ROWS, body, v, &p);
	if (rc < 0) {
		problem_reply(call->request, &p);
		json_free(body);
		return;
	}
	const char *reference = v[CHECK_REFERENCE].given ? v[CHECK_REFERENCE].text : NULL;
	rc = catalog_check_secrets(call->admin->catalog, reference, &items, &e);
	if (rc < 0)
		refuse(call, rc, &e);
	else
		reply_json(call->request, 200, verdict_json(items));
	json_free(body);
}

/*
 * Changing
 */

static void reply_nothing(struct http_request *request)
{
	const struct http_reply reply = {.status = 204};

	http_reply(request, &reply);
}

/* The trail names the secret, and never says what it is. */
static int open_row(struct audited *row, struct api_call *call, const char *action, struct err *e)
{
	int rc = audited_init(row, call, action, NULL, call->args[0], NULL);

	return rc < 0 ? err_no_memory(e) : 0;
}

static int set(struct api_call *call, const char *text, size_t bytes, struct err *e)
{
	struct catalog *catalog = call->admin->catalog;
	struct audited row;

	if (call->query[SECRET_DRY_RUN].number)
		return catalog_set_secret(catalog, call->args[0], text, bytes, NULL, e);
	int rc = open_row(&row, call, "secret.set", e);
	if (rc == 0)
		rc = catalog_set_secret(catalog, call->args[0], text, bytes, &row.audit, e);
	audited_finish(&row);
	return rc;
}

/* Pages in a browser may send nothing but JSON. */
static int read_text(struct api_call *call, struct json **body, const char **ret, struct problem *p)
{
	struct query_value v[TEXT_ROWS];

	int rc = body_read(call->request, body, p);
	if (rc == 0)
		rc = query_read_json(api_secret_text_rows, TEXT_ROWS, *body, v, p);
	if (rc == 0 && !v[TEXT_TEXT].given) {
		problem_fault(p, "/text", "missing_parameter", "is needed");
		rc = ERR_USAGE;
	}
	if (rc == 0)
		*ret = v[TEXT_TEXT].text;
	return rc;
}

void api_secret_set(struct api_call *call)
{
	const char *text = call->request->body;
	struct json *body = NULL;
	struct problem p = {0};
	struct err e = {0};
	int rc = 0;

	if (!catalogue_of(call))
		return;
	if (body_is_json(call->request))
		rc = read_text(call, &body, &text, &p);
	if (rc < 0) {
		problem_reply(call->request, &p);
		json_free(body);
		return;
	}
	rc = set(call, text, body ? strlen(text) : call->request->body_bytes, &e);
	if (rc < 0)
		refuse(call, rc, &e);
	else
		reply_nothing(call->request);
	json_free(body);
}

void api_secret_remove(struct api_call *call)
{
	struct audited row;
	struct err e = {0};
	int rc;

	if (!catalogue_of(call))
		return;
	if (call->query[SECRET_DRY_RUN].number) {
		rc = catalog_remove_secret(call->admin->catalog, call->args[0], NULL, &e);
	} else {
		rc = open_row(&row, call, "secret.delete", &e);
		if (rc == 0)
			rc = catalog_remove_secret(call->admin->catalog, call->args[0], &row.audit,
			                           &e);
		audited_finish(&row);
	}
	if (rc < 0)
		refuse(call, rc, &e);
	else
		reply_nothing(call->request);
}
