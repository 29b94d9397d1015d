#!/usr/bin/env bash
# Runs fuzz targets (tests/fuzz) with clang's libFuzzer under the address and undefined-behaviour sanitizers.
#   scripts/fuzz.sh [MINUTES] [TARGET…]     each target for MINUTES (default 5); without targets: all, one after another
# Inputs that reach new code are kept in build/fuzz/inputs/TARGET; the next run begins with them and with the corpus of
# the checkout, which is only read. An input that crashes, hangs for 20 s or takes more than 4 GiB is written to
# build/fuzz/found, and the run of that target ends. The last lines are a summary: executions, edges covered, findings.
# Exit code: 0 no finding, 1 findings, 2 wrong arguments. RUNS=N ends each target after N executions, too.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$HALFTONE_TOP"
build=build/fuzz
short_inputs=malloc_context_size=5:quarantine_size_mb=32:detect_stack_use_after_return=1:max_uar_stack_size_log=16

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    printf 'targets: %s\n' "$(known_targets | tr '\n' ' ')"
}

known_targets() { sed -n 's/^HALFTONE_PLUGIN("\([a-z0-9_]*\)".*/\1/p' tests/fuzz/targets/list.inc; }

# sum_up TARGET LOG STATUS: one line of what libFuzzer wrote.
sum_up() {
    local executions edges
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$2" | tail -1)
    edges=$(grep -o ' cov: [0-9]*' "$2" | tail -1 | grep -o '[0-9]*' || true)
    printf '%-14s %12s executions %8s edges  %s\n' "$1" "${executions:-?}" "${edges:-?}" \
        "$([[ $3 == 0 ]] && echo 'no finding' || echo "FINDING, see $2")"
}

run_target() {
    local name=$1 log=$build/$1.log status=0
    mkdir -p "$build/inputs/$name" "$build/found"
    # HDF5 and protobuf keep memory of their own until the end of the process, so leaks are not looked for. The other
    # options make short inputs cheaper: allocations remember five callers, freed memory waits in 32 MB, the stacks that
    # find uses after a return are small, because each exception walks over them, and libFuzzer does not weigh its inputs
    # by their rarest features, which takes up to half of the time where a target has many edges.
    local allocation=allocator_may_return_null=0
    # HDF5 asks for as many bytes as a damaged header says, and goes on without them. To mark a gigabyte takes a second.
    [[ $name != h5 ]] || allocation=allocator_may_return_null=1:max_allocation_size_mb=256
    HALFTONE_FUZZ_TARGET=$name OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0:$allocation:$short_inputs \
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        "$build/tests/fuzz/fuzz_explore" -max_total_time=$((minutes * 60)) ${RUNS:+-runs="$RUNS"} -timeout=20 \
        -rss_limit_mb=4096 -entropic=0 -print_final_stats=1 -detect_leaks=0 -artifact_prefix="$build/found/$name." \
        "$build/inputs/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
    summary+=("$(sum_up "$name" "$log" "$status")")
    [[ $status == 0 ]] || { failed=1 && tail -n 40 "$log"; }
}

minutes=5 targets=()
for argument in "$@"; do
    if [[ $argument == -h || $argument == --help ]]; then
        usage
        exit 0
    elif [[ $argument =~ ^[1-9][0-9]*$ && ${#targets[@]} == 0 ]]; then
        minutes=$argument
    elif grep -qx -e "$argument" <(known_targets); then
        targets+=("$argument")
    else
        printf "error: '%s' is no target\n" "$argument" >&2
        usage >&2
        exit 2
    fi
done
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(known_targets)

command -v clang++ >/dev/null || die "clang++ is missing: run scripts/setup.sh --with-nightly"
[[ -f $build/build.ninja ]] || cmake --preset fuzz -DHALFTONE_DEPS_DIR="$HALFTONE_DEPS_DIR"
cmake --build "$build" --parallel "${JOBS:-$(nproc)}" --target fuzz_explore
summary=() failed=0
for name in "${targets[@]}"; do
    say "target $name, $minutes minutes"
    run_target "$name"
done
printf '%s\n' "${summary[@]}"
exit "$failed"
