# LK_WARNINGS
# Sets WARNING_CFLAGS.  --enable-strict makes every warning an error.
AC_DEFUN([LK_WARNINGS], [
  AC_ARG_ENABLE([strict], [AS_HELP_STRING([--enable-strict], [treat compiler warnings as errors])],
                [], [enable_strict=no])
  WARNING_CFLAGS=
  LK_ADD_FLAGS([WARNING_CFLAGS], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wvla -Wundef \
    -Wformat=2 -Wimplicit-fallthrough -Wmissing-declarations -Wredundant-decls \
    -Wnested-externs -Wlogical-op -Wduplicated-cond -Wdate-time -Wno-missing-field-initializers])
  AS_VAR_IF([enable_strict], [no], [], [LK_ADD_FLAGS([WARNING_CFLAGS], [-Werror])])
  AC_SUBST([WARNING_CFLAGS])
])

# LK_HARDENING
# Sets HARDENING_CFLAGS and HARDENING_LDFLAGS; nothing of it in a sanitizer build, which checks more.
AC_DEFUN([LK_HARDENING], [
  AC_REQUIRE([LK_SANITIZER])
  HARDENING_CFLAGS=
  HARDENING_LDFLAGS=
  AS_VAR_IF([with_sanitizer], [no], [
    LK_ADD_FLAGS([HARDENING_CFLAGS], [-fstack-protector-strong -fstack-clash-protection \
      -D_FORTIFY_SOURCE=2])
    LK_ADD_FLAGS([HARDENING_LDFLAGS], [-Wl,-z,relro -Wl,-z,now -Wl,--as-needed])
  ])
  AC_SUBST([HARDENING_CFLAGS])
  AC_SUBST([HARDENING_LDFLAGS])
])
