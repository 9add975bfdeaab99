/* What the parts of the API know of each other; for files of this folder. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/followers.h"
#include "admin/names.h"
#include "admin/route.h"
#include "admin/sessions.h"
#include "admin/throttle.h"
#include "admin/waits.h"
#include "admin/works.h"
#include "base/mem.h"

/* A copy of a configuration, replaced as a whole; each call that began with it holds it. */
struct settings {
	struct arena arena;
	atomic_uint holders;
	struct admin_configuration c;
};

struct admin {
	struct host *host;
	struct catalog *catalog;              /* NULL: there is none */
	struct http_server *local, *listener; /* NULL: there is none */
	struct tokens *tokens;
	struct sessions sessions;
	struct throttle throttle;
	struct waits waits;
	struct works works;
	struct followers followers;
	struct names names;
	pthread_mutex_t lock; /* guards `settings` */
	struct settings *settings;
	_Atomic size_t sendings; /* without an answer yet */
	struct answers answers;
};

/* The present ones. */
struct settings *settings_hold(struct admin *admin);
void settings_release(struct settings *s); /* takes NULL */

/* Inside a handler. */
static inline const struct admin_configuration *admin_settings(const struct api_call *call)
{
	return &call->settings->c;
}
