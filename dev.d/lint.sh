# shellcheck shell=bash
# Format and rules of the house.

# include/ is laid out by hand, for reading.
formatted_sources() {
	sources | grep -v '^include/'
}

# Those of dev.d are read as parts of dev.
shell_scripts() {
	printf '%s\n' dev .ci/run
	find tests bench -name '*.sh'
}

# A rule prints what breaks it, and nothing when all is well.

rule_floors() {
	LINKSPAN_SOURCE=$root tests/floors.sh | grep -v '^ok\|^1\.\.'
}

rule_size() {
	sources | xargs awk '
		FNR == 1 { start = 0 }
		FNR == 601 { print FILENAME ": more than 600 lines" }
		/^\{/ { start = FNR }
		/^\}/ {
			if (start && FNR - start > 80)
				print FILENAME ":" start ": a function of more than 80 lines"
			start = 0
		}'
}

rule_memory() {
	grep -nE '(^|[^A-Za-z0-9_.>])(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf)\(' \
		-r src --include='*.[ch]' | grep -v '^src/base/mem\.c:'
}

rule_banned() {
	grep -rL '^#include "base/banned\.h"' src --include='*.c'
}

rule_paths() {
	grep -rnIE '(^|[^A-Za-z0-9_.])/(work|root|farm)/' . --exclude-dir=.git --exclude-dir=build \
		--exclude-dir=build-aux --exclude-dir=autom4te.cache --exclude=configure --exclude=.git
}

rule_shell() {
	shell_scripts | xargs shellcheck -x
}

rule_format() {
	formatted_sources | xargs clang-format --dry-run -Werror
}

# Not asked: a NULL pointer ends our lists of arguments (sound on POSIX), a scan of a string may look at
# its end before the bound, and post_and_wait() of host.c lends its gate and waits to get it back.
rule_cppcheck() {
	cppcheck -q -j"$(nproc)" --std=c11 --enable=warning,performance,portability \
		--suppress=varFuncNullUB --suppress=arrayIndexThenCheck \
		--suppress=autoVariables:src/core/host.c --inline-suppr \
		-D_GNU_SOURCE -Isrc -Iinclude src plugins
}

rule_tidy() {
	local flags
	read -ra flags < <(pkg-config --cflags json-c smartcols)
	sources | grep -E '^(src|plugins)/.*\.c$' |
		xargs -P "$(nproc)" -I{} clang-tidy --quiet {} -- -std=gnu17 -D_GNU_SOURCE \
			-DLINKSPAN_VERSION='""' -DLINKSPAN_PLUGINDIR='""' -DLINKSPAN_CONFIG='""' \
			-DLINKSPAN_TRANSFORM='""' \
			-Isrc -Iinclude "${flags[@]}" 2> >(grep -v 'warnings\? generated\|^Suppressed\|^Use -h' >&2)
}

check_rules() { # RULE…
	local rule found broken=0
	for rule in "$@"; do
		found=$("rule_$rule" 2>&1) || true
		if [ -z "$found" ]; then
			echo "ok: $rule"
		else
			printf '%s\nnot ok: %s\n' "$found" "$rule"
			broken=1
		fi
	done
	return "$broken"
}

# What ./dev test asks for.
lint_rules() {
	check_rules floors size memory banned paths shell
}

verb_lint() {
	need build lint
	check_rules floors size memory banned paths shell format cppcheck tidy
}

verb_fmt() {
	need lint
	formatted_sources | xargs clang-format -i
}
