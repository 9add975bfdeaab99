# What the tables share.

function sort(list, count,    i, k, value) {
	for (i = 2; i <= count; i++) {
		value = list[i]
		for (k = i - 1; k >= 1 && list[k] > value; k--)
			list[k + 1] = list[k]
		list[k + 1] = value
	}
}

# The median of list[1] to list[count].
function middle(list, count) {
	sort(list, count)
	return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
}

function verdict(good) {
	missed += !good
	return good ? "met" : "MISSED"
}
