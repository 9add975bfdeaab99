/* Rows of the audit trail. */
#include "admin/audited.h"

#include <pwd.h>
#include <stdio.h>

#include "admin/admin_impl.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "httpd/request.h"
#include "json/json.h"

enum { DETAIL_MAX = 8192, PASSWD_BYTES = 4096 };

void audited_user(unsigned long uid, char text[AUDITED_ACTOR_BYTES])
{
	char room[PASSWD_BYTES];
	struct passwd entry, *found = NULL;

	if (getpwuid_r((uid_t)uid, &entry, room, sizeof(room), &found) == 0 && found)
		snprintf(text, AUDITED_ACTOR_BYTES, "local:%s", found->pw_name);
	else
		snprintf(text, AUDITED_ACTOR_BYTES, "local:%lu", uid);
}

/* Over the local socket it is a user of this machine. */
void audited_actor(const struct api_call *call, char text[AUDITED_ACTOR_BYTES])
{
	if (call->asker.who.kind != WHO_LOCAL)
		snprintf(text, AUDITED_ACTOR_BYTES, "%s%s",
		         call->asker.who.kind == WHO_SESSION ? "session/" : "",
		         call->asker.who.name);
	else
		audited_user(call->request->peer.uid, text);
}

int audited_init(struct audited *a, const struct api_call *call, const char *action,
                 const char *project, const char *subject, struct json *detail)
{
	int rc = 0;

	buf_init(&a->detail, DETAIL_MAX);
	audited_actor(call, a->actor);
	if (detail)
		rc = json_write(detail, 0, &a->detail);
	a->audit = (struct store_audit){
		.at_ms = store_now_ms(host_store(call->admin->host)),
		.actor = a->actor,
		.action = action,
		.project = project,
		.subject = subject,
		.detail = detail ? buf_str(&a->detail) : NULL,
	};
	json_free(detail);
	return rc;
}

void audited_finish(struct audited *a)
{
	buf_finish(&a->detail);
}

int audited_note(const struct api_call *call, const struct store_audit *rows, size_t count,
                 struct err *e)
{
	struct store_note op = {.op.kind = STORE_NOTE, .rows = rows, .count = count};

	int rc = store_post_wait(host_store(call->admin->host), &op.op);
	return rc < 0 ? err_set(e, rc, "the store cannot keep that this was done%s",
	                        rc == ERR_BUSY ? ": there is no room on the disk" : "")
	              : 0;
}
