/* Parsing and writing numbers with and without units. */
#include "schema/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"

const struct unit units_of_time[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0},
};

const struct unit units_of_size[] = {
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}, {NULL, 0},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Returns where the digits end, or NULL when there are none or they are too many. */
static const char *parse_digits(const char *s, int64_t *ret)
{
	char *end;

	if (!is_digit(s[*s == '-' || *s == '+']))
		return NULL;
	errno = 0;
	*ret = strtoll(s, &end, 10);
	return errno == ERANGE ? NULL : end;
}

bool units_parse_int(const char *s, int64_t *ret)
{
	int64_t n;
	const char *end = parse_digits(s, &n);

	if (!end || *end)
		return false;
	*ret = n;
	return true;
}

bool units_parse(const struct unit *units, const char *s, int64_t *ret)
{
	int64_t n, product;
	const char *end = parse_digits(s, &n);

	if (!end)
		return false;
	while (units->name && strcmp(units->name, end) != 0)
		units++;
	if (!units->name || __builtin_mul_overflow(n, units->factor, &product))
		return false;
	*ret = product;
	return true;
}

void units_format(const struct unit *units, int64_t n, struct buf *b)
{
	/* 0 is a multiple of everything; it reads best in the smallest unit. */
	while (units[1].name && (n == 0 || n % units->factor != 0))
		units++;
	buf_printf(b, "%" PRId64 "%s", n / units->factor, units->name);
}
