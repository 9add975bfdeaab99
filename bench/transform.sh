#!/usr/bin/env bash
# Runs of a small jq program on 512 bytes through the pool of workers, beside libjq in a loop without
# process, socket or check.  Repetitions alternate; every figure is a median.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${BENCH_SECONDS:-1.5}
rounds=${BENCH_ROUNDS:-3}
results=$(mktemp -t linkspan-bench.XXXXXX)
trap 'rm -f "$results"' EXIT

make -s -C "$LINKSPAN_BUILD" bench/transform bench/bare_jq
for ((round = 0; round < rounds; round++)); do
	printf 'bare - - %s\n' "$("$LINKSPAN_BUILD/bench/bare_jq" "$seconds")" >>"$results"
	for pair in '1 1' '16 1' '16 2' '64 2'; do
		read -r in_flight workers <<<"$pair"
		printf 'pool %s %s %s\n' "$in_flight" "$workers" \
			"$("$LINKSPAN_BUILD/bench/transform" \
				"$LINKSPAN_PREFIX/libexec/linkspan/linkspan-transform" \
				"$in_flight" "$workers" "$seconds")" >>"$results"
	done
done
awk -f "$bench/lib/median.awk" -f "$bench/lib/transform.awk" "$results"
