# The tables of bench/send.sh, from lines of PROGRAM SCHEME PATH IN-FLIGHT key=value…  Needs median.awk.

function median(program, scheme, path, in_flight, key,    where, count, i, list) {
	where = program " " scheme " " path " " in_flight " " key
	count = runs[where]
	for (i = 1; i <= count; i++)
		list[i] = values[where, i]
	return middle(list, count)
}

# Seconds from a request's start to its end, with so many under way all the time.
function mean_time(program, scheme, path, in_flight) {
	return in_flight / median(program, scheme, path, in_flight, "rate")
}

function compare(scheme, in_flight,    lane, bare, wrk, lane_cpu, bare_cpu, wrk_cpu) {
	lane = median("lane", scheme, "pooled", in_flight, "rate")
	bare = median("bare", scheme, "pooled", in_flight, "rate")
	wrk = median("wrk", scheme, "pooled", in_flight, "rate")
	lane_cpu = median("lane", scheme, "pooled", in_flight, "cpu_s_per_100k")
	bare_cpu = median("bare", scheme, "pooled", in_flight, "cpu_s_per_100k")
	wrk_cpu = median("wrk", scheme, "pooled", in_flight, "cpu_s_per_100k")
	printf "%-6s %9d  %8d %8d %8d  %6.2f %6.2f %6.2f  %9.2f %9.2f  %s\n", scheme, in_flight,
		lane, bare, wrk, lane_cpu, bare_cpu, wrk_cpu, lane / bare, lane_cpu / bare_cpu,
		(in_flight > 1 ? verdict(lane / bare >= 0.90) : "")
}

function saved(program, scheme, in_flight,    pooled, fresh, time, cpu) {
	pooled = mean_time(program, scheme, "pooled", in_flight)
	fresh = mean_time(program, scheme, "fresh", in_flight)
	time = 1 - pooled / fresh
	cpu = 1 - median(program, scheme, "pooled", in_flight, "cpu_s_per_100k") / \
		median(program, scheme, "fresh", in_flight, "cpu_s_per_100k")
	printf "%-6s %-4s %9d  %8.0f %8.0f  %7.1f %% %7.1f %%  %6.0f %%  %s\n", scheme, program,
		in_flight, pooled * 1e6, fresh * 1e6, 100 * time, 100 * cpu,
		100 * median(program, scheme, "fresh", in_flight, "resumed"),
		(scheme == "https" && program == "lane" ? verdict(time >= 0.8 && cpu >= 0.8) : "")
}

{
	for (i = 5; i <= NF; i++) {
		split($i, pair, "=")
		where = $1 " " $2 " " $3 " " $4 " " pair[1]
		values[where, ++runs[where]] = pair[2]
	}
}

END {
	split("http https", schemes)
	split("1 16 64", flights)
	split("lane bare", programs)
	print "Pooled.  Requests/s; CPU seconds per 100 000; lane over bare (goal: rate >= 0.90)"
	print "scheme in-flight      lane     bare      wrk    lane   bare    wrk       rate       CPU"
	for (s = 1; s <= 2; s++)
		for (f = 1; f <= 3; f++)
			compare(schemes[s], flights[f])
	print ""
	print "Pooled against fresh connections.  Microseconds per request; what the pool saves of" \
		" time and CPU (goal over HTTPS: >= 80 %); fresh handshakes resumed"
	print "scheme prog in-flight    pooled    fresh       time       CPU  resumed"
	for (s = 1; s <= 2; s++)
		for (p = 1; p <= 2; p++)
			for (f = 1; f <= 2; f++)
				saved(programs[p], schemes[s], flights[f])
	if (missed)
		printf "\n%d goals missed\n", missed
}
