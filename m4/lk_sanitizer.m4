# LK_SANITIZER
# --with-sanitizer=address,undefined or =thread: sets SANITIZER_CFLAGS, for compiling and linking.
AC_DEFUN([LK_SANITIZER], [
  AC_ARG_WITH([sanitizer],
              [AS_HELP_STRING([--with-sanitizer=LIST], [address,undefined or thread])],
              [], [with_sanitizer=no])
  SANITIZER_CFLAGS=
  AS_CASE([$with_sanitizer],
    [no], [],
    [yes], [AC_MSG_ERROR([--with-sanitizer wants a list such as address,undefined])],
    [SANITIZER_CFLAGS="-fsanitize=$with_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer"
     AC_MSG_CHECKING([whether $CC takes -fsanitize=$with_sanitizer])
     lk_saved_CFLAGS=$CFLAGS
     CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
     AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
                    [AC_MSG_RESULT([no])
                     AC_MSG_ERROR([the compiler has no such sanitizer])])
     CFLAGS=$lk_saved_CFLAGS])
  AC_SUBST([SANITIZER_CFLAGS])
])

# LK_FUZZER
# --with-fuzzer: instruments everything for libFuzzer and builds the targets of tests/fuzz.
AC_DEFUN([LK_FUZZER], [
  AC_ARG_WITH([fuzzer], [AS_HELP_STRING([--with-fuzzer], [build the fuzz targets (clang)])],
              [], [with_fuzzer=no])
  FUZZER_CFLAGS=
  AS_VAR_IF([with_fuzzer], [no], [], [
    LK_ADD_FLAGS([FUZZER_CFLAGS], [-fsanitize=fuzzer-no-link])
    AS_VAR_IF([FUZZER_CFLAGS], [], [AC_MSG_ERROR([--with-fuzzer needs clang])])
  ])
  AC_SUBST([FUZZER_CFLAGS])
  AM_CONDITIONAL([WITH_FUZZER], [test "x$with_fuzzer" != xno])
])
