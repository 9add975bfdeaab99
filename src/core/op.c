/* Operations: the table behind the handles that plugins hold. */
#include "core/op.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/message.h"
#include "core/shape.h"
#include "plug/hostapi.h"

/*
 * A handle is generation << 28 | index << 6 | table.  `holder` of an operation is its generation
 * while the plugin owes a completion, the same with ABANDONED when the host no longer waits for
 * it, and 0 otherwise.  Whoever swaps it to 0 ends the operation; there is exactly one.
 */
enum { TABLE_BITS = 6, INDEX_BITS = 22, TABLES = 1 << TABLE_BITS };
#define ABANDONED (1ull << 63)

_Static_assert(sizeof(uintptr_t) == 8, "handles need 64 bits");
_Static_assert(OP_CHUNK *OP_CHUNKS == 1 << INDEX_BITS, "every index has a place");

static _Atomic(struct op_table *) tables[TABLES];
static _Thread_local struct op_table *own_table;
static atomic_uint violations;

static struct lk_op *handle_of(const struct op *op)
{
	uintptr_t bits = op->generation << (TABLE_BITS + INDEX_BITS) |
	                 (uintptr_t)op->index << TABLE_BITS | op->table->id;

	return (struct lk_op *)bits; // NOLINT(performance-no-int-to-ptr): opaque by contract
}

static struct op *find(struct lk_op *handle, uint64_t *ret_generation)
{
	uintptr_t bits = (uintptr_t)handle;
	struct op_table *t = atomic_load(&tables[bits % TABLES]);
	uint32_t index = (uint32_t)(bits >> TABLE_BITS) & ((1u << INDEX_BITS) - 1);

	if (!t)
		return NULL;
	struct op *chunk = atomic_load(&t->chunks[index / OP_CHUNK]);
	*ret_generation = bits >> (TABLE_BITS + INDEX_BITS);
	return chunk ? &chunk[index % OP_CHUNK] : NULL;
}

static void settle_letter(struct letter *letter)
{
	struct op *op = container_of(letter, struct op, letter);

	op->table->settle(op);
}

static void come_home(struct op *op)
{
	if (own_table == op->table) {
		list_remove(&op->node); /* from those owed */
		list_append(&op->table->done, &op->node);
		return;
	}
	op->letter.deliver = settle_letter;
	mailbox_post(op->table->mailbox, &op->letter);
}

void op_complete(struct lk_op *handle, const struct lk_outcome *given)
{
	uint64_t generation = 0;
	struct op *op = find(handle, &generation);
	uint64_t waiting = generation, abandoned = generation | ABANDONED;

	if (op && generation && atomic_compare_exchange_strong(&op->holder, &waiting, 0)) {
		op->outcome = outcome_copy(given);
		come_home(op);
	} else if (op && generation && atomic_compare_exchange_strong(&op->holder, &abandoned, 0)) {
		log_event(LOG_LEVEL_WARNING, "a plugin completed an operation after its deadline",
		          "reason", "late_completion", NULL);
		come_home(op);
	} else {
		atomic_fetch_add(&violations, 1);
		log_event(LOG_LEVEL_ERROR,
		          "a plugin completed an operation that was not under way; ignored",
		          "reason", "stray_completion", NULL);
	}
}

unsigned op_violations(void)
{
	return atomic_load(&violations);
}

int op_table_init(struct op_table *t, struct mailbox *mailbox, void (*settle)(struct op *),
                  struct err *e)
{
	*t = (struct op_table){.mailbox = mailbox, .settle = settle};
	list_init(&t->free);
	list_init(&t->done);
	for (t->id = 0; t->id < TABLES; t->id++) {
		struct op_table *nobody = NULL;
		if (atomic_compare_exchange_strong(&tables[t->id], &nobody, t)) {
			own_table = t;
			return 0;
		}
	}
	return err_set(e, ERR_BUSY, "this process has %d lanes already", (int)TABLES);
}

void op_table_finish(struct op_table *t)
{
	if (t->id < TABLES) /* else the register was full, and init has failed */
		atomic_store(&tables[t->id], NULL);
	own_table = NULL;
	for (uint32_t i = 0; i < t->chunk_count; i++) {
		struct op *chunk = atomic_load(&t->chunks[i]);
		for (uint32_t k = 0; k < OP_CHUNK; k++)
			trace_finish(&chunk[k].trace);
		mem_free(chunk);
	}
}

static int grow(struct op_table *t)
{
	struct op *chunk = t->chunk_count < OP_CHUNKS ? mem_array(OP_CHUNK, sizeof(*chunk)) : NULL;

	if (!chunk)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < OP_CHUNK; i++) {
		chunk[i].table = t;
		chunk[i].index = t->chunk_count * OP_CHUNK + i;
		list_append(&t->free, &chunk[i].node);
	}
	atomic_store(&t->chunks[t->chunk_count++], chunk);
	return 0;
}

struct op *op_take(struct op_table *t)
{
	if (list_empty(&t->free) && grow(t) < 0)
		return NULL;

	struct op *op = container_of(list_pop(&t->free), struct op, node);
	op->generation++;
	op->outcome = NULL;
	op->request = (struct lk_request){.size = sizeof(op->request), .op = handle_of(op)};
	return op;
}

void op_hand_over(struct op *op)
{
	op->table->held++;
	atomic_store(&op->holder, op->generation);
}

void op_take_back(struct op *op)
{
	op->table->held--;
	atomic_store(&op->holder, 0);
}

bool op_abandon(struct op *op)
{
	uint64_t waiting = op->generation;

	return atomic_compare_exchange_strong(&op->holder, &waiting, op->generation | ABANDONED);
}

bool op_reclaim(struct op *op)
{
	uint64_t abandoned = op->generation | ABANDONED;

	if (!atomic_compare_exchange_strong(&op->holder, &abandoned, 0))
		return false;
	op->table->held--;
	return true;
}

void op_release(struct op *op)
{
	outcome_destroy(op->outcome);
	op->outcome = NULL;
	shape_destroy(op->shape);
	op->shape = NULL;
	message_unref(op->message);
	op->message = NULL;
	list_append(&op->table->free, &op->node);
}

bool op_settle_done(struct op_table *t)
{
	struct list ready;
	bool any = !list_empty(&t->done);

	/* What settling completes again waits for the next turn, so that I/O is served between. */
	list_init(&ready);
	list_splice(&ready, &t->done);
	for (struct list *node; (node = list_pop(&ready));) {
		struct op *op = container_of(node, struct op, node);
		op->table->settle(op);
	}
	return any;
}
