#!/bin/sh
# Holds the documents against the programs: the generated references are those of the tables, every
# link leads somewhere, every manual page renders, the guide's plugin compiles.  Prints TAP.
# `docs.sh --write BUILD` writes the references instead; `./dev docs` calls it.
set -eu
umask 022

write=
[ "${1:-}" != --write ] || { write=yes; cd "$2"; }
build=$(pwd)
cd "${LINKSPAN_SOURCE:-$(dirname "$0")/..}"
generated=docs/man/generated

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A host that knows the plugins of the build tree.
cat >"$work/linkspan.conf" <<TEXT
host: { name = "docs"; environments = ( "Docs" ); plugins = ( "$work/plugins" ); };
TEXT
mkdir "$work/plugins" "$work/environments"
echo 'environment: { name = "Docs"; };' >"$work/environments/Docs.conf"
cp "$build/.libs/webhook.so" "$work/plugins/"
chmod 755 "$work/plugins/webhook.so"

linkspan() {
	"$build/linkspan" --config "$work/linkspan.conf" -o man "$@"
}

# The type's own rows end where those of every connection begin.
common='# SETTINGS OF EVERY CONNECTION'

# The synopsis ends where the options begin.
options='# OPTIONS OF EVERY COMMAND'
manual() {
	linkspan help | sed 's|([^)]*/linkspan/linkspan\.conf)|(%sysconfdir%/linkspan/linkspan.conf)|'
}

reference() { # NAME
	case $1 in
	commands) manual | sed "1,/^$options\$/d" | sed "1i $options" ;;
	synopsis) manual | sed "/^$options\$/,\$d" | sed '1,2d;$d' ;;
	common) linkspan schema webhook | sed "1,/^$common\$/d" | sed 1d ;;
	webhook) linkspan schema webhook | sed "/^$common\$/,\$d" | sed 1,2d ;;
	*) linkspan schema "$1" ;;
	esac
}

names='commands common connection environment host synopsis webhook'

# The table of metrics stands in its document, between two marks.
metrics() { # what stands before, the table, what stands behind
	sed -n '1,/^<!-- linkspand --metrics -->$/p' docs/metrics.md
	"$build/linkspand" --metrics
	sed -n '/^<!-- end -->$/,$p' docs/metrics.md
}

if [ -n "$write" ]; then
	metrics >"$work/metrics.md"
	cmp -s "$work/metrics.md" docs/metrics.md || cp "$work/metrics.md" docs/metrics.md
	mkdir -p "$generated"
	for name in $names; do
		reference "$name" >"$work/$name.scd"
		cmp -s "$work/$name.scd" "$generated/$name.scd" ||
			cp "$work/$name.scd" "$generated/$name.scd"
	done
	exit
fi

verdict() { # NAME; the faults come on standard input
	faults=$(cat)
	if [ -z "$faults" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "$faults" | sed 's/^/# /'
	fi
}

# What follows a "](" up to ")", without anchors; addresses of the web are not ours to check.
links() { # FILE
	grep -o '](\([^)]*\))' "$1" | sed 's/^](//; s/)$//; s/#.*//' | grep -v '^[a-z]*:' || true
}

dangling() {
	for file in README.md docs/*.md conf/examples/README.md; do
		for link in $(links "$file"); do
			[ -e "$(dirname "$file")/$link" ] || echo "$file: $link does not exist"
		done
	done
}

render() { # PAGE
	awk -v generated="$generated" -f docs/man/include.awk "$1" >"$work/whole.scd" ||
		echo "$1: an include is missing"
	scdoc <"$work/whole.scd" >"$work/page" 2>"$work/faults" || sed "s|^|$1: |" "$work/faults"
	[ -s "$work/page" ] || echo "$1: nothing comes out"
}

# The fenced block of the language $1 that opens with the comment $2.
block() { # FILE LANGUAGE FIRST-LINE
	awk -v fence="\`\`\`$2" -v first="$3" '
		$0 == fence { inside = 1; start = 1; next }
		$0 == "```" { inside = keep = 0; next }
		inside && start { start = 0; keep = index($0, first) == 1 }
		inside && keep { print }' "$1"
}

guide_compiles() {
	block docs/plugin-guide.md c '/* udp.c' >"$work/udp.c"
	block docs/plugin-guide.md c '/* test_udp.c' >"$work/test_udp.c"
	flags='-std=gnu17 -Wall -Wextra -Werror -Iinclude'
	# Flags are words.
	# shellcheck disable=SC2086
	{
		${CC:-cc} $flags -fPIC -shared -fvisibility=hidden "$work/udp.c" -o "$work/udp.so"
		${CC:-cc} $flags -fsyntax-only "$work/test_udp.c"
		"$build/linkspan" plugin lint -q "$work/udp.so"
	} 2>&1 || echo 'it failed'
}

checks() {
	for name in $names; do
		reference "$name" 2>&1 | diff "$generated/$name.scd" - 2>&1 |
			verdict "the reference $name is that of the tables (mend: ./dev docs)"
	done
	metrics 2>&1 | diff docs/metrics.md - 2>&1 |
		verdict 'the metrics of the document are those of the table (mend: ./dev docs)'
	for name in $names; do
		grep -qx "@include $name.scd" docs/man/*.scd || echo "$name.scd is in no page"
	done | verdict 'every reference is in a page'

	dangling | verdict 'every relative link of the documents leads somewhere'
	guide_compiles | verdict "the plugin of the author's guide compiles and passes the lint"
	if command -v scdoc >/dev/null; then
		for page in docs/man/*.scd; do
			render "$page"
		done | verdict 'every manual page renders'
	else
		echo 'ok - every manual page renders # SKIP there is no scdoc here'
	fi
}

# One pass over what is printed puts the numbers in: each verdict runs in a process of its own.
echo "1..$(($(echo "$names" | wc -w) + 5))"
checks | awk '/^(not )?ok -/ { sub(/ok/, "ok " ++n) } { print }'
