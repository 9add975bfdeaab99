# The table of bench/through.sh, from lines of NAME CONNECTIONS key=value…  Needs median.awk.

function median(name, key,    count, i, list) {
	count = runs[name, key]
	for (i = 1; i <= count; i++)
		list[i] = values[name, key, i]
	return middle(list, count)
}

function row(name) {
	printf "%-10s %11d %10.2f\n", name, median(name, "rate"), median(name, "cpu_s_per_100k")
}

{
	for (i = 3; i <= NF; i++) {
		split($i, pair, "=")
		values[$1, pair[1], ++runs[$1, pair[1]]] = pair[2]
	}
}

END {
	ratio = median("linkspan", "rate") / median("bare", "rate")
	print "HTTP in, durable, HTTP out to nginx.  Messages/s, CPU seconds per 100 000"
	print "what       delivered/s        CPU"
	row("linkspan")
	row("bare")
	printf "rate over the bare program's: %.2f (goal: >= 0.75) %s; CPU: %.2f\n", ratio,
		verdict(ratio >= 0.75),
		median("linkspan", "cpu_s_per_100k") / median("bare", "cpu_s_per_100k")
	if (missed)
		printf "\n%d goals missed\n", missed
}
