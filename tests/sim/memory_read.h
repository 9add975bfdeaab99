/* Reading from a memory store: what struct store_api offers, on its rows.  Inside the store only. */
#pragma once

#include "memory_rows.h"

struct err;

bool memory_fits(const struct row *row, const struct store_filter *filter);
int memory_links(const struct rows *r, void (*each)(void *arg, const struct store_link *),
                 void *arg, struct err *e);
int memory_list(const struct rows *r, const struct store_filter *filter, uint64_t from,
                bool ascending, uint32_t most,
                void (*each)(void *arg, const struct store_delivery *), void *arg, struct err *e);
int memory_count(const struct rows *r, const struct store_filter *filter, uint64_t *ret,
                 struct err *e);
int memory_get(const struct rows *r, uint64_t seq,
               void (*delivery)(void *arg, const struct store_delivery *),
               void (*attempt)(void *arg, const struct store_attempt *), void *arg, struct err *e);
