"""The files of a workspace, read by nothing of ours: CRC-32C by its definition, YAML by PyYAML, names users rely on."""
import re
import tempfile
from pathlib import Path

import yaml

from halftone_cli import DEMO, GOAL_MISSED, OUT_OF_REACH, SOURCE, SystemTest, halftone, main, records, settings


def crc32c(data: bytes) -> int:
    """Castagnoli's polynomial, bit by bit. Source: RFC 3720, appendix B.4 (reflected 0x1EDC6F41)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


UNIT_KEYS = {"name", "op", "nodes", "activation", "weight", "why"}


class Files(SystemTest):
    workspace = None

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="halftone_system_")
        cls.addClassCleanup(holder.cleanup)
        cls.workspace = Path(holder.name) / "out"
        # 26 trials: past every single fallback, so that `changed` and `why` are filled in.
        words = settings(trials=26, goal=OUT_OF_REACH)
        cls.done = halftone("tune", DEMO, *words, "--workspace", cls.workspace, ranks=3)

    def setUp(self):
        super().setUp()
        self.assert_code(GOAL_MISSED, self.done)

    def text(self, name):
        return (self.workspace / name).read_text()

    def test_the_checksum_here_is_crc32c(self):
        self.assertEqual(crc32c(b"\x00" * 32), 0x8A9136AA)  # RFC 3720, appendix B.4
        self.assertEqual(crc32c(bytes(range(32))), 0x46DD794E)

    def test_every_line_of_the_journal_ends_with_its_checksum(self):
        lines = self.text("trials.jsonl").splitlines()
        self.assertGreater(len(lines), 20)
        for line in lines:
            body, found = re.fullmatch(r'(.*),"crc":"([0-9a-f]{8})"}', line).groups()
            self.assertEqual(f"{crc32c(body.encode()):08x}", found, line)

    def test_journal_records(self):
        found = records(self.workspace)
        once = [record["type"] for record in found if record["type"] not in ("trial", "partial")]
        self.assertEqual(once, ["header", "difficulty", "judgements", "baseline", "end"])
        header = found[0]
        self.assertEqual(list(header)[:5], ["type", "format", "version", "strategy", "seed"])
        self.assertEqual((header["format"], header["strategy"], header["seed"]), (2, "basic", 9527))
        for key in ("config", "model", "data", "space"):
            self.assertRegex(header[key], r"^[0-9a-f]{16}$")
        for trial in records(self.workspace, "trial"):
            self.assertLessEqual({"trial", "candidate", "stage", "changed", "verdict", "accuracy", "correct", "samples",
                                  "wall_s", "worker"}, set(trial))
            self.assertIn(trial["verdict"], ("pass", "fail"))
            self.assertEqual(trial["accuracy"], trial["correct"] / trial["samples"])
            self.assertIn(trial["worker"], (1, 2), "rank 0 leads")
        for partial in records(self.workspace, "partial"):
            self.assertNotIn("trial", partial)
        end = found[-1]
        self.assertEqual(end["trials"], 26)
        trials = records(self.workspace, "trial")
        self.assertEqual(end["sample_units"], sum(trial["sample_units"] for trial in trials))
        # Model-wise trials share nothing; of the fallbacks of one unit each, the first of eight runs all 22 units itself.
        self.assertEqual([trials[t]["sample_units"] for t in (0, 1, 2, 3, 4, 12, 20)], [500 * 22] * 7)
        self.assertLess(end["sample_units"], 26 * 500 * 22 / 1.3)

    def test_best_yaml(self):
        best = yaml.safe_load(self.text("best.yaml"))
        self.assertEqual(best["format"], 1)
        winner = records(self.workspace, "trial")[best["trial"]]
        self.assertEqual(best["accuracy"], winner["accuracy"])
        self.assertEqual(best["baseline"]["accuracy"], records(self.workspace, "baseline")[0]["accuracy"])
        self.assertEqual(best["goal"], {"kind": "absolute", "loss": OUT_OF_REACH, "met": False})
        header = records(self.workspace, "header")[0]
        self.assertEqual((best["isa"], best["model"]), (header["isa"], header["model"]))
        self.assertEqual(len(best["units"]), 22)
        for unit in best["units"]:
            self.assertLessEqual(UNIT_KEYS, set(unit))
            if unit["weight"]["dtype"] == "int8":
                self.assertEqual(set(unit["weight"]) - {"bit"},  # there when it is not 7: without VNNI
                                 {"dtype", "scheme", "granularity", "algorithm"})
                self.assertEqual(set(unit["activation"]), {"dtype", "scheme", "granularity", "algorithm"})
        fallen = {unit["name"]: unit["why"] for unit in best["units"] if unit["weight"]["dtype"] == "fp32"}
        self.assertEqual(set(fallen), {change["unit"] for change in winner["changed"]})
        self.assertNotIn("", fallen.values())

    def test_best_yaml_holds_every_quantized_tensor(self):
        best = yaml.safe_load(self.text("best.yaml"))
        in_int8 = sum(unit["weight"]["dtype"] == "int8" for unit in best["units"])
        weights = [tensor for tensor in best["tensors"] if len(tensor["scale"]) > 1]
        self.assertGreaterEqual(len(best["tensors"]), 2 * in_int8)
        self.assertGreaterEqual(len(weights), in_int8 - 1)
        for tensor in best["tensors"]:
            self.assertEqual(len(tensor["scale"]), len(tensor["zero_point"]))
            self.assertIn(tensor["dtype"], ("int8", "uint8", "int32"))
            for scale in tensor["scale"]:
                self.assertIsInstance(scale, float)
                self.assertGreater(scale, 0)
            self.assertTrue(all(isinstance(zero, int) for zero in tensor["zero_point"]))

    def test_every_float_has_a_point_and_a_signed_exponent(self):
        """Some readers take `1e-05` for text."""
        for name in ("best.yaml", "run.yaml"):
            numbers = re.findall(r"(?<![\w./\"'-])[-+]?\d[\d.]*(?:e[-+]?\d+)?(?![\w/.:\"'])", self.text(name))
            floats = [number for number in numbers if "e" in number or "." in number]
            self.assertTrue(floats)
            for number in floats:
                self.assertRegex(number, r"^-?\d+\.\d+(e[-+]\d\d+)?$", name)

    def test_run_yaml(self):
        run = yaml.safe_load(self.text("run.yaml"))
        self.assertLessEqual({"version", "git", "command", "isa", "ranks", "threads", "libraries", "config", "result",
                              "work"}, set(run))
        self.assertEqual((run["ranks"], run["threads"]), (3, 1))
        self.assertIn("tune", run["command"])
        self.assertEqual((run["result"]["reason"], run["result"]["exit_code"]), ("max_trials", GOAL_MISSED))
        self.assertGreater(run["result"]["latency"]["fp32_ms"], 0)
        self.assertGreater(run["result"]["latency"]["best_ms"], 0)
        self.assertEqual(run["work"]["sample_units"], records(self.workspace, "end")[0]["sample_units"])
        self.assertEqual(run["config"]["tuning"]["exit_policy"]["max_trials"], 26)

    def test_no_folder_or_host_stands_in_best_yaml(self):
        self.assertNotIn(str(self.workspace.parent), self.text("best.yaml"))
        self.assertNotIn(str(SOURCE), self.text("best.yaml"))

    def test_nothing_temporary_is_left(self):
        self.assertEqual([path.name for path in self.workspace.iterdir() if path.name.endswith(".tmp")], [])


if __name__ == "__main__":
    main()
