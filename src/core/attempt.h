/* The line that the log has for an attempt.  [lane] */
#pragma once

#include "base/log.h"

struct outcome;
struct queue;
struct send;

/* word: what became of it.  Says nothing of the payload, the URL or any header. */
void attempt_log(const struct queue *q, const struct send *send, const struct outcome *outcome,
                 const char *word, enum log_level level);
