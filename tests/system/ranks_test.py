"""The result of a search does not depend on how many ranks found it."""
from halftone_cli import DEMO, GOAL_MISSED, OK, OUT_OF_REACH, SystemTest, halftone, main, outcome, records, settings


class AnyNumberOfRanks(SystemTest):
    def run_all(self, words, code):
        reference = None
        for ranks in (None, 1, 2, 4):
            with self.subTest(ranks=ranks):
                workspace = self.folder / f"ranks_{ranks}"
                done = halftone("tune", DEMO, *words, "--workspace", workspace, ranks=ranks)
                self.assert_code(code, done)
                self.assertEqual(done.errors(), [])
                reference = reference or outcome(workspace)
                self.assert_same_outcome(reference, workspace)
                self.assertEqual([r["trial"] for r in records(workspace, "trial")], list(range(len(reference.trials))))
        return reference

    def test_give_the_same_files_when_the_goal_ends_the_search(self):
        # Nothing may be lost: on 500 images some fallback gets there, with results for later trials under way.
        reference = self.run_all(settings(goal=0.0), OK)
        self.assertEqual(reference.end[0]["reason"], "goal_met")
        self.assertEqual(reference.trials[-1]["verdict"], "pass")
        self.assertEqual(reference.end[0]["best"], len(reference.trials) - 1)

    def test_give_the_same_files_when_the_trials_run_out(self):
        reference = self.run_all(settings(images=100, goal=OUT_OF_REACH), GOAL_MISSED)
        self.assertEqual(reference.end[0]["reason"], "max_trials")
        self.assertEqual(len(reference.trials), 30)

    def test_give_the_same_ranges_for_any_shards_and_batches(self):
        """Vector (k) of the reference: calibration cut into 1, 3 or 7 shards, data loaded by 1, 8 or 32."""
        plans = set()
        for shards, batch in ((1, 32), (1, 1), (3, 8), (7, 1), (7, 32)):
            workspace = self.folder / f"cut_{shards}_{batch}"
            done = halftone("tune", DEMO, *settings(images=100, calibration=50, trials=1, goal=OUT_OF_REACH),
                            "--set", f"tuning.shards={shards}", "--set",
                            f"quantization.calibration.dataloader.batch_size={batch}", "--workspace", workspace)
            self.assert_code(GOAL_MISSED, done)
            plans.add((workspace / "best.yaml").read_bytes())
        self.assertEqual(len(plans), 1)


if __name__ == "__main__":
    main()
