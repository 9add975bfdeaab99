/* A message as one line for people: at most FRAME_MESSAGE_BYTES, in UTF-8, without control characters. */
#pragma once

#include <stddef.h>

/* Writes it to `to`, which has FRAME_MESSAGE_BYTES; what is too long is cut between characters and ends
 * with "…".  The length without the NUL. */
size_t line_clean(char *to, const char *text, size_t bytes);
