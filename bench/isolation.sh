#!/usr/bin/env bash
# What 50 endpoints that hang do to 50 that are well: the time of a durable message until it arrives,
# beside the same without the hanging ones.  Goal: p99 at most 1.2 times its baseline, or 20 ms more.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/daemon.sh
. "$bench/lib/daemon.sh"

seconds=${BENCH_SECONDS:-6}
rounds=${BENCH_ROUNDS:-3}
per_second=${BENCH_RATE:-500}
links=50
results=$folder/results

write_links() { # PORT
	local n
	for ((n = 0; n < links; n++)); do
		write_connection "healthy_$n" "http://127.0.0.1:$1/healthy/$n"
		write_connection "hanging_$n" "http://127.0.0.1:$1/hanging/$n" \
			'request_timeout_ms = 60000;'
	done
}

measure() { # NAME HANGING
	start_daemon
	printf '%s %s\n' "$1" "$("$LINKSPAN_BUILD/bench/latency" "$socket" "$port" "$links" \
		"$per_second" "$seconds" "$2")" >>"$results"
	# The hanging ones would hold up an orderly stop.
	kill -9 "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null || true
	daemon_pid=
}

build_programs latency
: >"$folder/ca.pem"
read -r port _ < <(free_ports)
write_site
write_links "$port"
for ((round = 0; round < rounds; round++)); do
	measure baseline 0
	measure hanging "$links"
done
awk -v links="$links" -v per_second="$per_second" -f "$bench/lib/median.awk" \
	-f "$bench/lib/isolation.awk" "$results"
