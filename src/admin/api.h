/* The handlers of the routes, and the rows of what they take. */
#pragma once

#include "admin/query.h"

struct admin;
struct api_call;
struct http_request;

/* api_metrics.c */
void api_metrics(struct api_call *call);

/* api_send.c */
enum {
	SEND_ENV,
	SEND_MODE,
	SEND_FRAMING,
	SEND_FORMAT,
	SEND_ORDERING,
	SEND_URI,
	SEND_CE,
	SEND_ROWS,
};
extern const struct query_row api_send_rows[SEND_ROWS];
void api_send(struct api_call *call);

/* api_delivery.c */
enum { DELIVERY_WAIT, DELIVERY_ROWS };
enum { ALTER_DRY_RUN, ALTER_ROWS };
enum { REPLAY_DRY_RUN, REPLAY_ROWS };
extern const struct query_row api_delivery_rows[DELIVERY_ROWS];
extern const struct query_row api_alter_rows[ALTER_ROWS]; /* of retry and cancel */
extern const struct query_row api_replay_rows[REPLAY_ROWS];
void api_delivery_list(struct api_call *call);
void api_delivery_get(struct api_call *call);
void api_delivery_retry(struct api_call *call);
void api_delivery_cancel(struct api_call *call);
void api_delivery_replay(struct api_call *call);

/* api_connection.c */
enum { CONNECTION_Q, CONNECTION_ENV, CONNECTION_LIMIT, CONNECTION_CURSOR, CONNECTION_ROWS };
extern const struct query_row api_connection_rows[CONNECTION_ROWS];
void api_connection_list(struct api_call *call);
void api_connection_get(struct api_call *call);
void api_connection_usage(struct api_call *call);

/* api_connection_save.c */
enum { SAVE_DRY_RUN, SAVE_ROWS };
enum { REPLACE_DRY_RUN, REPLACE_COMMENTS, REPLACE_ROWS };
enum { DELETE_DRY_RUN, DELETE_FORCE, DELETE_ROWS };
extern const struct query_row api_save_rows[SAVE_ROWS];
extern const struct query_row api_replace_rows[REPLACE_ROWS];
extern const struct query_row api_delete_rows[DELETE_ROWS];
void api_connection_create(struct api_call *call);
void api_connection_replace(struct api_call *call);
void api_connection_patch(struct api_call *call);
void api_connection_delete(struct api_call *call);

/* api_connection_verbs.c */
enum { TOGGLE_DRY_RUN, TOGGLE_ENV, TOGGLE_ROWS };
enum { CONFIRM_CONFIRM, CONFIRM_ROWS };
enum { RENAME_NAME, RENAME_ROWS };
enum { MOVE_PROJECT, MOVE_NAME, MOVE_ROWS };
enum { DUPLICATE_NAME, DUPLICATE_PROJECT, DUPLICATE_ROWS };
extern const struct query_row api_toggle_rows[TOGGLE_ROWS];
/* Of bodies. */
extern const struct query_row api_confirm_rows[CONFIRM_ROWS];
extern const struct query_row api_rename_rows[RENAME_ROWS];
extern const struct query_row api_move_rows[MOVE_ROWS];
extern const struct query_row api_duplicate_rows[DUPLICATE_ROWS];
void api_connection_enable(struct api_call *call);
void api_connection_disable(struct api_call *call);
void api_connection_rename(struct api_call *call);
void api_connection_move(struct api_call *call);
void api_connection_duplicate(struct api_call *call);

/* api_link.c */
enum { LINK_ENV, LINK_ROWS };
enum { HOLD_ENV, HOLD_DRY_RUN, HOLD_ROWS };
enum { PAUSE_REASON, PAUSE_ROWS };
extern const struct query_row api_link_rows[LINK_ROWS];
extern const struct query_row api_hold_rows[HOLD_ROWS];   /* of pause and resume */
extern const struct query_row api_pause_rows[PAUSE_ROWS]; /* of the body */
void api_link_status(struct api_call *call);
void api_link_pause(struct api_call *call);
void api_link_resume(struct api_call *call);

/* api_status.c */
void api_status(struct api_call *call);
void api_health(struct api_call *call);
void api_ready(struct api_call *call);

/* api_events.c */
enum {
	EVENTS_AFTER,
	EVENTS_WAIT,
	EVENTS_PROJECT,
	EVENTS_CONNECTION,
	EVENTS_ENVIRONMENT,
	EVENTS_KIND,
	EVENTS_ROWS,
};
extern const struct query_row api_events_rows[EVENTS_ROWS];
void api_events(struct api_call *call);

/* api_openapi.c */
void api_openapi(struct api_call *call);

/* api_token.c */
enum { TOKEN_DRY_RUN, TOKEN_ROWS };
enum { WISH_NAME, WISH_ROLE, WISH_PROJECTS, WISH_CONNECTIONS, WISH_EXPIRES, WISH_ROWS };
extern const struct query_row api_token_rows[TOKEN_ROWS];
extern const struct query_row api_token_wish_rows[WISH_ROWS]; /* of the body */
void api_token_list(struct api_call *call);
void api_token_create(struct api_call *call);
void api_token_revoke(struct api_call *call);

