/* What the hashes of the audit trail are over. */
#include <string.h>

#include "base/banned.h"
#include "store/sqlite_impl.h"

/* In an order of bytes that is everybody's. */
static void add_number(struct mac *m, uint64_t number)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (56 - 8 * i));
	mac_add(m, bytes, sizeof(bytes));
}

/* Its length goes before it, so that no two rows run together to the same; none is not an empty one. */
static void add_text(struct mac *m, const char *text)
{
	size_t bytes = text ? strlen(text) : 0;

	add_number(m, text ? bytes : UINT64_MAX);
	mac_add(m, text, bytes);
}

void audit_hash(const uint8_t *key, const uint8_t *before, uint64_t number,
                const struct store_audit *audit, int64_t count, uint8_t *ret)
{
	struct mac m;

	mac_init(&m, key);
	mac_add(&m, "row", 3);
	mac_add(&m, before, STORE_DIGEST_BYTES);
	add_number(&m, number);
	add_number(&m, (uint64_t)audit->at_ms);
	add_text(&m, audit->actor);
	add_text(&m, audit->action);
	add_text(&m, audit->project);
	add_text(&m, audit->subject);
	add_text(&m, audit->detail);
	add_number(&m, (uint64_t)count);
	mac_end(&m, ret);
}

void audit_hash_end(const uint8_t *key, const struct audit_end *end, uint8_t *ret)
{
	struct mac m;

	mac_init(&m, key);
	mac_add(&m, "end", 3);
	add_number(&m, end->number);
	mac_add(&m, end->hash, sizeof(end->hash));
	mac_end(&m, ret);
}
