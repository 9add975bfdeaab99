#!/usr/bin/env bash
# A host with 10 000 connections: how long its start takes, a page of the list, an edit, a deployment, and
# what an idle link takes of memory.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/daemon.sh
. "$bench/lib/daemon.sh"

count=${BENCH_LINKS:-10000}
rounds=${BENCH_ROUNDS:-5}
goals_missed=0

# Nothing is sent, so nobody needs to listen.
write_connections() {
	/usr/bin/python3 "$bench/lib/catalog.py" write "$folder/site/connections" "$count"
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# Until it serves; the state is kept, unlike with start_daemon.
start_again() {
	"$LINKSPAN_PREFIX/sbin/linkspand" --config "$config" 2>"$folder/daemon.log" &
	daemon_pid=$!
	until grep -q 'message=ready' "$folder/daemon.log"; do
		kill -0 "$daemon_pid" 2>/dev/null || {
			cat "$folder/daemon.log"
			return 1
		}
		sleep 0.02
	done
}

# Into `took`, in ms.
time_start() {
	local began
	began=$(milliseconds)
	start_again
	took=$(($(milliseconds) - began))
}

tell() { # WHAT VALUE UNIT GOAL
	local verdict=met
	if awk -v value="$2" -v goal="$4" 'BEGIN { exit !(value > goal) }'; then
		verdict=MISSED
		goals_missed=1
	fi
	printf '%-34s %10s %-4s goal %6s  %s\n' "$1" "$2" "$3" "$4" "$verdict"
}

make_certificates 2>/dev/null
write_site
write_connections
time_start
first=$took
few_bytes=$(/usr/bin/python3 "$bench/lib/catalog.py" empty "$LINKSPAN_PREFIX" "$folder")
bytes=$(rss_bytes "$daemon_pid")
stop_daemon
starts=()
for ((i = 0; i < 3; i++)); do
	time_start
	starts+=("$took")
	[ "$i" -eq 2 ] || stop_daemon
done
start=$(printf '%s\n' "${starts[@]}" | sort -n | sed -n 2p)
echo "$count connections; the first start, which deploys all of them: $first ms"
tell 'start' "$start" ms 3000
while IFS=$'\t' read -r what value; do
	tell "$what" "$value" ms 50
done < <(/usr/bin/python3 "$bench/lib/catalog.py" ask "$socket" "$rounds")
tell 'memory of an idle link' "$(((bytes - few_bytes) / count / 1024))" KiB 30
stop_daemon
exit "$goals_missed"
