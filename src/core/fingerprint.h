/* What tells two deployments of one connection apart. */
#pragma once

#include <stdint.h>

struct deployment;
struct node;

/* A digest of HASH_BYTES over the resolved settings, the network ranges (NULL: none), whether it is
 * enabled and protected, and of each file that a setting names its size, place and time. */
void fingerprint(const struct deployment *d, const struct node *settings, const struct node *allow,
                 uint8_t *ret);
