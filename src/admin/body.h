/* The body of a request as a JSON object. */
#pragma once

#include <stdbool.h>

struct http_request;
struct json;
struct problem;

/* 0, and *ret (json_free); else p says what is wrong with it. */
int body_read(const struct http_request *request, struct json **ret, struct problem *p);

/* Whether its Content-Type says that it is JSON. */
bool body_is_json(const struct http_request *request);
