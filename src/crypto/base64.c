/* Base64, by libsodium. */
#include "crypto/base64.h"

#include <sodium.h>

#include "base/banned.h"
#include "base/mem.h"

char *base64_encode(const void *data, size_t bytes)
{
	size_t room = sodium_base64_encoded_len(bytes, sodium_base64_VARIANT_ORIGINAL);
	char *text = mem_alloc(room);

	if (text)
		sodium_bin2base64(text, room, data, bytes, sodium_base64_VARIANT_ORIGINAL);
	return text;
}

void base64_url(const void *data, size_t bytes, char *text)
{
	sodium_bin2base64(text, BASE64_URL_LENGTH(bytes) + 1, data, bytes,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
