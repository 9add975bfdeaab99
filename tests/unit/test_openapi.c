/* The OpenAPI document against the tables that it is made of. */
#include "admin/openapi.h"

#include <stdio.h>
#include <string.h>

#include "admin/events.h"
#include "admin/openapi_impl.h"
#include "admin/route.h"
#include "admin/send.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/event.h"
#include "suite.h"
#include "json/json.h"

static bool is_code(const char *code, unsigned status)
{
	for (size_t i = 0; i < doc_code_count; i++)
		if (strcmp(doc_codes[i].code, code) == 0 &&
		    (status == 0 || doc_codes[i].status == status))
			return true;
	return false;
}

START_TEST(every_route_is_documented_and_no_other)
{
	size_t found = 0;

	for (size_t i = 0; i < route_count; i++) {
		const struct doc_route *doc = doc_route(routes[i].name);
		ck_assert_msg(doc != NULL, "%s has no row in openapi_routes.c", routes[i].name);
		ck_assert_uint_gt(doc->answers[0].status, 0);
		found++;
	}
	ck_assert_uint_eq(found, doc_route_count);
}
END_TEST

START_TEST(names_of_tables_are_those_of_others)
{
	for (size_t i = 0; i < doc_route_count; i++) {
		const struct doc_route *doc = &doc_routes[i];
		bool is_tag = false;
		for (size_t k = 0; k < doc_tag_count; k++)
			is_tag = is_tag || strcmp(doc_tags[k].name, doc->tag) == 0;
		ck_assert_msg(is_tag, "%s", doc->name);
		for (size_t k = 0; k < DOC_CODES && doc->codes[k]; k++)
			ck_assert_msg(is_code(doc->codes[k], 0), "%s", doc->codes[k]);
	}
}
END_TEST

START_TEST(every_error_has_a_code_that_is_documented)
{
	for (int code = ERR_TIMEOUT; code < ERR_NONE; code++)
		ck_assert_msg(is_code(err_name(code), (unsigned)err_http_status(code)), "%s",
		              err_name(code));
}
END_TEST

START_TEST(every_refusal_has_a_code_that_is_documented)
{
	for (size_t i = 0; i < doc_code_count; i++) {
		const struct send_refusal *refusal = send_refusal(doc_codes[i].code);
		ck_assert(!refusal || refusal->status == doc_codes[i].status);
	}
}
END_TEST

START_TEST(kinds_of_events_have_their_names)
{
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		ck_assert_str_eq(events_kinds[kind], event_name((enum event_kind)kind));
	ck_assert_ptr_null(events_kinds[EVENT_KINDS]);
}
END_TEST

/* Every reference leads somewhere. */
static void check_refs(const struct json *document, const struct json *v)
{
	const char *ref = json_as_string(json_get(v, "$ref")), *key;
	char section[64], name[64];

	if (ref) {
		ck_assert_int_eq(sscanf(ref, "#/components/%63[^/]/%63s", section, name), 2);
		ck_assert_msg(json_get(json_get(json_get(document, "components"), section), name) !=
		                      NULL,
		              "%s", ref);
	}
	for (size_t i = 0; i < json_count(v); i++)
		check_refs(document,
		           json_kind(v) == JSON_ARRAY ? json_at(v, i) : json_member(v, i, &key));
}

START_TEST(references_lead_somewhere)
{
	struct json *document = openapi_json();

	ck_assert_ptr_nonnull(document);
	check_refs(document, document);
	json_free(document);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(every_route_is_documented_and_no_other),
	SUITE_TEST(names_of_tables_are_those_of_others),
	SUITE_TEST(every_error_has_a_code_that_is_documented),
	SUITE_TEST(every_refusal_has_a_code_that_is_documented),
	SUITE_TEST(kinds_of_events_have_their_names),
	SUITE_TEST(references_lead_somewhere),
};

SUITE_MAIN("openapi", tests)
