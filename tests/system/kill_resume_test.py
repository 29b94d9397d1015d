"""kill -9 at random moments, then --resume: the same result as an undisturbed search, and no finished trial again.

HALFTONE_TEST_KILLS is the number of kills of each kind (3; the suite "slow" does 10), HALFTONE_TEST_SEED their seed.
"""
import os
import random
import signal
import time

from halftone_cli import (DEMO, GOAL_MISSED, OUT_OF_REACH, Running, SystemTest, complete_lines, count_trials, end_all,
                          halftone, is_alive, main, outcome, records, settings, wait_until)

KILLS = int(os.environ.get("HALFTONE_TEST_KILLS", "3"))
SEED = int(os.environ.get("HALFTONE_TEST_SEED", "9527"))
TRIALS = 30
WORDS = settings(trials=TRIALS, goal=OUT_OF_REACH)  # about 5 s of search


class KilledAndResumed(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.undisturbed = None

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "killed"
        self.random = random.Random(f"{SEED} {self.id()}")
        if KilledAndResumed.undisturbed is None:
            done = halftone("tune", DEMO, *WORDS, "--workspace", self.folder / "undisturbed")
            self.assert_code(GOAL_MISSED, done)
            KilledAndResumed.undisturbed = outcome(self.folder / "undisturbed")

    def start(self, ranks):
        """A run that was killed before its first record has nothing to resume."""
        journal = self.workspace / "trials.jsonl"
        resume = ["--resume"] if journal.exists() else []
        run = Running(["tune", DEMO, *WORDS, "--workspace", self.workspace, *resume], ranks,
                      self.folder / "terminal.log")
        self.addCleanup(lambda: end_all([run.process.pid] if run.is_running() else []))
        return run

    def wait_for_moment(self, run, number):
        """The first kill is somewhere in start-up, calibration or baseline, the others spread over the trials."""
        if number == 0:
            time.sleep(self.random.uniform(0.05, 1.5))
            return
        span = (TRIALS - 4) / max(KILLS - 1, 1)
        trials = int((number - 1) * span + self.random.uniform(0, span))
        wait_until(lambda: count_trials(self.workspace) >= trials or not run.is_running(), 120, f"{trials} trials")
        time.sleep(self.random.uniform(0, 0.15))

    def assert_resumes_as_if_undisturbed(self, ranks, kill):
        journalled = b""
        for number in range(KILLS):
            run = self.start(ranks)
            self.wait_for_moment(run, number)
            self.assertTrue(run.is_running(), f"ended before kill {number}:\n{run.log()}")
            processes = [run.process.pid] + run.ranks()
            kill(run)
            run.wait_after_kill(processes[1:])
            # No rank outlives its mpirun; the next run needs the journal's lock.
            wait_until(lambda: not any(is_alive(pid) for pid in processes), 60, "all ranks ended")
            journalled = self.assert_extended(journalled)
        last = self.start(ranks)
        self.assertEqual(last.wait(), GOAL_MISSED, last.log())
        self.assert_extended(journalled)
        self.assert_same_outcome(self.undisturbed, self.workspace)
        self.assert_nothing_was_evaluated_twice()

    def assert_extended(self, journalled):
        """Finished records stay as they are. Gives the journal as it is now."""
        now = complete_lines(self.workspace / "trials.jsonl")
        self.assertTrue(now.startswith(journalled), now[:len(journalled)])
        return now

    def assert_nothing_was_evaluated_twice(self):
        self.assertEqual([r["trial"] for r in records(self.workspace, "trial")], list(range(TRIALS)))
        self.assertEqual(len(records(self.workspace, "baseline")), 1)
        trials = {r["trial"]: r for r in records(self.workspace, "trial")}
        partials = records(self.workspace, "partial")
        self.assertEqual(len(partials), len({r["of"] for r in partials}))
        for partial in partials:  # a second evaluation would have taken another time
            if partial["of"] in trials:
                self.assertEqual(partial["wall_s"], trials[partial["of"]]["wall_s"])

    def test_one_process(self):
        self.assert_resumes_as_if_undisturbed(None, lambda run: os.kill(run.process.pid, signal.SIGKILL))

    def test_mpirun(self):
        self.assert_resumes_as_if_undisturbed(3, lambda run: os.kill(run.process.pid, signal.SIGKILL))

    def test_any_rank_below_mpirun(self):
        def kill(run):
            wait_until(lambda: run.ranks() or not run.is_running(), 60, "ranks started")
            os.kill(self.random.choice(run.ranks()), signal.SIGKILL)
        self.assert_resumes_as_if_undisturbed(3, kill)


if __name__ == "__main__":
    main()
