/* Times of entries: DOS time has two seconds' steps and no zone; here it is UTC. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/bundle/bundle_impl.h"

enum {
	END_BYTES = 22,
	AT_DIRECTORY = 16, /* in the end record */
	CENTRAL_BYTES = 46,
	AT_CENTRAL_TIME = 12,
	AT_LOCAL_TIME = 10,
	YEAR_FIRST = 1980,
	YEAR_LAST = 2107,
};

static void put2(char *p, unsigned n)
{
	p[0] = (char)(n & 0xff);
	p[1] = (char)(n >> 8);
}

static size_t get2(const char *p)
{
	return (unsigned char)p[0] | (size_t)(unsigned char)p[1] << 8;
}

static size_t get4(const char *p)
{
	return get2(p) | get2(p + 2) << 16;
}

/* What DOS time cannot say becomes its first or its last day. */
static void put_time(char *p, int64_t at_ms)
{
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm tm = {0};

	if (at_ms < 0 || !gmtime_r(&seconds, &tm) || tm.tm_year + 1900 < YEAR_FIRST)
		tm = (struct tm){.tm_year = YEAR_FIRST - 1900, .tm_mday = 1};
	if (tm.tm_year + 1900 > YEAR_LAST)
		tm = (struct tm){.tm_year = YEAR_LAST - 1900, .tm_mon = 11, .tm_mday = 31};
	put2(p, (unsigned)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2));
	put2(p + 2,
	     (unsigned)((tm.tm_year + 1900 - YEAR_FIRST) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday));
}

int bundle_stamp(struct buf *zip, const struct bundle_entries *entries)
{
	if (zip->len_bytes < END_BYTES)
		return ERR_FAILED;
	size_t end = zip->len_bytes - END_BYTES, at = get4(zip->data + end + AT_DIRECTORY);

	for (size_t i = 0; i < entries->count; i++) {
		if (at + CENTRAL_BYTES > end)
			return ERR_FAILED;
		char *record = zip->data + at;
		size_t local = get4(record + 42);
		if (local + AT_LOCAL_TIME + 4 > end)
			return ERR_FAILED;
		put_time(record + AT_CENTRAL_TIME, entries->items[i].at_ms);
		put_time(zip->data + local + AT_LOCAL_TIME, entries->items[i].at_ms);
		at += CENTRAL_BYTES + get2(record + 28) + get2(record + 30) + get2(record + 32);
	}
	return at == end ? 0 : ERR_FAILED;
}
