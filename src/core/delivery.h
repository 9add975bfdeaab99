/*
 * A stored message in memory: from its acceptance, or its claim from the disk, to its settlement.
 *
 * It belongs to its lane but for the time an operation of the store has it.  It is counted in its
 * queue's `active` from its making to the moment it leaves the lane.
 */
#pragma once

#include "core/link.h"
#include "core/mailbox.h"
#include "core/message.h"
#include "store/store.h"

struct queue;

struct delivery {
	struct send send; /* first */
	struct letter letter;
	struct queue *queue;
	uint64_t seq;
	int64_t since_ms; /* its age began, on the store's clock */
	uint32_t attempts, replay, suspect, fence;
	size_t body_bytes; /* as counted in the queue */
	bool is_fresh;
	bool is_keyed; /* has an ordering key: its end frees the next one */
	bool is_cancelled;
	bool is_solo; /* goes alone in its host */
	int place;    /* in the flight register; -1: none */
	/* The settlement. */
	struct outcome *outcome;
	const char *end; /* of a dead letter: why */
	struct store_settle settle;
	struct store_attempt attempt;
	struct store_audit *audit; /* who cancelled it; written when that comes true */
};

/* NULL: no memory.  Takes a reference of the message. */
struct delivery *delivery_create(struct queue *q, struct message *message, uint64_t seq);
/* Any thread: one that was never in a queue, or has been settled. */
void delivery_destroy(struct delivery *d);

/* [lane] Puts it among those that wait. */
void delivery_arrive(struct delivery *d);
/* [lane] It leaves the memory and waits on the disk, due at due_ms; no attempt was made. */
void delivery_release(struct delivery *d, int64_t due_ms);
/* [lane] Notes that the plugin is about to have it; ERR_BUSY: the flight register is full. */
int delivery_begin(struct delivery *d);
/* [lane] The plugin did not take it (an LK_E code other than LK_EBUSY). */
void delivery_not_taken(struct delivery *d, int rc);
/* [lane] Takes back delivery_begin(): the plugin is busy. */
void delivery_unbegin(struct delivery *d);
/* [lane] An operator's word.  Takes the audit row (mem_free), which may be NULL. */
void delivery_cancel(struct delivery *d, struct store_audit *audit);

static inline struct delivery *delivery_of(struct send *send)
{
	return (struct delivery *)send;
}
