/* What figures mean: the pure part of the doctor. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_STATES };

extern const char *const doctor_state_names[DOCTOR_STATES];

/* Whether the store can grow as far as it may: fail when what is free is less than the reserve. */
enum doctor_state doctor_judge_disk(uint64_t free_bytes, uint64_t used_bytes, uint64_t most_bytes,
                                    uint64_t reserve_bytes);

/* Of two clocks: warn beyond 5 s, fail beyond 60 s.  The daemon tells whole seconds. */
enum doctor_state doctor_judge_clock(int64_t difference_ms);

/* Fail once it is over, warn when it is over soon. */
enum doctor_state doctor_judge_expiry(int64_t end_ms, int64_t now_ms, int64_t soon_ms);

enum { DOCTOR_HEADER_BYTES = 100 };
/* The first bytes of a file of SQLite, and its size.  NULL: they are sane; else what is not.
 * (sqlite.org/fileformat.html) */
const char *doctor_judge_database(const unsigned char *header, size_t bytes, uint64_t file_bytes);
