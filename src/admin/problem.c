/* Problem documents: filled in, and answered. */
#include "admin/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "admin/reply.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "httpd/reply.h"
#include "json/json.h"

static void __attribute__((format(printf, 4, 0)))
fill(struct problem *p, unsigned status, const char *code, const char *format, va_list args)
{
	p->status = status;
	p->code = code;
	vsnprintf(p->title, sizeof(p->title), format, args);
}

void problem_set(struct problem *p, unsigned status, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(p, status, code, format, args);
	va_end(args);
}

/* One fault is told in the title; of several, how many they are. */
static void name_faults(struct problem *p)
{
	const struct problem_fault *first = &p->faults[0];

	if (p->fault_count == 1)
		problem_set(p, 400, first->code, "%s: %s", first->pointer, first->detail);
	else
		problem_set(p, 400, "invalid_parameters", "%zu inputs are wrong", p->fault_count);
}

void problem_fault(struct problem *p, const char *pointer, const char *code, const char *format,
                   ...)
{
	va_list args;

	if (p->fault_count == PROBLEM_FAULTS)
		return;
	struct problem_fault *fault = &p->faults[p->fault_count++];
	snprintf(fault->pointer, sizeof(fault->pointer), "%s", pointer);
	fault->code = code;
	va_start(args, format);
	vsnprintf(fault->detail, sizeof(fault->detail), format, args);
	va_end(args);
	name_faults(p);
}

static struct json *faults_json(const struct problem *p)
{
	struct json *list = json_array();

	for (size_t i = 0; i < p->fault_count; i++) {
		struct json *fault = json_object();
		json_set(fault, "pointer", json_string(p->faults[i].pointer));
		json_set(fault, "code", json_string(p->faults[i].code));
		json_set(fault, "detail", json_string(p->faults[i].detail));
		json_push(list, fault);
	}
	return list;
}

static struct json *problem_json(const struct problem *p, const struct json *more)
{
	struct json *object = json_object();
	const struct json *member;
	const void *cursor = NULL;
	const char *name;

	json_set(object, "type", json_string("about:blank"));
	json_set(object, "title", json_string(p->title));
	json_set(object, "status", json_int(p->status));
	json_set(object, "code", json_string(p->code));
	if (p->fault_count > 0)
		json_set(object, "errors", faults_json(p));
	while ((member = json_next(more, &cursor, &name)))
		json_set(object, name, json_copy(member));
	return object;
}

void problem_reply_with(struct http_request *request, const struct problem *p, struct json *more)
{
	const struct http_pair header = {.name = p->header, .value = p->header_value};
	struct http_reply reply = {
		.status = p->status,
		.content_type = "application/problem+json",
		.headers = &header,
		.header_count = p->header ? 1 : 0,
	};

	struct json *document = problem_json(p, more);
	json_free(more);
	reply_tree(request, &reply, document);
}

void problem_reply(struct http_request *request, const struct problem *p)
{
	problem_reply_with(request, p, NULL);
}

void problem_answer(struct http_request *request, unsigned status, const char *code,
                    const char *format, ...)
{
	struct problem p = {0};
	va_list args;

	va_start(args, format);
	fill(&p, status, code, format, args);
	va_end(args);
	problem_reply(request, &p);
}

void problem_answer_err(struct http_request *request, const char *code, const struct err *e)
{
	problem_answer(request, (unsigned)err_http_status(e->code), code ? code : err_name(e->code),
	               "%s", e->text);
}
