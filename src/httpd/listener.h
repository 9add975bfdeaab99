/* Listening sockets: opening one, and what its address is called. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;

/* A listening TCP socket.  The descriptor, or ERR_IO. */
int listener_open(const char *address, uint16_t port, struct err *e);

/* The address of a socket as the beginning of a URL: "http://[::1]:80"; "unix:" for a Unix one. */
void listener_url(const struct sockaddr *address, socklen_t bytes, const char *scheme, char *text,
                  size_t text_bytes);
