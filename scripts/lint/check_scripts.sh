#!/usr/bin/env bash
# Checks a checkout's scripts: shellcheck over the shell and Slurm ones, that they can be run, and that Python's parse.
#   scripts/lint/check_scripts.sh [CHECKOUT]
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"
command -v shellcheck >/dev/null || {
    echo "error: shellcheck is missing: run scripts/setup.sh" >&2
    exit 1
}
folders=()
for folder in scripts tests slurm .ci; do
    [[ ! -d $folder ]] || folders+=("$folder")
done
mapfile -t shells < <(find "${folders[@]}" \( -name '*.sh' -o -name '*.sbatch' -o -path '.ci/run' \) | LC_ALL=C sort)
mapfile -t pythons < <(find "${folders[@]}" -name '*.py' | LC_ALL=C sort)

status=0
if ((${#shells[@]} > 0)); then
    shellcheck --external-sources "${shells[@]}" || status=1
    for script in "${shells[@]}"; do
        # A first line of #! says that the file is to be run; a sourced one has none. Slurm runs a copy of its own.
        if [[ $(head -c 2 "$script") == '#!' && $script != *.sbatch && ! -x $script ]]; then
            echo "$script: has a #! line but no run bit"
            status=1
        fi
    done
fi
for script in ${pythons[@]+"${pythons[@]}"}; do
    python3 -c 'import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])' "$script" || status=1
done
((status == 0)) && echo "${#shells[@]} shell and ${#pythons[@]} Python scripts are clean"
exit "$status"
