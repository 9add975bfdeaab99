# shellcheck shell=bash
# Building: every configuration has its own folder below build/.

# Configures FOLDER unless it was configured with the same arguments before, and builds there.
# A configuration that changed starts from nothing: make does not know about changed flags.  Check is
# part of it, because ./dev run configures before ./dev test has installed that library.
build_in() { # FOLDER CONFIGURE-ARGUMENT…
	local folder=$1 arguments
	shift
	arguments=$(printf '%q ' "$@" "check=$(pkg-config --modversion check 2>/dev/null)")
	[ -x configure ] || autoreconf -i || return 1
	mkdir -p "$folder"
	if [ "$(cat "$folder/configured-with" 2>/dev/null)" != "$arguments" ]; then
		[ ! -f "$folder/Makefile" ] || make -s -C "$folder" clean
		(cd "$folder" && "$root/configure" -q "$@") || return 1
		printf '%s\n' "$arguments" >"$folder/configured-with"
	fi
	make -s -C "$folder" -j"$(nproc)"
}

# The build of every day; its private installation is build/run.
build_main() {
	build_in "$build" --prefix="$build/run" --enable-strict
}

build_asan() {
	build_in "$build/asan" --prefix="$build/asan/run" \
		--with-sanitizer=address,undefined CFLAGS='-g -O1'
}

install_from() { # FOLDER
	make -s -C "$1" install >"$1/install.log" || {
		cat "$1/install.log"
		return 1
	}
}

verb_build() {
	need build
	build_main
}

verb_install() {
	[ $# -eq 1 ] || die 'usage: ./dev install DIR'
	local folder
	mkdir -p "$1"
	folder=$(cd "$1" && pwd)
	need build
	build_in "$build/install" --prefix="$folder"
	install_from "$build/install"
	echo "installed below $folder"
}

# Each script of bench/ is one measurement.
verb_bench() {
	local script
	need build bench
	build_main
	install_from "$build"
	for script in bench/${1:-*}.sh; do
		[ -f "$script" ] || die "no measurement \"${1:-}\" in bench/"
		say "$(basename "$script" .sh)"
		LINKSPAN_PREFIX=$build/run LINKSPAN_BUILD=$build bash "$script"
	done
}
