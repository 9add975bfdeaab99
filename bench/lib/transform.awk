# PROGRAM IN-FLIGHT WORKERS key=value… to one table of medians.
{
	key = $1 " " $2 " " $3
	if (!(key in count))
		order[++keys] = key
	for (i = 4; i <= NF; i++)
		if (split($i, pair, "=") == 2 && pair[1] == "rate")
			rate[key, ++count[key]] = pair[2]
}

function median_of(key,    i, list) {
	for (i = 1; i <= count[key]; i++)
		list[i] = rate[key, i]
	return middle(list, count[key])
}

END {
	bare = median_of("bare - -")
	print "Runs/s of a small program on 512 bytes"
	printf "%-8s %9s %8s %9s %10s\n", "what", "in-flight", "workers", "runs/s", "over bare"
	for (k = 1; k <= keys; k++) {
		split(order[k], word, " ")
		printf "%-8s %9s %8s %9.0f %10.2f\n", word[1], word[2], word[3], median_of(order[k]), median_of(order[k]) / bare
	}
}
