/* Values of answers: absent ones are null. */
#pragma once

#include <stdint.h>

struct json;

struct json *show_text(const char *text); /* NULL or "": null */
struct json *show_time(int64_t unix_ms);  /* 0: null */
/* Whole days from now; negative when it has passed.  0: null. */
struct json *show_days_left(int64_t unix_ms, int64_t now_ms);
