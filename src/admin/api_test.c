/* Test connection, of what is saved or of a draft. */
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/audited.h"
#include "admin/body.h"
#include "admin/catalogue.h"
#include "admin/connection.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "admin/test_answer.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/access.h"
#include "core/catalog.h"
#include "core/deployment.h"
#include "core/host.h"
#include "core/probe.h"
#include "httpd/request.h"
#include "plug/hostapi.h"
#include "json/json.h"

const struct query_row api_test_wish_rows[TEST_WISH_ROWS] = {
	[TEST_WISH_ENVIRONMENT] = {.name = "environment",
                                   .kind = QUERY_TEXT,
                                   .min = 1,
                                   .max = 64,
                                   .help = "Where; may be left out where the host serves one."},
	[TEST_WISH_DEFINITION] = {.name = "definition",
                                  .kind = QUERY_DOCUMENT,
                                  .help = "What is tested in place of what is saved."},
	[TEST_WISH_CONFIRM] = {.name = "confirm_secrets",
                               .kind = QUERY_FLAG,
                               .help = "Secrets may go to origins that they never went to."},
};

/* What a request asks for; texts are the body's. */
struct wish {
	const char *project, *name, *environment;
	const struct json *definition; /* NULL: what is saved */
	bool confirms_secrets;
};

/* One test without its answer yet. */
struct testing {
	struct admin *admin;
	struct http_request *request;
	struct test_case tested;
};

static struct testing *testing_create(struct api_call *call)
{
	struct testing *t = mem_zalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->admin = call->admin;
	t->request = call->request;
	atomic_fetch_add(&t->admin->sendings, 1);
	return t;
}

static void testing_destroy(struct testing *t)
{
	/* The last that is done with the API: it may be gone afterwards. */
	atomic_fetch_sub(&t->admin->sendings, 1);
	mem_free(t);
}

static void answered(void *arg, const struct send_answer *answer)
{
	struct testing *t = arg;
	int64_t now_ms = host_clock(t->admin->host)->unix_ms();

	reply_json(t->request, 200, test_answer_json(&t->tested, answer, now_ms));
	outcome_destroy(answer->outcome);
	testing_destroy(t);
}

/* The one that is named, or the only one that there is. */
static const char *environment_of(const struct api_call *call, const char *named)
{
	const char *const *served = admin_settings(call)->environments;

	return named ? named : served[0] && !served[1] ? served[0] : NULL;
}

static int read_wish(struct api_call *call, const struct json *body, struct wish *ret,
                     struct problem *p)
{
	struct query_value v[TEST_WISH_ROWS];
	const char *name = call->args[1];
	struct err e = {0};

	if (query_read_json(api_test_wish_rows, TEST_WISH_ROWS, body, v, p) < 0)
		return ERR_USAGE;
	const struct json *definition =
		v[TEST_WISH_DEFINITION].given ? json_get(body, "definition") : NULL;
	if (!name[0])
		name = json_as_string(json_get(definition, "name"));
	*ret = (struct wish){
		.project = call->args[0],
		.name = name,
		.environment = environment_of(call, v[TEST_WISH_ENVIRONMENT].text),
		.definition = definition,
		.confirms_secrets = v[TEST_WISH_CONFIRM].number != 0,
	};
	if (definition && json_kind(definition) != JSON_OBJECT)
		problem_fault(p, "/definition", "invalid_parameter", "is not an object");
	if (!ret->environment)
		problem_fault(p, "/environment", "missing_parameter", "is needed");
	if (!call->args[1][0] && !definition)
		problem_fault(p, "/definition", "missing_parameter", "is needed");
	else if (!name || !name[0])
		problem_fault(p, "/definition/name", "missing_parameter", "is needed");
	if (p->fault_count > 0)
		return ERR_USAGE;
	/* Where secrets may go is for those to say who may edit: a secret that was never sent goes
	 * wherever the draft says. */
	int rc = definition ? authorize(&call->asker.who, ACTION_EDIT, ret->project, name, &e) : 0;
	if (rc < 0)
		problem_set(p, (unsigned)err_http_status(rc), err_name(rc), "%s", e.text);
	return rc;
}

/* It sends, with secrets: before it does. */
static int note(const struct api_call *call, const struct wish *wish, struct err *e)
{
	struct json *detail = json_object();
	struct audited audited;

	json_set(detail, "environment", json_string(wish->environment));
	json_set(detail, "draft", json_bool(wish->definition != NULL));
	int rc = audited_init(&audited, call, "connection.test", wish->project, wish->name, detail);
	rc = rc < 0 ? err_no_memory(e) : audited_note(call, &audited.audit, 1, e);
	audited_finish(&audited);
	return rc;
}

/* Takes the deployment. */
static void begin(struct api_call *call, const struct wish *wish, struct deployment *deployment)
{
	struct testing *t = NULL;
	struct err e = {0};

	int rc = note(call, wish, &e);
	if (rc == 0 && !(t = testing_create(call)))
		rc = err_no_memory(&e);
	if (rc < 0) {
		deployment_destroy(deployment);
		problem_answer_err(call->request, rc == ERR_BUSY ? "disk_full" : NULL, &e);
		return;
	}
	test_case_of(&t->tested, deployment);
	rc = host_probe(call->admin->host, deployment, answered, t, &e);
	if (rc == 0)
		return;
	if (rc == ERR_INVALID)
		reply_json(t->request, 200,
		           test_refused_json(&t->tested, e.text,
		                             host_clock(t->admin->host)->unix_ms()));
	else
		problem_answer_err(t->request, rc == ERR_BUSY ? "stopping" : NULL, &e);
	testing_destroy(t);
}

static void test(struct api_call *call, const struct wish *wish)
{
	const struct deploy_call draft = {
		.project = wish->project,
		.name = wish->name,
		.environment = wish->environment,
		.confirms_secrets = wish->confirms_secrets,
	};
	struct json *definition =
		wish->definition ? connection_definition(wish->definition, NULL) : NULL;
	struct deployment *deployment = NULL;
	struct catalog_answer a;
	struct err e = {0};

	catalog_answer_init(&a);
	int rc = wish->definition && !definition ? err_no_memory(&e)
	                                         : catalog_draft(call->admin->catalog, &draft,
	                                                         definition, &deployment, &a, &e);
	json_free(definition);
	if (rc < 0)
		catalogue_refuse(call, &a, &e);
	else
		begin(call, wish, deployment);
	catalog_answer_finish(&a);
}

void api_test(struct api_call *call)
{
	struct json *body = NULL;
	struct problem p = {0};
	struct wish wish;

	if (!catalogue_of(call))
		return;
	if (body_read(call->request, &body, &p) < 0 || read_wish(call, body, &wish, &p) < 0)
		problem_reply(call->request, &p);
	else
		test(call, &wish);
	json_free(body);
}
