/* Random bytes and identifiers. */
#include "crypto/random.h"

#include <sodium.h>

#include "base/banned.h"
#include "base/err.h"

int crypto_init(struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAILED, "libsodium cannot start: no source of randomness");
	return 0;
}

void random_bytes(void *p, size_t bytes)
{
	randombytes_buf(p, bytes);
}

uint32_t random_below(uint32_t limit)
{
	return randombytes_uniform(limit);
}

void random_id(char *text)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	unsigned char raw[16];
	unsigned bits = 0, held = 0;
	char *out = text;

	random_bytes(raw, sizeof(raw));
	memcpy(out, "msg_", 4);
	out += 4;
	for (size_t i = 0; i < sizeof(raw); i++) {
		held = (held << 8 | raw[i]) & 0xfffu;
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = digits[held >> (bits - 5) & 31];
	}
	if (bits > 0)
		*out++ = digits[held << (5 - bits) & 31];
	*out = '\0';
}
