/*
 * Memory for secrets: locked, fenced by guard pages, left out of core files, wiped when freed.
 * Each piece costs whole pages, so it is for secrets only.  Any thread.
 */
#pragma once

#include <stddef.h>

char *guard_dup(const char *s, size_t bytes); /* one NUL byte is added; NULL: no memory */
void guard_free(char *s);                     /* wipes; takes NULL */
