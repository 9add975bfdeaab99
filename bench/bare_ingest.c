/*
 * bare_ingest SOCKET FILE [URL]: the least that takes messages durably over HTTP: libmicrohttpd with
 * suspended requests, and one thread with SQLite that commits what is queued as one transaction, then
 * lets the requests go on.  With a URL each message is then sent there by libcurl, 64 at a time, and its
 * end is recorded in the same way.  Ends when its standard input does.
 *
 * Rows and pragmas are those of bare_sqlite, connections and threads those of the API.
 */
#include <curl/curl.h>
#include <err.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/bare_sql.h"

enum { THREADS = 4, CONNECTIONS = 2048, GROUP_MOST = 1000, BODY_MOST = 1 << 20, IN_FLIGHT = 64 };

static const char schema[] =
	"PRAGMA journal_mode=WAL;"
	"PRAGMA synchronous=FULL;"
	"PRAGMA wal_autocheckpoint=10000;"
	"CREATE TABLE delivery(seq INTEGER PRIMARY KEY, link INTEGER NOT NULL,"
	" state INTEGER NOT NULL, due_ms INTEGER, accepted_ms INTEGER NOT NULL,"
	" ended_ms INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,"
	" status INTEGER NOT NULL DEFAULT 0, reason TEXT) STRICT;"
	"CREATE INDEX delivery_due ON delivery(state, link, due_ms) WHERE due_ms IS NOT NULL;"
	"CREATE TABLE payload(seq INTEGER PRIMARY KEY, content_type TEXT, attrs BLOB, body BLOB)"
	" STRICT;";

/* One request, then one delivery. */
struct message {
	struct message *next;
	struct MHD_Connection *connection;
	bool handled, accepted; /* it is on the disk */
	sqlite3_int64 seq;
	size_t body_bytes;
	char *body;
	long status;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct message *first, **last;
};

static struct bare {
	sqlite3_stmt *delivery, *payload, *settle, *begin, *commit;
	sqlite3_int64 seq;
	struct queue writing, sending;
	struct MHD_Response *answer;
	const char *url;
	CURLM *multi;
} bare;

static void queue_init(struct queue *q)
{
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	q->last = &q->first;
}

static void put(struct queue *q, struct message *m)
{
	m->next = NULL;
	pthread_mutex_lock(&q->lock);
	*q->last = m;
	q->last = &m->next;
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

/* At most so many, waiting for one when `wait`. */
static struct message *take(struct queue *q, size_t most, bool wait)
{
	if (most == 0)
		return NULL;
	pthread_mutex_lock(&q->lock);
	while (wait && !q->first)
		pthread_cond_wait(&q->filled, &q->lock);
	struct message *first = q->first, **end = &q->first;
	while (*end && most-- > 0)
		end = &(*end)->next;
	q->first = *end;
	*end = NULL;
	if (!q->first)
		q->last = &q->first;
	pthread_mutex_unlock(&q->lock);
	return first;
}

/*
 * The writer
 */

static void open_file(const char *file)
{
	sql_open(file, schema);
	bare.delivery = sql_prepare("INSERT INTO delivery(seq, link, state, due_ms, accepted_ms)"
	                            " VALUES(?1, 1, ?3, ?2, 1790000000000)");
	bare.payload = sql_prepare("INSERT INTO payload(seq, content_type, attrs, body)"
	                           " VALUES(?1, 'application/json', NULL, ?2)");
	bare.settle = sql_prepare("UPDATE delivery SET state = 2, ended_ms = 1790000000001,"
	                          " attempts = 1, status = ?2 WHERE seq = ?1");
	bare.begin = sql_prepare("BEGIN IMMEDIATE");
	bare.commit = sql_prepare("COMMIT");
}

/* Leased at once, or it waits; in no index either way, as the daemon keeps it for the first minutes. */
static void insert(struct message *m)
{
	m->seq = ++bare.seq;
	sqlite3_bind_int64(bare.delivery, 1, m->seq);
	sqlite3_bind_null(bare.delivery, 2);
	sqlite3_bind_int(bare.delivery, 3, bare.url ? 1 : 0);
	sql_run(bare.delivery);
	sqlite3_bind_int64(bare.payload, 1, m->seq);
	sqlite3_bind_blob(bare.payload, 2, m->body, (int)m->body_bytes, SQLITE_STATIC);
	sql_run(bare.payload);
}

static void settle(const struct message *m)
{
	sqlite3_bind_int64(bare.settle, 1, m->seq);
	sqlite3_bind_int64(bare.settle, 2, m->status);
	sql_run(bare.settle);
}

static void free_message(struct message *m)
{
	free(m->body);
	free(m);
}

/* What it meant for a message that the group is on the disk.  The request keeps its own, unless it is
 * sent on: then a copy goes. */
static void after_commit(struct message *m)
{
	if (m->accepted) {
		free_message(m);
		return;
	}
	struct MHD_Connection *connection = m->connection;
	if (bare.url) {
		struct message *copy = calloc(1, sizeof(*copy));
		if (!copy)
			errx(1, "out of memory");
		*copy = *m;
		copy->accepted = true;
		m->body = NULL;
		put(&bare.sending, copy);
		curl_multi_wakeup(bare.multi);
	}
	m->accepted = true;
	MHD_resume_connection(connection);
}

static void *write_all(void *arg)
{
	(void)arg;
	for (;;) {
		struct message *first = take(&bare.writing, GROUP_MOST, true), *next;
		sql_run(bare.begin);
		for (struct message *m = first; m; m = m->next)
			m->accepted ? settle(m) : insert(m);
		sql_run(bare.commit);
		for (struct message *m = first; m; m = next) {
			next = m->next;
			after_commit(m);
		}
	}
	return NULL;
}

/*
 * Sending
 */

static size_t swallow(char *data, size_t size, size_t count, void *arg)
{
	(void)data, (void)arg;
	return size * count;
}

static CURL *new_easy(struct curl_slist *headers)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		errx(1, "out of memory");
	curl_easy_setopt(easy, CURLOPT_URL, bare.url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	return easy;
}

static void begin_send(CURL *easy, struct message *m)
{
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, m->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)m->body_bytes);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, m);
	curl_multi_add_handle(bare.multi, easy);
}

