/* Whether what a deployment needs is there now.  Blocking (files, secrets). */
#pragma once

struct deployment;
struct err;
struct report;

/* Its secrets can be resolved, and none of the certificates that its settings name has expired.  0; ERR_INVALID
 * with faults in the report; ERR_NO_MEMORY. */
int deployment_ready(const struct deployment *d, struct report *report, struct err *e);
