/*
 * Telling the service manager how this process is: datagrams to the socket that $NOTIFY_SOCKET names, as
 * sd_notify(3) documents them.  Without that variable nothing is said.
 */
#pragma once

#include <stdint.h>

/* 0; ERR_IO when there is somebody to tell, and it could not be done. */
int notify_ready(const char *status);
int notify_reloading(int64_t mono_us);
int notify_stopping(void);
int notify_watchdog(void);

/* How often the service manager wants to hear from this process; 0: it does not watch. */
int64_t notify_watchdog_us(void);
