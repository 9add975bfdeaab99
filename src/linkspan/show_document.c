/* How the document of an answer looks, for people. */
#include "linkspan/show_document.h"

#include <stdio.h>

#include "admin/answer.h"
#include "base/banned.h"
#include "base/buf.h"
#include "json/json.h"

static const char *text_of(const struct json *object, const char *key)
{
	return json_as_string(json_get(object, key));
}

static void show_phases(const struct json *times, struct buf *b)
{
	const char *separator = "";

	for (size_t i = 0; i < ANSWER_PHASES; i++) {
		const struct json *ms = json_get(times, answer_phases[i].key);
		double value =
			json_kind(ms) == JSON_INT ? (double)json_as_int(ms) : json_as_double(ms);
		if (!ms)
			continue;
		buf_printf(b, "%s%s %.1f ms", separator, answer_phases[i].label, value);
		separator = ", ";
	}
	if (separator[0])
		buf_add_char(b, '\n');
}

static void show_body(const struct json *document, struct buf *b)
{
	const char *body = text_of(document, "body");
	int64_t bytes = json_as_int(json_get(document, "body_bytes"));

	if (text_of(document, "body_base64"))
		buf_printf(b, "\n(%lld bytes that are not text)\n", (long long)bytes);
	if (!body || !body[0])
		return;
	size_t shown = strlen(body);
	buf_printf(b, "\n%s%s", body, body[shown - 1] == '\n' ? "" : "\n");
	if (bytes > (int64_t)shown)
		buf_printf(b, "(cut: the first %zu of %lld bytes)\n", shown, (long long)bytes);
}

void show_answer_document(const struct json *document, struct buf *b)
{
	const char *result = text_of(document, "result"), *id = text_of(document, "id");
	const char *reason = text_of(document, "reason"), *detail = text_of(document, "detail");
	const struct json *headers = json_get(document, "headers");
	long long status = json_as_int(json_get(document, "status"));
	long long attempts = json_as_int(json_get(document, "attempts"));

	buf_add_str(b, result ? result : "no result");
	if (status)
		buf_printf(b, ", status %lld", status);
	buf_printf(b, ", %lld attempt%s, %s\n", attempts, attempts == 1 ? "" : "s", id ? id : "");
	if (!json_as_bool(json_get(document, "ok")))
		buf_printf(b, "%s%s%s\n", reason ? reason : "", detail ? ": " : "",
		           detail ? detail : "");
	show_phases(json_get(document, "phases"), b);
	for (size_t i = 0; i < json_count(headers); i++) {
		const char *name = text_of(json_at(headers, i), "name");
		const char *value = text_of(json_at(headers, i), "value");
		buf_printf(b, "%s: %s\n", name ? name : "", value ? value : "");
	}
	show_body(document, b);
}
