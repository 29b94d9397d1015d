#!/usr/bin/env bash
# Runs slurm/tune.sbatch (argument 1) with stand-ins for mpirun, scontrol and halftone in PATH: a USR1 is passed on, exit
# code 75 requeues the job, the second run of the same job resumes the same workspace, and other codes are handed through.
# Slurm itself is not needed.
set -euo pipefail
script=$(realpath "$1")
work=$(mktemp -d)
cleanup() {
    [[ ! -s $work/mpirun.pid ]] || kill -9 "$(cat "$work/mpirun.pid")" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
export WORK=$work PATH=$work/bin:$PATH SLURM_JOB_ID=42
mkdir bin

# Notes its arguments. With a file "stop" it starts a journal and waits for USR1, then ends with 75, as halftone does; with
# a file "advance" it finishes a trial before that.
cat >bin/mpirun <<'SH'
#!/bin/bash
echo "$*" >>"$WORK/calls"
echo $$ >"$WORK/mpirun.pid"
[[ -e $WORK/stop ]] || exit "$(cat "$WORK/status")"
trap 'exit 75' USR1
workspace=$(sed 's/.*--workspace \([^ ]*\).*/\1/' <<<"$*")
mkdir -p "$workspace" && journal=$workspace/trials.jsonl
[[ -e $journal ]] && echo '{"type":"resume"}' >>"$journal" || echo '{"type":"header"}' >"$journal"
[[ ! -e $WORK/advance ]] || echo '{"type":"trial","trial":0}' >>"$journal"
touch "$WORK/running"
while :; do sleep 0.05; done
SH
cat >bin/scontrol <<'SH'
#!/bin/bash
echo "scontrol $*" >>"$WORK/requeues"
SH
echo '#!/bin/bash' >bin/halftone
# The script sleeps after a requeue until Slurm ends it; here nothing does, so that sleep is cut short.
cat >bin/sleep <<'SH'
#!/bin/bash
[[ $1 == 60 ]] || exec /bin/sleep "$1"
SH
chmod +x bin/*

failures=0
expect() { # what, wanted, have
    if [[ $2 != "$3" ]]; then
        printf 'FAILED: %s\n  wanted: %s\n  have:   %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# Starts the script, sends it USR1 once halftone runs, and puts its exit code into $status. Arguments: the log, then the
# environment of this start.
run_and_stop() {
    local log=$1
    shift
    rm -f running
    env "$@" bash "$script" conf/my.tune.yaml --set tuning.shards=10 >"$log" 2>&1 &
    local job=$!
    for _ in $(seq 200); do
        [[ ! -e running ]] || break
        /bin/sleep 0.05
    done
    kill -USR1 "$job"
    status=0
    wait "$job" || status=$?
}

touch stop
run_and_stop first.log SLURM_RESTART_COUNT=0
workspace=halftone_workspace/my.tune-42
run="$work/bin/halftone tune conf/my.tune.yaml --workspace $workspace"
expect "a stopped run ends with 75" 75 "$status"
expect "and is requeued" "scontrol requeue 42" "$(cat requeues)"
expect "the first run starts afresh" "$run --set tuning.shards=10" "$(sed -n 1p calls)"

rm requeues
touch advance
run_and_stop restart.log SLURM_RESTART_COUNT=1
expect "a restart that finished a trial is requeued" "75 scontrol requeue 42" "$status $(cat requeues)"
rm requeues advance
run_and_stop stuck.log SLURM_RESTART_COUNT=2
expect "a restart that finished nothing ends with 75" 75 "$status"
expect "and is not requeued" "no" "$([[ -e requeues ]] && echo yes || echo no)"
expect "and says so" 1 "$(grep -c '^error: this restart finished nothing.*HALFTONE_WORKSPACE=halftone_workspace/my.tune-42' stuck.log)"

cp calls calls.before
status=0
SLURM_JOB_START_TIME=1000 SLURM_JOB_END_TIME=1120 bash "$script" conf/my.tune.yaml >short.log 2>&1 || status=$?
expect "a limit that ends with the warning is refused" "2 1" "$status $(grep -c '^error: the time limit of 120 s' short.log)"
expect "before anything runs" "$(cat calls.before)" "$(cat calls)"

rm stop calls
echo "$run --set tuning.shards=10" >calls
for code in 0 6; do
    echo "$code" >status
    status=0
    SLURM_RESTART_COUNT=1 bash "$script" conf/my.tune.yaml --set tuning.shards=10 >second.log 2>&1 || status=$?
    expect "exit code $code is handed through" "$code" "$status"
done
expect "the requeued run resumes" "$run --resume --set tuning.shards=10" "$(sed -n 2p calls)"
expect "a finished run is not requeued" "no" "$([[ -e requeues ]] && echo yes || echo no)"

status=0
bash "$script" >usage.log 2>&1 || status=$?
expect "without a config it is refused" "2 1" "$status $(grep -c '^usage: sbatch' usage.log)"

if ((failures > 0)); then
    cat ./*.log
    exit 1
fi
echo "slurm/tune.sbatch: all as expected"
