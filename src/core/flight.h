/*
 * The flight register: which stored deliveries are with a plugin at this moment, in a small file that
 * is mapped into memory, so that it outlives the process, and costs no write to the disk.
 *
 * When a host dies, the register says which deliveries were submitted: those, and no others, have used
 * an attempt and are suspects (delivery.md).  After a power cut it may be older than the outbox; nobody
 * is then suspected wrongly who was not really submitted shortly before.
 * Each lane has a part of its own and needs no lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;
struct flight;

enum { FLIGHT_PER_LANE = 8192 }; /* deliveries that a lane can have submitted at once */

/*
 * file NULL: in memory alone, for tests.  Else it is made, for the owner only, or taken over: what the
 * process before left is copied out, flight_left(), and stays until flight_begin().  A file with another number of
 * lanes, or a part of one, gives what is in it; anything else gives nothing.  The room on the disk is
 * taken here, so that nothing fails later.  ERR_IO: it cannot be made, or is no plain file of ours;
 * ERR_NO_MEMORY.
 */
int flight_open(const char *file, unsigned lanes, struct flight **ret, struct err *e);
void flight_close(struct flight *f); /* takes NULL */
/* In no order; valid until flight_close(). */
const uint64_t *flight_left(const struct flight *f, size_t *ret_count);

/* Forgets what was left, once it is recorded elsewhere: a start that ends before that leaves it to the next
 * one.  To be called before the first flight_enter(). */
void flight_begin(struct flight *f);

/* [lane] Notes a delivery, whose number is not 0; its place is ≥ 0, or ERR_BUSY when the part is full. */
int flight_enter(struct flight *f, unsigned lane, uint64_t seq);
/* [lane] place: what flight_enter() gave. */
void flight_leave(struct flight *f, unsigned lane, int place);
