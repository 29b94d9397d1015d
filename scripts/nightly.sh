#!/usr/bin/env bash
# Runs what takes too long for every change: sanitizers, coverage, slow suites, fuzzing. A summary comes last.
#   scripts/nightly.sh [--fuzz-minutes N] [STAGE…]     without a stage: all of them but asan-short, in this order
#     single       builds every .cpp file by itself (no unity build) with -Werror
#     slow         the slow suites of the preset dev
#     asan         all other tests, built with the address and undefined-behaviour sanitizers
#     tsan         the tests of comm and tune whose ranks are threads, and those of samples that a thread reads ahead,
#                  built with the thread sanitizer
#     coverage     the unit, contract, property and golden tests, then the lines of each room that they ran
#     fuzz         scripts/fuzz.sh: each fuzz target for N minutes (default 60), from its corpus; needs clang
#     asan-short   what CI runs of asan: the tests of config, graph, data, journal, comm and tune, all fuzz corpora
# Each stage builds in a folder of its own below build/ and leaves its output there as nightly_STAGE.log.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$HALFTONE_TOP"
jobs=${JOBS:-$(nproc)}
fuzz_minutes=60
all_stages=(single slow asan tsan coverage fuzz)

usage() { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# build PRESET [TARGET…]: configures and builds; without a target, everything.
build() {
    local preset=$1
    shift
    cmake --preset "$preset" -DHALFTONE_DEPS_DIR="$HALFTONE_DEPS_DIR"
    cmake --build --preset "$preset" --parallel "$jobs" ${@:+--target "$@"}
}

# run_tests PRESET CTEST_ARGUMENTS…
run_tests() {
    local preset=$1
    shift
    ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$jobs" "$@"
}

sanitizer_options() {
    # Every finding ends the test. What Open MPI leaves allocated at its end is not ours, hence no leak check where
    # ranks are processes (HalftoneTest.cmake sets that for the MPI tests).
    export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
}

# It goes on after a file that does not compile, so that one run names all of them.
stage_single() {
    cmake --preset single -DHALFTONE_DEPS_DIR="$HALFTONE_DEPS_DIR"
    cmake --build --preset single --parallel "$jobs" -- -k 0
}

stage_slow() {
    build dev
    run_tests dev -L '^slow$'
}

# The program itself is tested as well, through the system tests. Lints look at sources and need no sanitizer; the
# comparison of speeds and the suites of ONNX Runtime say nothing about memory that others do not.
stage_asan() {
    sanitizer_options
    export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
    build asan-ubsan
    run_tests asan-ubsan -LE '^(slow|lint)$' --timeout 1800
}

# fuzz_replay contains every room, so most of this stage's time is its build, which optimization would double.
stage_asan_short() {
    sanitizer_options
    local targets=(unit_config unit_graph unit_data unit_journal unit_comm unit_tune contract_comm property_graph
        property_journal fuzz_replay)
    build asan-short "${targets[@]}"
    # HDF5 and protobuf keep memory until the end of the process: for the corpora, leaks are not looked for.
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run_tests asan-short -L '^fuzz$'
    run_tests asan-short -R '^(unit_(config|graph|data|journal|comm|tune)|contract_comm|property_(graph|journal))\.'
}

# The runtime of GCC 12 expects addresses that a kernel with more randomness does not give; setarch -R turns that off.
# The build needs it too, because it runs each test program once to list its cases.
stage_tsan() {
    sanitizer_options
    export -f build run_tests
    export jobs
    local without_randomness=(setarch "$(uname -m)" -R)
    if ! "${without_randomness[@]}" true; then
        say "this machine does not let programs turn address randomness off; the stage is tried with it"
        without_randomness=()
    fi
    "${without_randomness[@]}" bash -euo pipefail -c '
        build tsan unit_comm contract_comm unit_tune property_tune unit_eval unit_data contract_data
        run_tests tsan --timeout 1800 \
            -R "^((unit_comm|contract_comm|unit_tune|property_tune|unit_eval\.SampleSource)\.|.*_data\..*TwoThreads)"'
}

stage_coverage() {
    build coverage
    find build/coverage -name '*.gcda' -delete
    local status=0
    run_tests coverage -L '^(unit|contract|property|golden)$' --timeout 1800 || status=$?
    gcovr --root . --object-directory build/coverage --filter 'src/' --filter 'apps/' --json-summary \
        --output build/coverage/summary.json --gcov-ignore-parse-errors -j "$jobs" build/coverage
    python3 - build/coverage/summary.json <<'PY'
import collections, json, sys

rooms = collections.defaultdict(lambda: [0, 0])
for file in json.load(open(sys.argv[1]))["files"]:
    room = rooms["/".join(file["filename"].split("/")[:2])]
    room[0] += file["line_covered"]
    room[1] += file["line_total"]
rooms["all"] = [sum(room[i] for room in rooms.values()) for i in (0, 1)]
for name, (covered, total) in rooms.items():
    print(f"{name:20} {covered:6} of {total:6} lines ran, {covered / max(total, 1):6.1%}")
PY
    return "$status"
}

stage_fuzz() { scripts/fuzz.sh "$fuzz_minutes"; }

run_stage() {
    case $1 in
        single) stage_single ;;
        slow) stage_slow ;;
        asan) stage_asan ;;
        asan-short) stage_asan_short ;;
        tsan) stage_tsan ;;
        coverage) stage_coverage ;;
        fuzz) stage_fuzz ;;
    esac
}

stages=()
while (($# > 0)); do
    case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --fuzz-minutes)
            fuzz_minutes=${2:?--fuzz-minutes needs a number}
            shift
            ;;
        single | slow | asan | asan-short | tsan | coverage | fuzz) stages+=("$1") ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
    shift
done
[[ ${#stages[@]} -gt 0 ]] || stages=("${all_stages[@]}")

if [[ ${stages[*]} == asan-short ]]; then
    scripts/setup.sh
else
    scripts/setup.sh --with-tests --with-nightly
fi
use_local_mpi
mkdir -p build
summary=() failed=0
for stage in "${stages[@]}"; do
    say "stage $stage"
    log=build/nightly_$stage.log began=$SECONDS status=0
    # A subshell with its own -e, which `||` would turn off: what fails in a stage ends that stage only.
    set +e
    (set -e; run_stage "$stage") >"$log" 2>&1
    status=$?
    set -e
    counted=$(sed -n 's/^\([0-9]*% tests passed, .*\)$/ (\1)/p' "$log" | tail -1)
    took="$((SECONDS - began)) s, $log"
    if ((status == 0)); then
        summary+=("$stage: passed, $took$counted")
    else
        tail -n 60 "$log"
        summary+=("$stage: FAILED, $took$counted")
        failed=1
    fi
    [[ $stage != coverage ]] || grep 'lines ran' "$log" || true
done
for line in "${summary[@]}"; do
    say "$line"
done
exit "$failed"
