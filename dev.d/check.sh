# shellcheck shell=bash
# Tests: stages one after the other, and one closing line over all of them.

tests_passed=0
tests_failed=0

# Adds automake's last summary ("# PASS:  12") of a log.
count_tap() { # LOG
	local passed failed
	read -r passed failed < <(awk '
		/^Testsuite summary/ { passed = failed = 0 }
		/^# PASS:/ { passed = $3 }
		/^# (FAIL|XPASS|ERROR):/ { failed += $3 }
		END { print passed + 0, failed + 0 }' "$1")
	tests_passed=$((tests_passed + passed))
	tests_failed=$((tests_failed + failed))
}

# Adds pytest's summary ("3 passed, 1 failed in 2.10s") of a log.
count_pytest() { # LOG
	local word
	for word in passed failed error; do
		local n
		n=$(tail -n 3 "$1" | sed -n "s/^.*\b\([0-9]\+\) $word.*/\1/p" | tail -n 1)
		if [ "$word" = passed ]; then
			tests_passed=$((tests_passed + ${n:-0}))
		else
			tests_failed=$((tests_failed + ${n:-0}))
		fi
	done
}

# `make check`, or another target that runs tests, in a build folder.
unit_tests() { # FOLDER MAKE-ARGUMENT…
	local folder=$1 status=0
	shift
	make -s -O -C "$folder" -j"$(nproc)" VERBOSE=1 "$@" 2>&1 |
		tee "$folder/check.log" | sed "/^PASS: /d" ||
		status=1
	count_tap "$folder/check.log"
	return "$status"
}

# pytest against the programs installed by a build folder.
system_tests() { # FOLDER PYTEST-ARGUMENT…
	local folder=$1 status=0
	shift
	install_from "$folder" || return 1
	make -s -C "$folder" tests/plugins/deadly.la >"$folder/plugins.log" 2>&1 || {
		cat "$folder/plugins.log"
		return 1
	}
	LINKSPAN_PREFIX=$folder/run LINKSPAN_TEST_PLUGINS=$folder/tests/plugins/.libs "$python" -B -m pytest -q -p no:cacheprovider -rf tests/system \
		"$@" 2>&1 | tee "$folder/pytest.log" || status=1
	count_pytest "$folder/pytest.log"
	return "$status"
}

stage_gcc() {
	build_main && unit_tests "$build" check
}

stage_clang() {
	build_in "$build/clang" --enable-strict CC=clang &&
		make -s -C "$build/clang" -j"$(nproc)" check TESTS=
}

stage_lint() {
	lint_rules
}

stage_system() {
	system_tests "$build"
}

stage_asan() {
	build_asan && unit_tests "$build/asan" check && system_tests "$build/asan"
}

stage_tsan() {
	build_in "$build/tsan" --with-sanitizer=thread CFLAGS='-g -O1' &&
		unit_tests "$build/tsan" check-threads
}

# name and what it does
test_stages=(
	'gcc     build with gcc, warnings are errors; unit tests'
	'clang   build with clang, warnings are errors'
	'lint    house rules and shellcheck'
	'system  system tests with the installed programs'
	'asan    unit and system tests under ASan and UBSan'
	'tsan    tests of the lanes under TSan'
)

run_stages() { # PATTERN of stage names
	local stage name failed=

	for stage in "${test_stages[@]}"; do
		name=${stage%% *}
		[[ $name =~ ^($1)$ ]] || continue
		say "$stage"
		# In a condition `set -e` is off: a stage says itself where it ends.
		if ! "stage_$name"; then
			failed=$name
			break
		fi
	done
	if [ -n "$failed" ]; then
		printf '\nThe stage %s failed.\n' "$failed"
		[ "$tests_failed" -gt 0 ] || tests_failed=1
	fi
	printf '\n%d passed, %d failed\n' "$tests_passed" "$tests_failed"
	[ "$tests_failed" -eq 0 ]
}

verb_test() {
	need build test lint
	run_stages '.*'
}

verb_asan() {
	need build test
	run_stages asan
}

verb_tsan() {
	need build test
	run_stages tsan
}

# The long form of the tests that have one: 200 kills, and every single call made to fail.
verb_soak() {
	need build test
	build_main
	LINKSPAN_SOAK=1 system_tests "$build" -k "${1:-test_kill or test_io_faults}"
}

verb_valgrind() {
	need build test
	build_main
	CK_TIMEOUT_MULTIPLIER=5 unit_tests "$build" check LOG_COMPILER="$build/libtool --mode=execute valgrind -q \
		--error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite"
}

# Random worlds beyond those of make check; a violation says how to see its world again.
verb_sim() {
	need build test
	build_main
	make -s -C "$build" tests/sim/test_sim tests/sim/sim
	(cd "$build" && SIM_SEEDS=${1:-100} SIM_HOURS=${2:-1000} CK_TIMEOUT_MULTIPLIER=1000 \
		tests/sim/test_sim)
}

verb_fuzz() {
	local seconds=${1:-30} target name
	need build test
	build_in "$build/fuzz" CC=clang --with-fuzzer --with-sanitizer=address,undefined \
		CFLAGS='-g -O1'
	for target in "$build"/fuzz/tests/fuzz/fuzz_*; do
		[[ -f $target && -x $target ]] || continue
		name=$(basename "$target")
		say "$name, $seconds s"
		mkdir -p "$build/fuzz/found/$name"
		"$target" -verbosity=0 -max_total_time="$seconds" -print_final_stats=1 \
			-artifact_prefix="$build/fuzz/found/" \
			"$build/fuzz/found/$name" "tests/fuzz/corpus/${name#fuzz_}"
	done
}
