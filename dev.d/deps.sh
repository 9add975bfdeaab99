# shellcheck shell=bash
# Packages: what is needed, what is missing, installing it.

# Names of the packages of the sections given; of all sections without any.
packages() {
	awk -v wanted=" $* " '
		/^#/ || !NF { next }
		/^\[/ { section = substr($1, 2, length($1) - 2); next }
		wanted == "  " || index(wanted, " " section " ") { print $1 }
	' "$root/packages.txt" | sort -u
}

missing_packages() {
	local package

	for package in $(packages "$@"); do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
			printf '%s\n' "$package"
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

need() { # SECTION…
	local missing

	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	as_root apt-get update -q || echo 'dev: some package lists could not be fetched' >&2
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -q -y --no-install-recommends "${missing[@]}"
}

verb_deps() {
	if [ "${1:-}" = --list ]; then
		shift
		packages "$@"
	else
		need "$@"
	fi
}
