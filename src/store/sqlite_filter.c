/*
 * Filters as SQL.  Where a filter names states, rows are found through the index that holds these
 * alone, so that ten dead letters among millions of deliveries are found at once.
 */
#include <inttypes.h>

#include "base/banned.h"
#include "store/sqlite_impl.h"

enum {
	WAITING = 1u << STORE_READY | 1u << STORE_LEASED,
	LISTED = 1u << STORE_DEAD | 1u << STORE_QUARANTINED | 1u << STORE_CANCELLED,
};

static void add_states(struct buf *sql, unsigned states)
{
	const char *before = "";

	buf_add_str(sql, "state IN (");
	for (unsigned i = 0; i < STORE_STATES; i++) {
		if (!(states & 1u << i))
			continue;
		buf_printf(sql, "%s%u", before, i);
		before = ", ";
	}
	buf_add_str(sql, ")");
}

/* The fresh ones are in no index, but behind the watermark. */
static void add_waiting(struct buf *sql, unsigned states)
{
	buf_add_str(sql, "seq IN (SELECT seq FROM delivery INDEXED BY delivery_due"
	                 " WHERE due_ms IS NOT NULL AND ");
	add_states(sql, states);
	buf_add_str(sql, " UNION ALL SELECT seq FROM delivery NOT INDEXED WHERE ");
	add_states(sql, states);
	buf_add_str(sql, " AND due_ms IS NULL AND seq >="
	                 " ifnull((SELECT value FROM meta WHERE name = 'watermark'), 0))");
}

static void add_links(struct buf *sql, const struct store_filter *f)
{
	buf_add_str(sql, " AND link IN (");
	for (size_t i = 0; i < f->link_count; i++)
		buf_printf(sql, "%s%" PRId64, i ? "," : "", f->links[i]);
	buf_add_str(sql, ")");
}

static void add_bound(struct buf *sql, const char *what, uint64_t bound)
{
	if (bound)
		buf_printf(sql, " AND %s %" PRId64, what,
		           bound > INT64_MAX ? INT64_MAX : (int64_t)bound);
}

void filter_select(struct buf *sql, const char *columns, const struct store_filter *f)
{
	bool listed = f->states && !(f->states & ~(unsigned)LISTED);

	buf_printf(sql, "SELECT %s FROM delivery %s WHERE ", columns,
	           listed ? "INDEXED BY delivery_ended" : "NOT INDEXED");
	if (listed)
		buf_add_str(sql, "state >= 3 AND ");
	if (!f->states)
		buf_add_str(sql, "1");
	else if (!(f->states & ~(unsigned)WAITING))
		add_waiting(sql, f->states);
	else
		add_states(sql, f->states);
	if (f->links)
		add_links(sql, f);
	add_bound(sql, "accepted_ms >=", (uint64_t)(f->since_ms > 0 ? f->since_ms : 0));
	add_bound(sql, "accepted_ms <", (uint64_t)(f->until_ms > 0 ? f->until_ms : 0));
	add_bound(sql, "seq >=", f->seq_least);
	add_bound(sql, "seq <=", f->seq_most);
	if (f->reason)
		buf_add_str(sql, " AND substr(reason, 1, length(?1)) = ?1");
}

void filter_bind(sqlite3_stmt *stmt, const struct store_filter *f)
{
	if (f->reason)
		bind_text(stmt, 1, f->reason);
}
