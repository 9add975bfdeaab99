/* What figures mean. */
#include "linkspan/doctor_judge.h"

#include "base/banned.h"

enum { CLOCK_WARN_MS = 5000, CLOCK_FAIL_MS = 60000 };

const char *const doctor_state_names[DOCTOR_STATES] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_FAIL] = "fail",
};

enum doctor_state doctor_judge_disk(uint64_t free_bytes, uint64_t used_bytes, uint64_t most_bytes,
                                    uint64_t reserve_bytes)
{
	uint64_t growth = most_bytes > used_bytes ? most_bytes - used_bytes : 0;

	if (free_bytes < reserve_bytes)
		return DOCTOR_FAIL;
	return free_bytes < growth ? DOCTOR_WARN : DOCTOR_OK;
}

enum doctor_state doctor_judge_clock(int64_t difference_ms)
{
	int64_t ms = difference_ms < 0 ? -difference_ms : difference_ms;

	return ms > CLOCK_FAIL_MS ? DOCTOR_FAIL : ms > CLOCK_WARN_MS ? DOCTOR_WARN : DOCTOR_OK;
}

enum doctor_state doctor_judge_expiry(int64_t end_ms, int64_t now_ms, int64_t soon_ms)
{
	if (end_ms <= now_ms)
		return DOCTOR_FAIL;
	return end_ms - now_ms < soon_ms ? DOCTOR_WARN : DOCTOR_OK;
}

const char *doctor_judge_database(const unsigned char *header, size_t bytes, uint64_t file_bytes)
{
	static const char magic[16] = "SQLite format 3";

	/* The log beside it can hold all that there is. */
	if (file_bytes == 0)
		return NULL;
	if (bytes < DOCTOR_HEADER_BYTES)
		return "it is cut short";
	if (memcmp(header, magic, sizeof(magic)) != 0)
		return "it does not begin as a file of SQLite";
	unsigned page = (unsigned)header[16] << 8 | header[17];
	if (page == 1)
		page = 65536;
	if (page < 512 || (page & (page - 1)) != 0)
		return "its page size is none";
	if (file_bytes % page != 0)
		return "its size is no multiple of its page size";
	return NULL;
}