/* api_audit.c */
enum { AUDIT_LIMIT, AUDIT_CURSOR, AUDIT_ROWS };
extern const struct query_row api_audit_rows[AUDIT_ROWS];
void api_audit_list(struct api_call *call);
void api_audit_verify(struct api_call *call);

/* api_test.c */
enum { TEST_WISH_ENVIRONMENT, TEST_WISH_DEFINITION, TEST_WISH_CONFIRM, TEST_WISH_ROWS };
extern const struct query_row api_test_wish_rows[TEST_WISH_ROWS]; /* of the body */
void api_test(struct api_call *call);
/* api_bundle.c */
#define API_IMPORTS "/api/v1/imports"
enum { EXPORT_DEPENDENCIES, EXPORT_ROWS };
enum { EXPORTS_CONNECTIONS, EXPORTS_PASSPHRASE, EXPORTS_DEPENDENCIES, EXPORTS_ROWS };
enum {
	IMPORT_PROJECT,
	IMPORT_ON_CONFLICT,
	IMPORT_DEPENDENCIES,
	IMPORT_SKIP_ENVIRONMENTS,
	IMPORT_DRY_RUN,
	IMPORT_ROWS,
};
extern const struct query_row api_export_rows[EXPORT_ROWS];
extern const struct query_row api_exports_rows[EXPORTS_ROWS]; /* of the body */
extern const struct query_row api_import_rows[IMPORT_ROWS];
void api_connection_export(struct api_call *call);
void api_export(struct api_call *call);
void api_import(struct api_call *call);
/* How large the body of a request may be, if it is an import by somebody who may do that; else 0. */
size_t api_import_body_max(struct admin *admin, const struct http_request *request);
/* api_secret.c */
enum { SECRET_DRY_RUN, SECRET_ROWS };
enum { TEXT_TEXT, TEXT_ROWS };
enum { CHECK_REFERENCE, CHECK_ROWS };
extern const struct query_row api_secret_rows[SECRET_ROWS];
extern const struct query_row api_secret_text_rows[TEXT_ROWS];   /* of the body */
extern const struct query_row api_secret_check_rows[CHECK_ROWS]; /* of the body */
void api_secret_list(struct api_call *call);
void api_secret_set(struct api_call *call);
void api_secret_remove(struct api_call *call);
void api_secret_check(struct api_call *call);

/* api_session.c */
enum { SESSION_TOKEN, SESSION_ROWS };
extern const struct query_row api_session_rows[SESSION_ROWS]; /* of the body */
void api_session_get(struct api_call *call);
void api_session_begin(struct api_call *call);
void api_session_end(struct api_call *call);

/* api_deployment.c */
enum { DEPLOY_DRY_RUN, DEPLOY_ROWS };
enum {
	DEPLOY_WISH_ENVIRONMENT,
	DEPLOY_WISH_CONFIRM,
	UNDEPLOY_WISH_ROWS,
	DEPLOY_WISH_NOTE = UNDEPLOY_WISH_ROWS,
	DEPLOY_WISH_CONFIRM_SECRETS,
	FORWARD_WISH_ROWS,
	DEPLOY_WISH_NUMBER = FORWARD_WISH_ROWS,
	DEPLOY_WISH_ROWS,
};
enum { REVISION_ENV, REVISION_LIMIT, REVISION_CURSOR, REVISION_ROWS };
enum { DIFF_ENV, DIFF_ROWS };
extern const struct query_row api_deploy_rows[DEPLOY_ROWS];
extern const struct query_row api_deploy_wish_rows[DEPLOY_WISH_ROWS]; /* of the body */
extern const struct query_row api_revision_rows[REVISION_ROWS];
extern const struct query_row api_diff_rows[DIFF_ROWS]; /* of one revision too */
void api_deploy(struct api_call *call);
void api_undeploy(struct api_call *call);
void api_rollback(struct api_call *call);
void api_revision_list(struct api_call *call);
void api_revision_get(struct api_call *call);
void api_diff(struct api_call *call);

/* api_names.c */
enum { NAME_PROJECT, NAME_ROWS };
extern const struct query_row api_name_rows[NAME_ROWS];
void api_name(struct api_call *call);
void api_environments(struct api_call *call);
void api_connection_types(struct api_call *call);
void api_header_names(struct api_call *call);

/* api_apply.c */
enum { APPLY_DRY_RUN, APPLY_COMMENTS, APPLY_ROWS };
enum {
	APPLY_WISH_ITEMS,
	APPLY_WISH_PRUNE,
	APPLY_WISH_PROJECTS,
	APPLY_WISH_DEPLOY,
	APPLY_WISH_ENVIRONMENTS,
	APPLY_WISH_CONFIRM,
	APPLY_WISH_NOTE,
	APPLY_WISH_CONFIRM_SECRETS,
	APPLY_WISH_ROWS,
};
extern const struct query_row api_apply_rows[APPLY_ROWS];
extern const struct query_row api_apply_wish_rows[APPLY_WISH_ROWS]; /* of the body */
void api_apply(struct api_call *call);
