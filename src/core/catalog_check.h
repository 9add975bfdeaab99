/* What a change of the catalogue must not break.  With `changing` held. */
#pragma once

#include "core/catalog_impl.h"

/* As catalog_name_free(), the connection's own name aside. */
int catalog_name_free_but(struct catalog *c, const struct entry *own, const char *project,
                          const char *name, struct err *e);
/* Whether it can get that name in that scope: nobody who uses it by its name may lose sight of it. */
int catalog_check_move(struct catalog *c, const struct entry *entry, const char *project,
                       const char *name, struct catalog_answer *a, struct err *e);
/* Nor may it lose sight of whom it uses, with the definition that it will have in its new scope. */
int catalog_check_alerts(struct catalog *c, const struct entry *entry,
                         const struct conf_connection *definition, struct catalog_answer *a,
                         struct err *e);
int catalog_check_unused(struct catalog *c, const struct entry *entry, struct catalog_answer *a,
                         struct err *e);
/* Whether it could be deployed as it is, in every environment of it that is served; where there is none, as
 * far as can be said without.  compiles: its template too.  Faults are in the answer's report. */
int catalog_check_deployable(struct catalog *c, const struct catalog_entry *entry, bool compiles,
                             struct catalog_answer *a, struct err *e);
/* A protected environment asks for its name; NULL: there is no such environment any more. */
int catalog_check_confirmed(const struct conf_environment *environment,
                            const struct deploy_call *call, struct catalog_answer *a,
                            struct err *e);
