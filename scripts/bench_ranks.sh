#!/usr/bin/env bash
# Trials per second of the demo's tune with one worker (2 ranks) and two workers (3 ranks), interleaved.
#   scripts/bench_ranks.sh [ROUNDS] [PROGRAM]     default: 3 rounds, build/release/bin/halftone
# The script prints each round, the medians and their ratio. It takes the time from the first finished trial to the last,
# so start-up and calibration do not count. It needs two idle cores; each rank has one thread.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$HALFTONE_TOP"
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi
rounds=${1:-3}
program=${2:-build/release/bin/halftone}
[[ -x $program ]] || die "no program $program: build the preset release first"
use_local_mpi
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

for ((round = 1; round <= rounds; ++round)); do
    for ranks in 2 3; do
        mpirun -n "$ranks" "$program" -q tune configs/demo/tune.yaml --workspace "$folder/$round-$ranks" >"$folder/out" ||
            die "tune with $ranks ranks failed: $(cat "$folder/out")"
    done
done

python3 - "$folder" "$rounds" <<'PY'
import json, statistics, sys

folder, rounds = sys.argv[1], int(sys.argv[2])
rates = {2: [], 3: []}
for round_ in range(1, rounds + 1):
    for ranks in rates:
        with open(f"{folder}/{round_}-{ranks}/trials.jsonl") as file:
            trials = [r for r in map(json.loads, file) if r["type"] == "trial"]
        span = (trials[-1]["elapsed_ms"] - trials[0]["elapsed_ms"]) / 1000
        rates[ranks].append((len(trials) - 1) / span)
        print(f"round {round_}, {ranks} ranks: {len(trials)} trials, {rates[ranks][-1]:.3f} trials/s")
one, two = statistics.median(rates[2]), statistics.median(rates[3])
print(f"median: 2 ranks {one:.3f} trials/s, 3 ranks {two:.3f} trials/s, ratio {two / one:.2f}")
PY
