/* Checking connections as far as a deployment would. */
#pragma once

#include <stddef.h>

struct conf;
struct deployment;
struct plugins;
struct report;

/* Checks each connection; faults go to the report.  What could be deployed is given to keep(), which
 * takes it; NULL: nobody wants it.  Returns how many connections there were. */
size_t validation_check(const struct conf *conf, const struct plugins *plugins,
                        struct report *report, void (*keep)(void *arg, struct deployment *d),
                        void *arg);
