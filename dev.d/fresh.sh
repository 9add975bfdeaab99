# shellcheck shell=bash
# A new, minimal Debian 12 that knows nothing of this machine, to prove that ./dev needs nothing more.

# The mirror that this machine installs from.
mirror() {
	local uri
	uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
		sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] *\)\?//p' | awk '$1 ~ /\/debian\/?$/ { print $1; exit }')
	printf '%s\n' "${uri:-http://deb.debian.org/debian}"
}

# The checkout as git sees it: tracked files and new ones, nothing ignored.
copy_checkout() { # FOLDER
	mkdir -p "$1"
	git ls-files -z --cached --others --exclude-standard |
		tar --null --files-from=- --create --ignore-failed-read | tar -x -C "$1"
}

verb_fresh() {
	[ "$(id -u)" -eq 0 ] || die './dev fresh needs root (debootstrap, chroot)'
	need fresh
	# In a mount namespace of its own every mount ends with the process.
	if [ -z "${LINKSPAN_FRESH:-}" ]; then
		LINKSPAN_FRESH=1 exec unshare --mount --propagation private "$root/dev" fresh "$@"
	fi

	local target
	target=$(mktemp -d -t linkspan-fresh.XXXXXX)
	# shellcheck disable=SC2064
	trap "leave_fresh '$target'" EXIT
	say "installing a minimal Debian 12 from $(mirror)"
	chmod 755 "$target"
	debootstrap --variant=minbase bookworm "$target" "$(mirror)" >"$target.log" ||
		die "debootstrap failed; see $target.log"
	cp /etc/resolv.conf "$target/etc/resolv.conf"
	mount -t proc proc "$target/proc"
	mount --rbind /dev "$target/dev"
	copy_checkout "$target/srv/linkspan"

	say './dev run'
	in_fresh "$target" run
	if [ "${1:-}" = --test ]; then
		say './dev test'
		in_fresh "$target" test
	fi
}

in_fresh() { # FOLDER VERB
	chroot "$1" /usr/bin/env -i HOME=/root TERM=dumb LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		/srv/linkspan/dev "$2" </dev/null
}

leave_fresh() { # FOLDER
	umount -R "$1/dev" "$1/proc" 2>/dev/null || true
	if mountpoint -q "$1/dev" || mountpoint -q "$1/proc"; then
		die "$1 still has mounts; not removed"
	fi
	rm -rf --one-file-system "$1" "$1.log"
}
