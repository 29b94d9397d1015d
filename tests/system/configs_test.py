"""Every config in the repository: it prints, what is printed is the same config, what is not built yet is refused."""
import re

import yaml

from halftone_cli import SOURCE, USAGE, OK, SystemTest, halftone, main

CONFIGS = sorted((SOURCE / "configs").rglob("*.yaml"))


# Shrinks as strategies and datasets are built; each of these must be refused with a reason until then.
NOT_BUILT_YET = set()


def keys_of(node, path=""):
    """Every key of the schema in an effective config. Keys under op_wise are the user's names, and those under a data set's
    inputs and targets are names of the model's inputs and of the answers."""
    if not isinstance(node, dict) or path.endswith((".op_wise", ".inputs", ".targets")):
        return set()
    return set(node).union(*(keys_of(value, f"{path}.{key}") for key, value in node.items()))


class EveryConfig(SystemTest):
    def test_prints_and_what_is_printed_reads_back_as_the_same(self):
        self.assertGreater(len(CONFIGS), 10)
        for config in CONFIGS:
            with self.subTest(config=config.name):
                shown = halftone("tune", config, "--print-config", cwd=self.folder)
                self.assert_code(OK, shown)
                self.assertEqual(shown.err, "")
                copy = self.folder / config.name
                copy.write_text(shown.out)
                again = halftone("tune", copy, "--print-config", cwd=self.folder)
                self.assert_code(OK, again)
                self.assertEqual(again.out, shown.out)
                copy.unlink()
        self.assertEqual(list(self.folder.iterdir()), [], "--print-config must create nothing")

    def test_has_only_keys_that_the_documents_explain(self):
        explained = set(re.findall(r"\w+", (SOURCE / "docs/configuration.md").read_text()))
        for config in CONFIGS:
            if config.name in NOT_BUILT_YET:
                continue
            with self.subTest(config=config.name):
                effective = yaml.safe_load(halftone("tune", config, "--print-config").out)
                self.assertEqual(keys_of(effective) - explained, set())

    def test_is_never_written(self):
        before = [config.read_bytes() for config in CONFIGS]
        for config in CONFIGS[:2]:
            halftone("tune", config, "--print-config", "--set", "tuning.random_seed=1", cwd=self.folder)
        self.assertEqual(before, [config.read_bytes() for config in CONFIGS])

    def test_that_asks_for_something_not_built_yet_is_refused_before_anything_is_created(self):
        refused = [config for config in CONFIGS if config.name in NOT_BUILT_YET]
        self.assertEqual(len(refused), len(NOT_BUILT_YET))
        for config in refused:
            with self.subTest(config=config.name):
                done = halftone("tune", config, "--workspace", "out", cwd=self.folder)
                self.assert_refused(done, USAGE, "not available yet", "available", config.name + ":")
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_strategy_that_is_not_built_yet_names_those_that_are(self):
        config = SOURCE / "configs/examples/strategy_bayesian.yaml"
        done = halftone("tune", config, "--set", "tuning.strategy.name=automixedprecision", ranks=3, cwd=self.folder)
        self.assert_refused(done, USAGE, "tuning.strategy.name", "automixedprecision", "not available yet", "basic",
                            "bayesian")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_prints_once_through_mpirun(self):
        alone = halftone("tune", CONFIGS[0], "--print-config")
        together = halftone("tune", CONFIGS[0], "--print-config", ranks=3)
        self.assert_code(OK, together)
        self.assertEqual(together.out, alone.out)


if __name__ == "__main__":
    main()
