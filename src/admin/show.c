/* Values of answers. */
#include "admin/show.h"

#include "base/banned.h"
#include "base/clock.h"
#include "json/json.h"

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
