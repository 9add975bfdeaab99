#!/bin/sh
# Builds a plugin against the installed header with nothing but pkg-config, and sends through it.
# Arguments: DESTDIR BINDIR PKGCONFIGDIR CC CFLAGS
set -eu
destdir=$1 bindir=$2 pkgconfigdir=$3 cc=$4 cflags=$5
here=$(cd "$(dirname "$0")" && pwd)
linkspan=$destdir$bindir/linkspan

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PKG_CONFIG_PATH="$destdir$pkgconfigdir"
[ -z "$destdir" ] || export PKG_CONFIG_SYSROOT_DIR="$destdir"

mkdir "$work/plugins" "$work/environments" "$work/connections"
# Flags are words.
# shellcheck disable=SC2086,SC2046
$cc $cflags -fPIC -shared $(pkg-config --cflags linkspan-connector) "$here/sink.c" \
	-o "$work/plugins/sink.so"
"$linkspan" plugin lint "$work/plugins/sink.so"

cat >"$work/linkspan.conf" <<TEXT
host: { name = "installcheck"; environments = ( "Development" ); plugins = ( "plugins" ); };
TEXT
cat >"$work/environments/Development.conf" <<TEXT
environment: { name = "Development"; };
TEXT
cat >"$work/connections/Sink.conf" <<TEXT
connection: { name = "Sink"; type = "sink"; settings: { path = "$work/message"; };
  environments: { Development: { }; }; };
TEXT
"$linkspan" --config "$work/linkspan.conf" --standalone send Sink --env Development -d hello
[ "$(cat "$work/message")" = hello ]
echo 'An out-of-tree plugin was built, checked and used.'
