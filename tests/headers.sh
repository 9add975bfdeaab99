#!/bin/sh
# The installed headers stand alone, as strict C17 and as C++17, each by itself and without a
# warning.  Prints TAP; finds the sources by LINKSPAN_SOURCE.
set -eu
cd "${LINKSPAN_SOURCE:-$(dirname "$0")/..}"

c=${CC:-cc}
cxx=${CXX:-c++}
flags='-pedantic-errors -Wall -Wextra -Wundef -Werror -fsyntax-only -Iinclude'
use='int main(int, char **);
int main(int argc, char **argv)
{
	static struct lk_host host;
	(void)argv;
	host.size = (uint32_t)argc;
	return LK_HAS(&host, extension);
}'

number=0
tell() {
	number=$((number + 1))
	echo "$1 $number - $2"
}

# check COMPILER LANGUAGE STANDARD HEADER
check() {
	name="$4 compiles as $3"
	# A compiler may come with words of its own: CC='gcc -m64'.
	# shellcheck disable=SC2086
	if ! command -v ${1%% *} >/dev/null; then
		tell ok "$name # SKIP no ${1%% *}"
	elif printf '#include <linkspan/%s>\n%s\n' "$4" "$use" |
		$1 -x "$2" "-std=$3" $flags - >&2; then
		tell ok "$name"
	else
		tell 'not ok' "$name"
	fi
}

echo 1..4
for header in connector.h testhost.h; do
	check "$c" c c17 "$header"
	check "$cxx" c++ c++17 "$header"
done
