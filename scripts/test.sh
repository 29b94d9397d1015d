#!/usr/bin/env bash
# Installs what is missing, builds the dev preset (-Werror) and runs every test that CI runs; ctest's summary comes last.
#   scripts/test.sh                     all tests but those with the label slow
#   scripts/test.sh -L lint             the given ctest arguments instead: by label, by name (-R), and so on
#   scripts/test.sh -L slow             the slow suites (CONTRIBUTING.md says which)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$HALFTONE_TOP"
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi
chosen=("$@")
[[ ${#chosen[@]} -gt 0 ]] || chosen=(-LE '^slow$')

scripts/setup.sh --with-tests
say "building (preset dev)"
cmake --preset dev -DHALFTONE_DEPS_DIR="$HALFTONE_DEPS_DIR"
cmake --build --preset dev

say "testing"
jobs=$(nproc)  # before the next line: nproc heeds OMP_NUM_THREADS, which is 1 for ranks
use_local_mpi
ctest --test-dir build/dev --output-on-failure --no-tests=error -j "$jobs" "${chosen[@]}" |& tee build/dev/ctest.log
