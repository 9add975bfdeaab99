# Puts generated/NAME in the place of each line "@include NAME".
/^@include / {
	file = generated "/" $2
	while ((got = (getline line < file)) > 0)
		print line
	if (got < 0) {
		print "cannot read " file > "/dev/stderr"
		exit 1
	}
	close(file)
	next
}
{ print }
