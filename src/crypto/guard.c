/* Memory for secrets, from libsodium's guarded heap. */
#include "crypto/guard.h"

#include <sodium.h>

#include "base/banned.h"

char *guard_dup(const char *s, size_t bytes)
{
	char *copy = sodium_malloc(bytes + 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, bytes);
	copy[bytes] = '\0';
	return copy;
}

void guard_free(char *s)
{
	sodium_free(s);
}
