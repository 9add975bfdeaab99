# LK_JQ
# Sets JQ_LIBS to what links libjq, which has no .pc file.
AC_DEFUN([LK_JQ], [
  lk_jq_hint="libjq 1.6 or later is needed (on Debian: libjq-dev)"
  AC_CHECK_HEADER([jq.h], [], [AC_MSG_ERROR([jq.h is not there: $lk_jq_hint])],
                  [#include <stdio.h>])
  lk_saved_LIBS=$LIBS
  AC_CHECK_LIB([jq], [jq_set_nomem_handler], [JQ_LIBS=-ljq],
               [AC_MSG_ERROR([libjq cannot be linked: $lk_jq_hint])])
  LIBS=$lk_saved_LIBS
  AC_SUBST([JQ_LIBS])
])
