"""The real program on a disk that fails at its k-th system call: an error, no room left, a kill in the middle of a call.
Nothing is half written and nothing is lost: whole files are old or new, and a run that goes on ends like one that nothing
disturbed.

HALFTONE_TEST_FAULTS is the number of calls of each kind that are tried, spread evenly; "all" tries every call (the suite
"slow"). tests/property/tune/disk_property.cpp tries every step in memory, in each run of the tests.
"""
import json
import os
import shutil
import subprocess

from halftone_cli import (DEMO, GOAL_MISSED, IO, OK, OUT_OF_REACH, SystemTest, environment, halftone, main, outcome,
                          records, settings)

SHIM = os.environ["HALFTONE_DISK_FAULT_SHIM"]
FAULTS = os.environ.get("HALFTONE_TEST_FAULTS", "2")
WORDS = settings(images=50, calibration=50, trials=3, goal=OUT_OF_REACH)
KILLED = -9


class FailingDisk(SystemTest):
    def run_with(self, fault, folder, *words):
        """Runs the program with a fault on the files of a folder. Returns the result and, where the process ended by
        itself, how many calls there were."""
        count = self.folder / "count"
        count.unlink(missing_ok=True)
        done = halftone(*words, env=environment(LD_PRELOAD=SHIM, HALFTONE_FAULT=fault, HALFTONE_FAULT_FOLDER=str(folder),
                                                HALFTONE_FAULT_COUNT=str(count)))
        return done, int(count.read_text()) if count.exists() else None

    def calls(self, total):
        if FAULTS == "all":
            return range(1, total + 1)
        wanted = min(int(FAULTS), total)
        return sorted({1 + (total - 1) * i // max(wanted - 1, 1) for i in range(wanted)})

    def assert_whole(self, folder):
        """Files under their own names can be read to their end."""
        for path in folder.rglob("*"):
            if path.suffix == ".h5" and shutil.which("h5ls"):
                listed = subprocess.run(["h5ls", "-r", str(path)], capture_output=True, text=True, check=False)
                self.assertEqual(listed.returncode, 0, f"{path}: {listed.stderr}")
            if path.name == "study.json":
                json.loads(path.read_text())
            if path.name == "best.onnx":
                self.assert_code(OK, halftone("inspect", path, "--json"))

    def assert_hit(self, kind, done, code):
        """A fault ends the program, but for the few that it need not notice: HDF5 asks whether a file is there by opening
        it, and the last calls of a run need no room. Then the run has its usual end, and its files are whole."""
        if kind == "kill":
            self.assertEqual(done.code, KILLED, done.err)
            return
        if done.code == code:
            return
        self.assert_code(IO, done)
        self.assertEqual(len(done.errors()), 1, done.err)
        self.assertRegex(done.errors()[0], "Input/output error|No space left|HDF5")

    def test_tune_leaves_what_a_resumed_run_completes(self):
        tune = ["tune", DEMO, *WORDS, "--workspace"]
        plain = self.folder / "plain"
        done, total = self.run_with("count:0", plain, *tune, plain)
        self.assert_code(GOAL_MISSED, done)
        undisturbed = outcome(plain)
        self.assertGreater(total, 50)
        for kind in ("eio", "full", "kill"):
            for call in self.calls(total):
                with self.subTest(kind=kind, call=call):
                    folder = self.folder / f"{kind}_{call}"
                    done, _ = self.run_with(f"{kind}:{call}", folder, *tune, folder)
                    self.assert_hit(kind, done, GOAL_MISSED)
                    if folder.exists():
                        self.assert_whole(folder)
                    known = len(records(folder, "trial")) if (folder / "trials.jsonl").exists() else 0
                    resume = ["--resume"] if (folder / "trials.jsonl").exists() else []
                    self.assert_code(GOAL_MISSED, halftone(*tune, folder, *resume))
                    self.assertGreaterEqual(len(records(folder, "trial")), known)
                    self.assert_same_outcome(undisturbed, folder)
                    self.assertEqual([], [path.name for path in folder.rglob("*.tmp")])
                    shutil.rmtree(folder)

    def test_study_is_whole_or_not_there(self):
        workspace = self.folder / "run"
        self.assert_code(GOAL_MISSED, halftone("tune", DEMO, *WORDS, "--workspace", workspace))
        target = self.folder / "out"
        target.mkdir()
        report = ["report", workspace, "--study", target / "study.h5"]
        done, total = self.run_with("count:0", target, *report)
        self.assert_code(OK, done)
        for kind in ("eio", "full", "kill"):
            for call in self.calls(total):
                with self.subTest(kind=kind, call=call):
                    shutil.rmtree(target)
                    target.mkdir()
                    done, _ = self.run_with(f"{kind}:{call}", target, *report)
                    self.assert_hit(kind, done, OK)
                    self.assert_whole(target)
                    self.assert_code(OK, halftone(*report))
                    self.assert_whole(target)
                    self.assertEqual(["study.h5"], [path.name for path in target.iterdir()])

    def test_dump_is_completed_by_resume(self):
        folder = self.folder / "dump"
        dump = ["dump", DEMO, "--units", "*", "--samples", "10", "--output", folder]
        done, total = self.run_with("count:0", folder, *dump)
        self.assert_code(OK, done)
        names = sorted(path.name for path in folder.iterdir())
        for kind in ("eio", "full", "kill"):
            for call in self.calls(total):
                with self.subTest(kind=kind, call=call):
                    shutil.rmtree(folder, ignore_errors=True)
                    done, _ = self.run_with(f"{kind}:{call}", folder, *dump)
                    self.assert_hit(kind, done, OK)
                    if folder.exists():
                        self.assert_whole(folder)
                    self.assert_code(OK, halftone(*dump, "--resume"))
                    self.assert_whole(folder)
                    self.assertEqual(names, sorted(path.name for path in folder.iterdir()))

    def test_a_read_only_workspace_is_an_error_of_the_disk(self):
        done, _ = self.run_with("full:1", self.folder / "none", "tune", DEMO, *WORDS, "--workspace",
                                self.folder / "none")
        self.assert_code(IO, done)
        self.assertFalse((self.folder / "none").exists())


if __name__ == "__main__":
    main()
