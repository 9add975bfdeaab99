/* Ctrl-C and SIGTERM, as something to be asked about instead of a sudden end. */
#pragma once

#include <stdbool.h>

struct err;

/* From now on SIGINT and SIGTERM are counted.  The third one ends the process as it always did. */
int interrupt_catch(struct err *e);
/* How many there were. */
int interrupt_count(void);
/* Becomes readable with the first one; -1 before interrupt_catch(). */
int interrupt_fd(void);
/* For struct fetch_options: true once there were as many as interrupt_allow() says, at first 1. */
bool interrupt_stop(void *arg);
void interrupt_allow(int signals);
/* Waits until there is something to read; false when it was interrupted, however early. */
bool interrupt_wait_input(int fd);
/* Sleeps; false when it was interrupted. */
bool interrupt_sleep(long ms);
