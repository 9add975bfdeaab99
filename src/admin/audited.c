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

/* Over the local socket it is a user of this machine. */
void audited_actor(const struct api_call *call, char text[AUDITED_ACTOR_BYTES])
{
	uid_t uid = call->request->peer.uid;
	char room[PASSWD_BYTES];
	struct passwd entry, *found = NULL;

	if (call->asker.who.kind != WHO_LOCAL)
		snprintf(text, AUDITED_ACTOR_BYTES, "%s%s",
		         call->asker.who.kind == WHO_SESSION ? "session/" : "",
		         call->asker.who.name);
	else if (getpwuid_r(uid, &entry, room, sizeof(room), &found) == 0 && found)
		snprintf(text, AUDITED_ACTOR_BYTES, "local:%s", found->pw_name);
	else
		snprintf(text, AUDITED_ACTOR_BYTES, "local:%lu", (unsigned long)uid);
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
