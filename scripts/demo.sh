#!/usr/bin/env bash
# Installs what is missing, builds the program and runs the main job on the bundled model with 3 ranks (1 + 2 workers):
# the strategy auto, which also chooses how the model is prepared.
#   scripts/demo.sh [halftone tune's options, for example --set tuning.exit_policy.max_trials=20]
# The result is in demo_workspace; an older one is kept under a name with its time.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$HALFTONE_TOP"
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi
workspace=demo_workspace
program=build/release/bin/halftone

scripts/setup.sh --minimal
say "building (preset release)"
cmake --preset release -DHALFTONE_DEPS_DIR="$HALFTONE_DEPS_DIR"
cmake --build --preset release --target halftone
if [[ -e $workspace ]]; then
    kept=$workspace.$(date -r "$workspace" +%Y%m%d-%H%M%S).$$
    mv -T -- "$workspace" "$kept"
    say "the older result is now in $kept"
fi

use_local_mpi
command=(mpirun -n 3 "$program" tune configs/demo/tune.yaml --set tuning.strategy.name=auto --set quantization.recipes=auto
         --workspace "$workspace" "$@")
say "${command[*]}"
status=0
"${command[@]}" || status=$?
case $status in
    0) outcome="the goal is met" ;;
    6) outcome="the goal is not met; the best failing model is delivered" ;;
    *) die "halftone ended with exit code $status (README.md: exit codes)" ;;
esac
# A model that meets the goal and is no faster than fp32 is no success where latency is the objective (run.yaml says which).
unmet=$(sed -n 's/^objective: {met: false, text: "\([^"]*\)".*/\1/p' "$workspace/run.yaml")
if [[ -n $unmet ]]; then
    outcome+=", but int8 gains nothing on this CPU: $unmet"
fi
cat <<TEXT

Done: $outcome.
  $workspace/best.onnx      the quantized model (QDQ form; runs in any ONNX runtime)
  $workspace/best.yaml      each unit's types, scales, and why it fell back
  $workspace/run.yaml       the effective configuration, versions, latencies
  $workspace/trials.jsonl   every trial
Evaluate it again:  $program eval configs/demo/tune.yaml --model $workspace/best.onnx
Why this layer:     $program report $workspace --study study.h5   then scripts/report.py study.h5 --output report.html
TEXT
exit "$status"
