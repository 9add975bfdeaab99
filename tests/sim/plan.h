/* A world drawn from its seed: links, moods of their receivers, senders, operators, crashes. */
#pragma once

#include <stdint.h>

/* For a world that has just begun: `hours` of everything, then healing, until all has come to its end.
 * Returns how long that takes. */
int64_t plan_draw(int64_t hours);
