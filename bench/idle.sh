#!/usr/bin/env bash
# What 10 000 open links over HTTPS cost that have sent nothing: memory, and descriptors.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/receiver.sh
. "$bench/lib/receiver.sh"

count=${BENCH_LINKS:-10000}

# Nothing is sent, so nobody needs to listen.
write_connections() {
	local i
	for ((i = 0; i <= count; i++)); do
		write_connection "L$i" "https://127.0.0.1:9/links/$i"
	done
}

build_programs idle
make_certificates 2>/dev/null
write_site
write_connections
result=$("$LINKSPAN_BUILD/bench/idle" "$folder/site/linkspan.conf" "$count")
echo "$result"
case $result in
*' descriptors=0') ;;
*)
	echo 'goal missed: an idle link has descriptors'
	exit 1
	;;
esac
