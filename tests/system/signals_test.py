"""Signals end a search at the next work item, with the best so far written, and it goes on with --resume."""
import os
import signal
import time

import yaml

from halftone_cli import (DEMO, GOAL_MISSED, OUT_OF_REACH, STOPPED, Running, SystemTest, count_trials, end_all,
                          halftone, is_alive, main, outcome, records, settings, wait_until)

TRIALS = 20
WORDS = settings(images=1000, trials=TRIALS, goal=OUT_OF_REACH)


class Signalled(SystemTest):
    undisturbed = None

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "out"
        if Signalled.undisturbed is None:
            done = halftone("tune", DEMO, *WORDS, "--workspace", self.folder / "undisturbed")
            self.assert_code(GOAL_MISSED, done)
            Signalled.undisturbed = outcome(self.folder / "undisturbed")

    def start(self, ranks):
        run = Running(["tune", DEMO, *WORDS, "--workspace", self.workspace], ranks, self.folder / "terminal.log")
        self.addCleanup(lambda: end_all([run.process.pid] if run.is_running() else []))
        return run

    def signalled_when(self, condition, which, ranks):
        """Code and terminal output of a run that gets the signal once the condition holds."""
        run = self.start(ranks)
        wait_until(lambda: condition() or not run.is_running(), 120, "time for the signal")
        self.assertTrue(run.is_running(), run.log())
        processes = run.ranks()
        # mpirun needs a while to hand SIGUSR1 on. The ranks wait for it: a fast machine would have done all trials.
        waiting = processes if which == signal.SIGUSR1 else []
        for pid in waiting:
            os.kill(pid, signal.SIGSTOP)
        os.kill(run.process.pid, which)
        if waiting:
            time.sleep(1)
        for pid in waiting:
            os.kill(pid, signal.SIGCONT)
        code = run.wait_after_kill(processes)
        wait_until(lambda: not any(is_alive(pid) for pid in processes), 60, "all ranks ended")
        return code, run.log()

    def signalled_after(self, trials, which, ranks):
        return self.signalled_when(lambda: count_trials(self.workspace) >= trials, which, ranks)

    def assert_best_so_far(self):
        told = records(self.workspace, "trial")
        best = max(told, key=lambda trial: (trial["accuracy"], -trial["trial"]))
        self.assertLess(len(told), TRIALS)
        self.assertEqual(records(self.workspace, "end"), [])
        self.assertEqual(yaml.safe_load((self.workspace / "best.yaml").read_text())["trial"], best["trial"])
        score = halftone("eval", DEMO, *WORDS, "--model", self.workspace / "best.onnx")
        self.assertIn(str(best["accuracy"]), score.out)

    def assert_resumable(self, ranks):
        done = halftone("tune", DEMO, *WORDS, "--workspace", self.workspace, "--resume", ranks=ranks)
        self.assert_code(GOAL_MISSED, done)
        self.assert_same_outcome(self.undisturbed, self.workspace)

    def assert_stops_and_resumes(self, which, ranks):
        # Trials are told in order. Where the fifth takes long, other ranks have done all behind it before it is told.
        code, log = self.signalled_after(3, which, ranks)
        self.assertEqual(code, STOPPED, log)
        self.assertRegex(log, r"stopped after \d+ trials?; continue with --resume --workspace ")
        result = yaml.safe_load((self.workspace / "run.yaml").read_text())["result"]
        self.assertEqual((result["reason"], result["exit_code"]), ("interrupted", STOPPED))
        self.assert_best_so_far()
        self.assert_resumable(ranks)

    def test_usr1(self):
        self.assert_stops_and_resumes(signal.SIGUSR1, None)

    def test_usr1_to_mpirun(self):
        self.assert_stops_and_resumes(signal.SIGUSR1, 3)

    def test_term(self):
        self.assert_stops_and_resumes(signal.SIGTERM, None)

    def test_interrupt(self):
        self.assert_stops_and_resumes(signal.SIGINT, None)

    def test_term_to_mpirun_leaves_a_resumable_run(self):
        # mpirun gives its ranks a second and returns a code of its own.
        code, log = self.signalled_after(5, signal.SIGTERM, 3)
        self.assertNotEqual(code, 0, log)
        self.assert_resumable(3)

    def test_usr1_right_at_the_start(self):
        code, log = self.signalled_when(lambda: records(self.workspace), signal.SIGUSR1, None)
        self.assertEqual(code, STOPPED, log)
        self.assertEqual(records(self.workspace, "end"), [])
        self.assert_resumable(None)


if __name__ == "__main__":
    main()
