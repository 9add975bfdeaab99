/* Colours of states, where somebody looks at a terminal. */
#pragma once

#include <stdbool.h>

struct buf;
struct cli;

/* By --color; else, on a terminal unless NO_COLOR is set.  (no-color.org) */
bool colour_wanted(const struct cli *cli);

/* The escape sequence for a state of a link, a delivery or a check; NULL: none. */
const char *colour_of_state(const char *state);
/* The state, coloured when it is wanted, in at least `width` cells. */
void colour_state(bool wanted, const char *state, int width, struct buf *b);
