#!/usr/bin/env bash
# Checks that every C++ file below a checkout's src, apps and tests is as clang-format 14 writes it.
#   scripts/lint/check_format.sh [CHECKOUT]       to mend: clang-format -i FILE
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"
# Versions differ in what they write: Debian 12's is the measure, also where a newer one is the default.
formatter=$(command -v clang-format-14 || command -v clang-format) || {
    echo "error: clang-format is missing: run scripts/setup.sh" >&2
    exit 1
}
folders=()
for folder in src apps tests; do
    [[ ! -d $folder ]] || folders+=("$folder")
done
mapfile -d '' files < <(find "${folders[@]}" \( -name '*.cpp' -o -name '*.hpp' \) -print0)
printf '%s\0' "${files[@]}" | xargs -0 "$formatter" --style=file --dry-run -Werror
echo "${#files[@]} files are formatted"
