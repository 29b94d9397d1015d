#!/usr/bin/env bash
# clang-tidy with .clang-tidy over the whole tree, or over the given .cpp files. Every finding is an error.
#   scripts/lint.sh [--seconds N] [FILE.cpp…]     --seconds: start no further file after N seconds, and say which were left
# The compile commands are those of build/lint, which this script configures: there every file is compiled by itself, as
# clang-tidy needs it. CLANG_TIDY names another clang-tidy, JOBS the number that run at once.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$HALFTONE_TOP"
build=build/lint
seconds=0
case ${1:-} in
    -h | --help)
        sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    --seconds)
        seconds=${2:?--seconds needs a number}
        shift 2
        ;;
esac
files=("$@")
[[ ${#files[@]} -gt 0 ]] || mapfile -t files < <(find src apps tests -name '*.cpp' | LC_ALL=C sort)
command -v "${CLANG_TIDY:-clang-tidy}" >/dev/null || die "clang-tidy is missing: run scripts/setup.sh"
cmake --preset single -B "$build" -DHALFTONE_DEPS_DIR="$HALFTONE_DEPS_DIR" >/dev/null
cmake --build "$build" --target generated_headers >/dev/null

left=$(mktemp)
trap 'rm -f "$left"' EXIT
export CLANG_TIDY=${CLANG_TIDY:-clang-tidy} build left
export deadline=$((seconds > 0 ? $(date +%s) + seconds : 0))
check_one() {
    if ((deadline > 0 && $(date +%s) >= deadline)); then
        printf '%s\n' "$1" >>"$left"
        return 0
    fi
    local output
    if ! output=$("$CLANG_TIDY" --quiet -p "$build" "$1" 2>&1); then
        grep -vE '^([0-9]+ warnings? generated|Suppressed [0-9]+ warnings|Use -header-filter)' <<<"$output"
        return 1
    fi
}
export -f check_one

say "clang-tidy over ${#files[@]} files"
status=0
# shellcheck disable=SC2016 # $1 is for the inner shell
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" bash -c 'check_one "$1"' check_one || status=1
unchecked=$(wc -l <"$left")
if ((unchecked > 0)); then
    say "clang-tidy: $unchecked of ${#files[@]} files were left out, time was up (scripts/lint.sh checks all):"
    LC_ALL=C sort "$left" | sed 's/^/     /' >&2
fi
((status == 0)) || die "clang-tidy has findings (above)"
say "clang-tidy: no findings in $((${#files[@]} - unchecked)) files"
