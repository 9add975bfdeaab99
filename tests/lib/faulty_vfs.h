/*
 * A file system for SQLite that fails when it is told to: over the default one, registered as
 * "faulty".  Operations of the chosen kinds are counted from 1, and those from `at` on fail, `times` of
 * them.  A write that fails has written its first half.
 */
#pragma once

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum faulty_kind {
	FAULTY_READ = 1,
	FAULTY_WRITE = 2,
	FAULTY_SYNC = 4,
	FAULTY_TRUNCATE = 8,
	FAULTY_OPEN = 16,
	FAULTY_SHM = 32,
	FAULTY_DELETE = 64,
};

static struct faulty {
	pthread_mutex_t lock;
	unsigned kinds;  /* bits; 0: nothing fails and nothing is counted */
	unsigned at;     /* from 1 */
	unsigned times;  /* how many fail */
	int write_code;  /* what a failed write answers: SQLITE_FULL or SQLITE_IOERR_WRITE */
	unsigned count;  /* operations so far */
	unsigned failed; /* of these, how many failed */
} faulty = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind it in memory */
};

static inline void faulty_arm(unsigned kinds, unsigned at, unsigned times, int write_code)
{
	pthread_mutex_lock(&faulty.lock);
	faulty.kinds = kinds;
	faulty.at = at;
	faulty.times = times;
	faulty.write_code = write_code;
	faulty.count = faulty.failed = 0;
	pthread_mutex_unlock(&faulty.lock);
}

/* Nothing fails any more.  How many operations have failed? */
static inline unsigned faulty_disarm(void)
{
	pthread_mutex_lock(&faulty.lock);
	unsigned failed = faulty.failed;
	faulty.kinds = 0;
	pthread_mutex_unlock(&faulty.lock);
	return failed;
}

static inline bool faulty_fails(unsigned kind)
{
	bool fails = false;

	pthread_mutex_lock(&faulty.lock);
	if (faulty.kinds & kind) {
		faulty.count++;
		fails = faulty.count >= faulty.at && faulty.failed < faulty.times;
		faulty.failed += fails;
	}
	pthread_mutex_unlock(&faulty.lock);
	return fails;
}

static inline sqlite3_file *faulty_real(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->real;
}

static inline int faulty_close(sqlite3_file *file)
{
	return faulty_real(file)->pMethods->xClose(faulty_real(file));
}

static inline int faulty_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 at)
{
	if (faulty_fails(FAULTY_READ))
		return SQLITE_IOERR_READ;
	return faulty_real(file)->pMethods->xRead(faulty_real(file), data, bytes, at);
}

static inline int faulty_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	bool fails = faulty_fails(FAULTY_WRITE);

	int rc = faulty_real(file)->pMethods->xWrite(faulty_real(file), data,
	                                             fails ? bytes / 2 : bytes, at);
	return fails ? faulty.write_code : rc;
}

static inline int faulty_truncate(sqlite3_file *file, sqlite3_int64 bytes)
{
	if (faulty_fails(FAULTY_TRUNCATE))
		return SQLITE_IOERR_TRUNCATE;
	return faulty_real(file)->pMethods->xTruncate(faulty_real(file), bytes);
}

/* Nothing is synced in a test, where no power fails: it would take most of the time. */
static inline int faulty_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return faulty_fails(FAULTY_SYNC) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static inline int faulty_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	return faulty_real(file)->pMethods->xFileSize(faulty_real(file), ret);
}

static inline int faulty_lock(sqlite3_file *file, int level)
{
	return faulty_real(file)->pMethods->xLock(faulty_real(file), level);
}

static inline int faulty_unlock(sqlite3_file *file, int level)
{
	return faulty_real(file)->pMethods->xUnlock(faulty_real(file), level);
}

static inline int faulty_check_lock(sqlite3_file *file, int *ret)
{
	return faulty_real(file)->pMethods->xCheckReservedLock(faulty_real(file), ret);
}

static inline int faulty_control(sqlite3_file *file, int op, void *arg)
{
	return faulty_real(file)->pMethods->xFileControl(faulty_real(file), op, arg);
}

static inline int faulty_sector(sqlite3_file *file)
{
	return faulty_real(file)->pMethods->xSectorSize(faulty_real(file));
}

static inline int faulty_device(sqlite3_file *file)
{
	return faulty_real(file)->pMethods->xDeviceCharacteristics(faulty_real(file));
}

static inline int faulty_shm_map(sqlite3_file *file, int page, int bytes, int extend,
                                 void volatile **ret)
{
	if (extend && faulty_fails(FAULTY_SHM))
		return SQLITE_IOERR_SHMSIZE;
	return faulty_real(file)->pMethods->xShmMap(faulty_real(file), page, bytes, extend, ret);
}

static inline int faulty_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return faulty_real(file)->pMethods->xShmLock(faulty_real(file), offset, count, flags);
}

static inline void faulty_shm_barrier(sqlite3_file *file)
{
	faulty_real(file)->pMethods->xShmBarrier(faulty_real(file));
}

static inline int faulty_shm_unmap(sqlite3_file *file, int remove)
{
	return faulty_real(file)->pMethods->xShmUnmap(faulty_real(file), remove);
}

static const sqlite3_io_methods faulty_methods = {
	.iVersion = 2,
	.xClose = faulty_close,
	.xRead = faulty_read,
	.xWrite = faulty_write,
	.xTruncate = faulty_truncate,
	.xSync = faulty_sync,
	.xFileSize = faulty_size,
	.xLock = faulty_lock,
	.xUnlock = faulty_unlock,
	.xCheckReservedLock = faulty_check_lock,
	.xFileControl = faulty_control,
	.xSectorSize = faulty_sector,
	.xDeviceCharacteristics = faulty_device,
	.xShmMap = faulty_shm_map,
	.xShmLock = faulty_shm_lock,
	.xShmBarrier = faulty_shm_barrier,
	.xShmUnmap = faulty_shm_unmap,
};

static inline int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                              int *ret_flags)
{
	sqlite3_vfs *under = vfs->pAppData;
	struct faulty_file *f = (struct faulty_file *)file;

	f->base.pMethods = NULL;
	f->real = (sqlite3_file *)(f + 1);
	if (faulty_fails(FAULTY_OPEN))
		return SQLITE_CANTOPEN;
	int rc = under->xOpen(under, name, f->real, flags, ret_flags);
	if (rc == SQLITE_OK)
		f->base.pMethods = &faulty_methods;
	return rc;
}

static inline int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	sqlite3_vfs *under = vfs->pAppData;

	return faulty_fails(FAULTY_DELETE) ? SQLITE_IOERR_DELETE
	                                   : under->xDelete(under, name, sync);
}

/* Makes it known to SQLite, and gives its name. */
static inline const char *faulty_register(void)
{
	static sqlite3_vfs vfs;

	if (!vfs.zName) {
		sqlite3_vfs *under = sqlite3_vfs_find(NULL);
		vfs = *under;
		vfs.zName = "faulty";
		vfs.pNext = NULL;
		vfs.pAppData = under;
		vfs.szOsFile = (int)sizeof(struct faulty_file) + under->szOsFile;
		vfs.xOpen = faulty_open;
		vfs.xDelete = faulty_delete;
		sqlite3_vfs_register(&vfs, 0);
	}
	return vfs.zName;
}
