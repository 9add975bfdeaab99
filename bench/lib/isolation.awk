# The table of bench/isolation.sh, from lines of NAME key=value…  Needs median.awk.

function median(name, key,    count, i, list) {
	count = runs[name, key]
	for (i = 1; i <= count; i++)
		list[i] = values[name, key, i]
	return middle(list, count)
}

function row(name) {
	printf "%-10s %8.2f %8.2f %8.2f\n", name, median(name, "p50_ms"), median(name, "p99_ms"),
		median(name, "max_ms")
}

{
	for (i = 2; i <= NF; i++) {
		split($i, pair, "=")
		values[$1, pair[1], ++runs[$1, pair[1]]] = pair[2]
	}
}

END {
	printf "Milliseconds from due to arrival, %d healthy links, %d messages/s; alone, and beside %d" \
		" that hang\n", links, per_second, links
	print "                p50      p99      max"
	row("baseline")
	row("hanging")
	alone = median("baseline", "p99_ms")
	beside = median("hanging", "p99_ms")
	printf "p99: %.2f times its baseline, %+.1f ms (goal: <= 1.2, or + 20 ms) %s\n", beside / alone,
		beside - alone, verdict(beside <= 1.2 * alone || beside <= alone + 20)
}
