# The table of bench/ingest.sh, from lines of NAME CONNECTIONS key=value…  Needs median.awk.

function median(name, count, key,    runs_of, i, list) {
	runs_of = runs[name, count, key]
	for (i = 1; i <= runs_of; i++)
		list[i] = values[name, count, key, i]
	return middle(list, runs_of)
}

function row(name, count,    ratio) {
	ratio = median(name, count, "rate") / median("bare", count, "rate")
	printf "%-10s %11d %11d %9d %9d %6.2f  %s\n", name, count, median(name, count, "rate"),
		median(name, count, "p50_us"), median(name, count, "p99_us"), ratio,
		name == "linkspan" ? verdict(ratio >= 0.7) : ""
}

{
	for (i = 3; i <= NF; i++) {
		split($i, pair, "=")
		values[$1, $2, pair[1], ++runs[$1, $2, pair[1]]] = pair[2]
	}
	if (!seen[$2]++)
		order[++counts] = $2
}

END {
	print "Accepted over HTTP, 512 bytes each, durable (nginx keeps nothing).  Requests/s, microseconds," \
		" rate over the bare program's (goal: >= 0.70)"
	print "what       connections  accepted/s    p50 us    p99 us   rate"
	for (c = 1; c <= counts; c++) {
		row("linkspan", order[c])
		row("bare", order[c])
		row("nginx", order[c])
	}
	if (missed)
		printf "\n%d goals missed\n", missed
}
