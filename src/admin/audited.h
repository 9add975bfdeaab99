/* What a handler does on somebody's word, as a row of the audit trail. */
#pragma once

#include "base/buf.h"
#include "store/store.h"

struct api_call;
struct err;
struct json;

enum { AUDITED_ACTOR_BYTES = 96 };

/* Who asks: "local:anna" "token:ci" "session/token:ci". */
void audited_actor(const struct api_call *call, char ret[AUDITED_ACTOR_BYTES]);

/* "local:anna", by the number of a user of this machine. */
void audited_user(unsigned long uid, char ret[AUDITED_ACTOR_BYTES]);

struct audited {
	struct store_audit audit;
	char actor[AUDITED_ACTOR_BYTES];
	struct buf detail;
};

/* action, project and subject are borrowed; detail is taken, NULL: there is none.  No secrets in it. */
int audited_init(struct audited *a, const struct api_call *call, const char *action,
                 const char *project, const char *subject, struct json *detail);
void audited_finish(struct audited *a);

/* Writes rows about what changes nothing in the store, before its answer may go out.  Blocks: for handlers of
 * routes that work.  ERR_BUSY: there is no room; ERR_IO. */
int audited_note(const struct api_call *call, const struct store_audit *rows, size_t count,
                 struct err *e);
