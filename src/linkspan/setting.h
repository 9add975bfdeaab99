/* The value of a setting as somebody writes it on a command line: `--set PATH=TEXT`. */
#pragma once

#include <stdbool.h>

struct err;
struct json;

/* The schema of what stands at a path ("tls.ca_file") below an object of that JSON Schema; NULL: nothing is
 * known of it. */
const struct json *setting_schema(const struct json *schema, const char *path);
/* Whether it is a secret. */
bool setting_is_secret(const struct json *schema);
/* Whether the text refers to a secret, or to a variable that may. */
bool setting_is_reference(const char *text);

/*
 * The text in the type that the schema asks for: "2000" as a number, "true" as a truth, "a,b" as a list where it
 * wants one; a text that begins with [ or { where it wants a list or an object is JSON.  What does not fit
 * stays a string: the host knows what is allowed.  schema NULL: as it looks.  ERR_USAGE, where JSON was
 * begun and is none; ERR_NO_MEMORY.
 */
int setting_value(const struct json *schema, const char *path, const char *text, struct json **ret,
                  struct err *e);

/* A copy of the object (NULL: an empty one) with the value, which is taken, at a path; what is on the way
 * and is no object is replaced.  NULL: no memory, or value was NULL. */
struct json *setting_with(const struct json *object, const char *path, struct json *value);
