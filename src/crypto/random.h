/* Random numbers from the system's generator.  Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Call once before anything else of this room: 0, or ERR_FAILED when libsodium cannot start. */
struct err;
int crypto_init(struct err *e);

void random_bytes(void *p, size_t bytes);
uint32_t random_below(uint32_t limit); /* uniform in 0 … limit-1 */

/* For tests and simulations, one in a process: from now on, for good, random_bytes() and random_below()
 * give a sequence that follows from the seed alone, the same each time as long as one thread asks.
 * Never in a host that serves: ids, and what is drawn as a secret, can be foretold. */
void random_fix(uint64_t seed);
