/* Values of answers. */
#include "admin/show.h"

#include "base/banned.h"
#include "base/clock.h"
#include "json/json.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

struct json *show_text(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

struct json *show_time(int64_t unix_ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (unix_ms == 0)
		return json_null();
	clock_format(unix_ms, text);
	return json_string(text);
}

struct json *show_days_left(int64_t unix_ms, int64_t now_ms)
{
	int64_t left_ms = unix_ms - now_ms;

	if (unix_ms == 0)
		return json_null();
	return json_int(left_ms >= 0 ? left_ms / DAY_MS : -((-left_ms + DAY_MS - 1) / DAY_MS));
}
