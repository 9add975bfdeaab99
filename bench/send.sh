#!/usr/bin/env bash
# Requests per second and CPU of the lane with the webhook plugin, beside a bare libcurl loop and wrk;
# and what the pool of connections saves.  Repetitions alternate; every figure is a median.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/receiver.sh
. "$bench/lib/receiver.sh"

seconds=${BENCH_SECONDS:-1.5}
rounds=${BENCH_ROUNDS:-3}
results=$folder/results

run_lane() { # SCHEME PATH IN-FLIGHT
	"$LINKSPAN_BUILD/bench/lane_send" "$folder/site/linkspan.conf" "$1_$2_$3" "$3" "$seconds"
}

run_bare() { # SCHEME PATH IN-FLIGHT
	"$LINKSPAN_BUILD/bench/bare_multi" "$(url_of "$1" "$2")" "$folder/ca.pem" "$3" "$seconds"
}

# wrk knows whole seconds only, and counts what it does from the first one on.
run_wrk() { # SCHEME PATH IN-FLIGHT
	local TIMEFORMAT='%U %S' whole=${seconds%.*}
	[ "$whole" -gt 0 ] || whole=1
	{ time wrk -t 1 -c "$3" -d "$whole" -s "$bench/lib/post.lua" "$(url_of "$1" "$2")" \
		>"$folder/wrk"; } 2>"$folder/wrk.time"
	awk 'FNR == NR { cpu = $1 + $2; next }
		/requests in/ { requests = $1 }
		/Requests\/sec/ { rate = $2 }
		/Non-2xx|Socket errors/ { failures = 1 }
		END { printf "rate=%.0f cpu_s_per_100k=%.3f resumed=0 failures=%d\n", rate,
			cpu * 1e5 / requests, failures }' "$folder/wrk.time" "$folder/wrk"
}

# One line of results: PROGRAM SCHEME PATH IN-FLIGHT key=value…
measure() { # PROGRAM SCHEME PATH IN-FLIGHT
	printf '%s %s\n' "$*" "$("run_$1" "$2" "$3" "$4")" >>"$results"
}

measure_all() {
	local scheme program in_flight round
	for scheme in http https; do
		for in_flight in 1 16 64; do
			for ((round = 0; round < rounds; round++)); do
				for program in lane bare wrk; do
					measure "$program" "$scheme" pooled "$in_flight"
				done
			done
		done
		for in_flight in 1 16; do
			for ((round = 0; round < rounds; round++)); do
				for program in lane bare; do
					measure "$program" "$scheme" fresh "$in_flight"
				done
			done
		done
	done
}

write_connections() {
	local scheme path in_flight
	for scheme in http https; do
		for path in pooled fresh; do
			for in_flight in 1 16 64; do
				write_connection "${scheme}_${path}_$in_flight" \
					"$(url_of "$scheme" "$path")" "pool_size = $in_flight;" \
					'content_type = "application/json";'
			done
		done
	done
}

print_tables() {
	awk -f "$bench/lib/median.awk" -f "$bench/lib/tables.awk" "$results"
}

build_programs lane_send bare_multi
start_nginx
write_site
write_connections
measure_all
print_tables
