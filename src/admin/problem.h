/*
 * Problem documents (RFC 9457): the one way in which the API says no.
 *
 * A problem is plain storage of the caller's; texts are cut to their room.
 */
#pragma once

#include <stddef.h>

struct err;
struct json;
struct http_request;
struct json;

enum { PROBLEM_FAULTS = 8 };

struct problem {
	unsigned status;
	const char *code; /* stable token; static */
	char title[512];  /* for people */
	/* One more header, such as Allow; name NULL: none. */
	const char *header;
	char header_value[64];
	/* What is wrong with which input; more than there is room for are left out. */
	size_t fault_count;
	struct problem_fault {
		char pointer[64]; /* the name of a parameter, or a JSON pointer into the body */
		const char *code;
		char detail[256];
	} faults[PROBLEM_FAULTS];
};

void problem_set(struct problem *p, unsigned status, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Makes it a 400 about its inputs. */
void problem_fault(struct problem *p, const char *pointer, const char *code, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));

/* Answers the request. */
void problem_reply(struct http_request *request, const struct problem *p);
/* With further members, those of an object that is taken; NULL: none. */
void problem_reply_with(struct http_request *request, const struct problem *p, struct json *more);

/* Both in one. */
void problem_answer(struct http_request *request, unsigned status, const char *code,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* An error as the codes of errors map to HTTP; code NULL: the error's own name. */
void problem_answer_err(struct http_request *request, const char *code, const struct err *e);
