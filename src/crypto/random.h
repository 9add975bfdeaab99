/* Random bytes and identifiers from the system's generator.  Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Call once before anything else of this room: 0, or ERR_FAILED when libsodium cannot start. */
struct err;
int crypto_init(struct err *e);

void random_bytes(void *p, size_t bytes);
uint32_t random_below(uint32_t limit); /* uniform in 0 … limit-1 */

enum { RANDOM_ID_BYTES = 32 };

/* A new message id, "msg_" and 26 characters of [0-9a-v] (128 random bits); text has
 * RANDOM_ID_BYTES.  Such an id holds no ".", as Standard Webhooks asks. */
void random_id(char *text);
