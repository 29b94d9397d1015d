"""The program as a user runs it: command lines, journals, best.yaml. Shared by the system tests; holds no test.

ctest says where things are: HALFTONE_PROGRAM, HALFTONE_SOURCE_DIR, HALFTONE_BUILD_DIR, HALFTONE_MPIEXEC, HALFTONE_DEPS_DIR
and, where ONNX Runtime is installed, HALFTONE_TEST_PYTHON.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import NamedTuple, Optional

SOURCE = Path(os.environ["HALFTONE_SOURCE_DIR"])
BUILD = Path(os.environ["HALFTONE_BUILD_DIR"])
DEPS = Path(os.environ.get("HALFTONE_DEPS_DIR", SOURCE / ".deps"))
PROGRAM = os.environ["HALFTONE_PROGRAM"]
MPIEXEC = os.environ["HALFTONE_MPIEXEC"]
DEMO = SOURCE / "configs/demo/tune.yaml"
DEMO_MODEL = SOURCE / "configs/demo/resnet20_hard.onnx"

# A test machine: root, more ranks than cores, no binding, one thread a rank. Users' environments are never changed.
MPI_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    "OMP_NUM_THREADS": "1",
    # Open MPI's unloaded modules look like leaks. Other options of the caller stay.
    "ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"])),
}

# Exit codes as users know them.
OK, USAGE, MODEL, IO, GOAL_MISSED, STOPPED = 0, 2, 3, 4, 6, 75


class Finished(NamedTuple):
    code: int
    out: str
    err: str

    def errors(self):
        """Lines that begin a message of ours; mpirun adds words of its own below."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


def command(*words, ranks=None):
    launcher = [] if ranks is None else [MPIEXEC, "-n", str(ranks)]
    return launcher + [PROGRAM] + [str(word) for word in words]


def environment(**extra):
    return {**os.environ, **MPI_ENVIRONMENT, **extra}


def halftone(*words, ranks=None, cwd=None, timeout=300, env=None):
    """Runs to its end. `ranks`: through mpirun, else as one plain process."""
    done = subprocess.run(command(*words, ranks=ranks), cwd=cwd, env=env or environment(), timeout=timeout,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return Finished(done.returncode, done.stdout, done.stderr)


def settings(images=500, calibration=100, trials=30, goal=None):
    """--set words for the demo config: a search on the same model and data that lasts seconds. The demo's dataloader
    has batches of 50."""
    words = ["--set", f"evaluation.accuracy.iteration={images // 50}",
             "--set", f"quantization.calibration.sampling_size={calibration}",
             "--set", f"tuning.exit_policy.max_trials={trials}"]
    return words + (["--set", f"tuning.accuracy_criterion={{absolute: {goal}}}"] if goal is not None else [])


# No model is 50 points better than its baseline: such a search uses all its trials.
OUT_OF_REACH = -0.5


class Running:
    """A tune that can be stopped on the way, with all the processes that belong to it."""

    def __init__(self, words, ranks, log: Path):
        self.log_path = log
        with open(log, "wb") as log_file:
            # A session of its own: nothing a test sends reaches the test runner.
            self.process = subprocess.Popen(command(*words, ranks=ranks), env=environment(), stdin=subprocess.DEVNULL,
                                            stdout=log_file, stderr=subprocess.STDOUT, start_new_session=True)

    def is_running(self):
        return self.process.poll() is None

    def ranks(self):
        """Process ids of the program's ranks below mpirun, lowest first."""
        return [pid for pid in descendants(self.process.pid) if name_of(pid) == Path(PROGRAM).name]

    def wait(self, timeout=300):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            left = [f"{name_of(pid)} {pid} {stat_fields(pid)[:1]}"
                    for pid in [self.process.pid] + descendants(self.process.pid)]
            raise AssertionError(f"did not end in {timeout} s; still there: {left}\n{self.log()}") from None

    def wait_after_kill(self, ranks):
        """Once in 100 kills or so Open MPI 4.1.4's mpirun stays behind, locked in its own PMIx_server_finalize, all
        ranks dead: end it as a user would. A rank of ours that stays is a failure."""
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            left = [pid for pid in ranks if is_alive(pid)]
            if left:
                raise AssertionError(f"ranks that outlive the killed one: {left}\n{self.log()}") from None
            end_all([self.process.pid])
            return self.wait(60)

    def log(self):
        return self.log_path.read_text(errors="replace")


def descendants(root):
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = stat_fields(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:  # grows while it is walked
        found += sorted(child for child, parent in parents.items() if parent == pid)
    return found[1:]


def stat_fields(pid):
    """State, parent, … of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_alive(pid):
    return stat_fields(pid)[:1] not in ([], ["Z"], ["X"])


def wait_until(condition, seconds, what):
    """Polls; a time-out is a failure with a name."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.005)


def end_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def complete_lines(path: Path) -> bytes:
    """The journal up to its last line feed; empty when there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


def records(workspace: Path, kind: Optional[str] = None):
    lines = complete_lines(Path(workspace) / "trials.jsonl").decode().splitlines()
    return [record for record in map(json.loads, lines) if kind in (None, record["type"])]


def count_trials(workspace: Path):
    return complete_lines(Path(workspace) / "trials.jsonl").count(b'{"type":"trial",')


def is_timing(key):
    return key in ("wall_s", "worker", "crc") or key.endswith("_ms")


def timeless(record):
    """A record without what may differ between two runs of one search."""
    return {key: value for key, value in record.items() if not is_timing(key)}


class Outcome(NamedTuple):
    """What must be the same however a search was run."""
    trials: list
    end: list
    best_yaml: bytes
    best_onnx: bytes


def outcome(workspace: Path) -> Outcome:
    workspace = Path(workspace)
    return Outcome([timeless(r) for r in records(workspace, "trial")], [timeless(r) for r in records(workspace, "end")],
                   (workspace / "best.yaml").read_bytes(), (workspace / "best.onnx").read_bytes())


class SystemTest(unittest.TestCase):
    """A folder of its own for every test case, and the sentences that many of them say."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="halftone_system_")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def assert_code(self, code, done):
        self.assertEqual(done.code, code, f"stdout:\n{done.out}\nstderr:\n{done.err}")

    def assert_refused(self, done, code, *words):
        """One message, on stderr, first, with these words in it; nothing on stdout."""
        self.assert_code(code, done)
        self.assertEqual(done.out, "")
        self.assertTrue(done.err.startswith("error: "), done.err)
        self.assertEqual(len(done.errors()), 1, done.err)
        for word in words:
            self.assertIn(word, done.err)

    def assert_same_outcome(self, expected: Outcome, workspace: Path):
        found = outcome(workspace)
        self.assertEqual(expected.trials, found.trials)
        self.assertEqual(expected.end, found.end)
        self.assertEqual(expected.best_yaml.decode(), found.best_yaml.decode())
        self.assertEqual(expected.best_onnx, found.best_onnx)


SKIPPED = 77  # ctest's SKIP_RETURN_CODE for these tests


def main():
    """unittest.main, but a script in which every test was skipped says so to ctest."""
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful() or result.testsRun == 0:
        sys.exit(1)
    sys.exit(SKIPPED if len(result.skipped) == result.testsRun else 0)