static void end_send(CURL *easy)
{
	struct message *m = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &m);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &m->status);
	curl_multi_remove_handle(bare.multi, easy);
	put(&bare.writing, m);
}

static void *send_all(void *arg)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *idle[IN_FLIGHT];
	size_t idle_count = 0;
	int running;

	(void)arg;
	while (idle_count < IN_FLIGHT)
		idle[idle_count++] = new_easy(headers);
	for (;;) {
		struct message *m = take(&bare.sending, idle_count, false), *next;
		for (; m; m = next) {
			next = m->next;
			begin_send(idle[--idle_count], m);
		}
		curl_multi_perform(bare.multi, &running);
		int left;
		bool more = false; /* a free handle may have something to send at once */
		for (CURLMsg *done; (done = curl_multi_info_read(bare.multi, &left));) {
			CURL *easy = done->easy_handle;
			end_send(easy);
			idle[idle_count++] = easy;
			more = true;
		}
		if (!more)
			curl_multi_poll(bare.multi, NULL, 0, 1000, NULL);
	}
	return NULL;
}

/*
 * Taking in
 */

static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_bytes, void **context)
{
	struct message *m = *context;

	(void)arg, (void)url, (void)method, (void)version;
	if (!m) {
		*context = m = calloc(1, sizeof(*m));
		if (m)
			m->connection = connection;
		return m ? MHD_YES : MHD_NO;
	}
	if (*data_bytes > 0) {
		char *body = realloc(m->body, m->body_bytes + *data_bytes);
		if (!body || m->body_bytes + *data_bytes > BODY_MOST)
			return MHD_NO;
		memcpy(body + m->body_bytes, data, *data_bytes);
		m->body = body;
		m->body_bytes += *data_bytes;
		*data_bytes = 0;
		return MHD_YES;
	}
	if (m->handled)
		return MHD_queue_response(connection, MHD_HTTP_ACCEPTED, bare.answer);
	m->handled = true;
	MHD_suspend_connection(connection);
	put(&bare.writing, m);
	return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
	(void)arg, (void)connection, (void)code;
	if (*context)
		free_message(*context);
	*context = NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		errx(2, "the path is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 1024) < 0)
		err(1, "%s", path);
	return fd;
}

static void start(int fd)
{
	/* As long as ours. */
	static char text[] = "{\"id\": \"msg_00000000000000000000000000\", \"state\": \"ready\", "
			     "\"repeated\": false}\n";

	bare.answer =
		MHD_create_response_from_buffer(sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
	if (!bare.answer ||
	    !MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
	                              MHD_USE_ERROR_LOG,
	                      0, NULL, NULL, on_access, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
	                      MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
	                      MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	                      MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END))
		errx(1, "cannot start the server");
}

int main(int argc, char **argv)
{
	pthread_t writer, sender;
	char byte;

	if (argc < 3 || argc > 4)
		errx(2, "usage: bare_ingest SOCKET FILE [URL]");
	queue_init(&bare.writing);
	queue_init(&bare.sending);
	bare.url = argv[3];
	open_file(argv[2]);
	if (bare.url) {
		curl_global_init(CURL_GLOBAL_ALL);
		bare.multi = curl_multi_init();
		if (!bare.multi || pthread_create(&sender, NULL, send_all, NULL) != 0)
			errx(1, "cannot start to send");
	}
	if (pthread_create(&writer, NULL, write_all, NULL) != 0)
		errx(1, "cannot start to write");
	start(listen_at(argv[1]));
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	/* Whatever is still on its way ends with the process. */
	_exit(0);
}
