# LK_ADD_FLAGS(VARIABLE, FLAGS)
# Appends to VARIABLE those of the blank-separated FLAGS that compile and link without a warning.
AC_DEFUN([LK_ADD_FLAGS], [
  for lk_flag in $2; do
    AS_VAR_PUSHDEF([lk_cache], [lk_cv_flag_$lk_flag])
    AC_CACHE_CHECK([whether $CC takes $lk_flag], [lk_cache], [
      lk_saved_CFLAGS=$CFLAGS
      CFLAGS="$CFLAGS $$1 $lk_flag -Werror"
      AC_LINK_IFELSE([AC_LANG_PROGRAM([#include <stdio.h>], [puts("");])],
                     [AS_VAR_SET([lk_cache], [yes])], [AS_VAR_SET([lk_cache], [no])])
      CFLAGS=$lk_saved_CFLAGS
    ])
    AS_VAR_IF([lk_cache], [yes], [AS_VAR_APPEND([$1], [" $lk_flag"])])
    AS_VAR_POPDEF([lk_cache])
  done
])

# LK_EXPAND(VARIABLE, TEXT)
# Puts the directory variables of configure into TEXT, as often as it takes.
AC_DEFUN([LK_EXPAND], [
  $1=$2
  lk_saved_prefix=$prefix
  lk_saved_exec_prefix=$exec_prefix
  test "x$prefix" = xNONE && prefix=$ac_default_prefix
  test "x$exec_prefix" = xNONE && exec_prefix=$prefix
  while :; do
    eval "lk_next=\"$$1\""
    test "x$lk_next" = "x$$1" && break
    $1=$lk_next
  done
  prefix=$lk_saved_prefix
  exec_prefix=$lk_saved_exec_prefix
])
