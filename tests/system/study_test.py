"""study.h5, its report, and the distributions of tuning.tensorboard, read by programs that we did not write: h5py and
TensorBoard's own reader."""
import fcntl
import json
import math
import os
import re
import shutil
import subprocess
import time

import h5py
import numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

from halftone_cli import (DEMO, DEPS, GOAL_MISSED, IO, MODEL, OK, OUT_OF_REACH, SOURCE, USAGE, SystemTest, halftone, main,
                          records, settings)
from synthetic_run import write_synthetic_run

REPORT_PYTHON = DEPS / "report/bin/python"


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def column(study, name):
    data = study[name]
    enum = h5py.check_enum_dtype(data.dtype)
    if enum:
        names = {code: word for word, code in enum.items()}
        return [names[code] for code in data[()]]
    return [text(value) for value in data[()]]


def wilson95(correct, samples):
    """E. B. Wilson (1927), written down once more."""
    z = 1.959963984540054
    share = correct / samples
    middle = (share + z * z / (2 * samples)) / (1 + z * z / samples)
    half = z / (1 + z * z / samples) * math.sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples))
    return middle - half, middle + half


class Study(SystemTest):
    def tune(self, workspace, *words):
        done = halftone("tune", DEMO, "--workspace", self.folder / workspace, *words)
        self.assertIn(done.code, (OK, GOAL_MISSED), done.err)
        return self.folder / workspace

    def study(self, workspace):
        path = self.folder / f"{workspace.name}.h5"
        self.assert_code(OK, halftone("report", workspace, "--study", path))
        return h5py.File(path, "r")

    def report(self, *words):
        if not REPORT_PYTHON.exists():
            self.skipTest(f"no {REPORT_PYTHON}: scripts/setup.sh installs it")
        done = subprocess.run([REPORT_PYTHON, SOURCE / "scripts/report.py", *map(str, words)], capture_output=True,
                              text=True, check=False, timeout=300)
        return done.returncode, done.stdout, done.stderr

    def test_every_number_is_the_journals(self):
        workspace = self.tune("mse", *settings(trials=8, goal=OUT_OF_REACH), "--set", "tuning.strategy.name=mse",
                              "--set", "tuning.exit_policy.timeout=1000")
        with self.study(workspace) as study:
            header, baseline = records(workspace, "header")[0], records(workspace, "baseline")[0]
            self.assertEqual(text(study.attrs["format"]), "halftone study")
            for key, name in (("strategy", "strategy"), ("seed", "seed"), ("isa", "isa"), ("config", "config_hash"),
                              ("model", "model_hash"), ("data", "data_hash"), ("space", "space_hash")):
                self.assertEqual(text(study["run"].attrs[name]), header[key], key)
            goal = study["goal"].attrs
            self.assertEqual((goal["baseline_accuracy"], goal["baseline_correct"], goal["baseline_samples"]),
                             (baseline["accuracy"], baseline["correct"], baseline["samples"]))
            self.check_trials(study, workspace)
            self.check_plans(study, workspace)
            self.check_sensitivity(study, workspace)
            self.check_latency(study, workspace)
            self.check_calibration(study)
            for dataset in self.datasets(study):
                self.assertIn("description", dataset.attrs, dataset.name)
                if dataset.ndim and dataset.dtype.kind in "iuf" and not h5py.check_enum_dtype(dataset.dtype):
                    self.assertIn("units", dataset.attrs, dataset.name)

    @staticmethod
    def datasets(study):
        found = []
        study.visititems(lambda _, node: found.append(node) if isinstance(node, h5py.Dataset) else None)
        return found

    def check_trials(self, study, workspace):
        completed = {r["of"]: r for r in records(workspace, "completion")}
        trials = records(workspace, "trial")
        table = {name: column(study, f"trials/{name}") for name in study["trials"]}
        self.assertGreater(len(trials), 3)
        self.assertEqual(table["trial"], [t["trial"] for t in trials])
        for row, trial in enumerate(trials):
            full = completed.get(trial["trial"], trial)
            for key in ("candidate", "stage", "verdict", "wall_s", "worker", "elapsed_ms"):
                self.assertEqual(table[key][row], full[key] if key in ("wall_s", "worker") else trial[key], key)
            for key in ("samples", "sample_units", "correct"):
                self.assertEqual(table[key][row], full[key], key)
            bounds = trial.get("bounds", [None, None])
            for key, value in (("accuracy", full["accuracy"]), ("bound_low", bounds[0]), ("bound_high", bounds[1]),
                               ("latency_ms", trial.get("latency_ms"))):
                self.assert_number(table[key][row], value, key)
            if full["accuracy"] is not None:
                low, high = wilson95(full["correct"], full["samples"])
                self.assertAlmostEqual(table["low95"][row], low, 9)
                self.assertAlmostEqual(table["high95"][row], high, 9)
            loss95 = full.get("loss_ci95", [None, None])
            for key, value in (("loss", full.get("loss")), ("loss_low95", loss95[0]), ("loss_high95", loss95[1])):
                self.assert_number(table[key][row], value, key)
        scored = [({"trial": -1} | records(workspace, "baseline")[0])] + [completed.get(t["trial"], t) | {"trial": t["trial"]}
                                                                           for t in trials]
        self.assertEqual([[study["metrics/trial"][row], text(study["metrics/name"][row]), study["metrics/value"][row]]
                          for row in range(len(study["metrics/trial"]))],
                         [[r["trial"], name, value] for r in scored for name, value in r.get("metrics", {}).items()])
        end = records(workspace, "end")[0]
        self.assertEqual([t for t, is_it in zip(table["trial"], table["delivered"]) if is_it], [end["best"]])

    def assert_number(self, stored, expected, what):
        if expected is None:
            self.assertTrue(math.isnan(stored), what)
        else:
            self.assertEqual(stored, expected, what)

    def check_plans(self, study, workspace):
        names = column(study, "units/name")
        dtypes = {code: word for word, code in h5py.check_enum_dtype(study["plans/dtype"].dtype).items()}
        option_bytes = {(u, o): b for u, o, b in zip(*(column(study, f"options/{n}") for n in
                                                       ("unit", "option", "weight_bytes")))}
        for row, trial in enumerate(records(workspace, "trial")):
            self.assertEqual(study["plans/option"][row].tolist(), trial["choice"])
            self.assertEqual(study["trials/bytes"][row],
                             sum(option_bytes[u, o] for u, o in enumerate(trial["choice"])))
            high = {names[u]: dtypes[c] for u, c in enumerate(study["plans/dtype"][row]) if dtypes[c] in ("fp32", "bf16")}
            self.assertEqual(high, {c["unit"]: c["to"] for c in trial["changed"]})
        self.assertEqual([study["plans/dtype"].dims[d][0].name for d in (0, 1)], ["/trials/trial", "/units/name"])

    def check_sensitivity(self, study, workspace):
        probes = records(workspace, "sensitivity")
        self.assertGreater(len(probes), 0)
        row = 0
        for probe in probes:
            for value in probe["values"]:
                for key, expected in value.items():
                    stored = text(study["sensitivity/" + ("name" if key == "unit" else key)][row])
                    self.assertEqual(stored, expected, key)
                ratio = value["error"] / value["reference"]
                self.assertEqual(study["sensitivity/relative"][row], ratio)
                self.assertAlmostEqual(study["sensitivity/sqnr_db"][row], -10 * math.log10(ratio), 9)
                row += 1
        self.assertEqual(row, len(study["sensitivity/probe"]))

    def check_latency(self, study, workspace):
        table = records(workspace, "latency_table")[0]
        flat = [(u, o, ms) for u, row in enumerate(table["unit_ms"]) for o, ms in enumerate(row)]
        self.assertEqual(list(zip(*(column(study, f"latency/units/{n}") for n in ("unit", "option", "ms")))), flat)
        self.assertEqual(study["latency"].attrs["rest_ms"], table["rest_ms"])
        for key in ("producer", "consumer", "quantize_ms", "dequantize_ms"):
            self.assertEqual(column(study, f"latency/borders/{key}"), [border[key] for border in table["borders"]])

    def check_calibration(self, study):
        """Statistics against their own minimum and maximum: counts add up, and lie where the values lie."""
        edges = study["calibration/bin_edges"][()]
        group = study["calibration/samples_100"]
        self.assertEqual((edges[0], edges[-1], len(edges)), (-1, 1, 16385))
        for row in range(len(group["value"])):
            counts, limit = group["histogram"][row], group["limit"][row]
            self.assertEqual(counts.sum(), group["count"][row])
            used = numpy.flatnonzero(counts)
            low, high = group["min"][row], group["max"][row]
            self.assertTrue(edges[used[0]] * limit <= low < edges[used[0] + 1] * limit)
            self.assertTrue(edges[used[-1]] * limit <= high < edges[used[-1] + 1] * limit)
        ranges = group["ranges"]
        spans = dict(zip(column(group, "value"), zip(group["min"], group["max"])))
        for value, rule, low, high in zip(*(column(ranges, n) for n in ("value", "algorithm", "low", "high"))):
            if rule == "minmax":
                self.assertEqual((low, high), spans[value])

    def test_a_killed_run_has_a_study_and_a_report(self):
        whole = self.tune("whole", *settings(images=200, calibration=50, trials=6, goal=OUT_OF_REACH))
        lines = (whole / "trials.jsonl").read_bytes().splitlines(keepends=True)
        for kept, name in ((1, "header_only"), (4, "some_trials"), (len(lines) - 1, "no_end")):
            with self.subTest(kept=name):
                killed = self.folder / name
                killed.mkdir()
                (killed / "trials.jsonl").write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
                shutil.copy(whole / "study.json", killed)
                with self.study(killed) as study:
                    self.assertEqual(len(study["trials/trial"]), len(records(killed, "trial")))
                    self.assertEqual(text(study["run"].attrs["state"]), "stopped")
                self.assert_report(killed)

    def test_a_running_search_shows_how_far_it_is(self):
        running = self.folder / "running"
        write_synthetic_run(running, trials=12, units=10)
        (running / "progress.json").write_text(json.dumps({
            "trials": 12, "most_left": 8, "elapsed_s": 100.0, "expected_left_s": 300.0, "most_left_s": None,
            "written_s": time.time()}))
        with (running / "trials.jsonl").open("r+b") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)  # as the run's own process would
            with self.study(running) as study:
                self.assertEqual(text(study["run"].attrs["state"]), "running")
                progress = study["progress"].attrs
                self.assertEqual((progress["trials"], progress["most_trials_left"]), (12, 8))
                self.assertAlmostEqual(progress["elapsed_s"] + progress["expected_left_s"], 400, 6)
                self.assertTrue(math.isnan(progress["most_left_s"]))
        page = self.assert_report(running)
        self.assertIn("The run goes on: 12 trials so far.", page)
        self.assertRegex(page, r"<progress max=1 value=0\.\d+></progress> \dm \d\ds so far, about \dm \d\ds left; "
                               r"at most 8 trials may follow \(at 20\d\d-")
        with self.study(running) as study:  # its process has gone: what the file says is old
            self.assertNotIn("progress", study)
        self.assertNotIn("<progress", self.assert_report(running))

    def assert_report(self, workspace, *words):
        output = self.folder / f"{workspace.name}.html"
        code, _, err = self.report(self.folder / f"{workspace.name}.h5", "--output", output, *words)
        self.assertEqual(code, 0, err)
        page = output.read_text()
        self.assertLess(len(page), 8_000_000)
        # The first screen: what came of it, then two commands to copy.
        first = page[page.index("<h1>"):page.index("<section id=summary>")]
        self.assertRegex(first, r"<p class=verdict>[^<]+</p>")
        self.assertEqual(re.findall(r"<code>halftone (\w+) ", first), ["certify", "report"])
        for section in ("summary", "accuracy", "cost", "sensitivity", "dtypes", "distributions", "why"):
            self.assertIn(f"<section id={section}>", page)
        # plotly.js holds addresses, but nothing that is loaded by the page itself
        self.assertIsNone(re.search(r"<(script|link|img)[^>]*(src|href)=['\"]?(https?:)?//", page))
        return page

    def test_distributions_in_hdf5_and_for_tensorboard(self):
        workspace = self.tune("board", *settings(images=200, calibration=50, trials=3, goal=OUT_OF_REACH), "--set",
                              "tuning.tensorboard=True")
        trials = [t["trial"] for t in records(workspace, "trial")]
        readers = {}
        for run in ("search", "fp32", "quantized"):
            readers[run] = EventAccumulator(str(workspace / "tensorboard" / run),
                                            size_guidance={"histograms": 0, "scalars": 0})
            readers[run].Reload()
        search = readers["search"]
        self.assertEqual([(s.step, s.value) for s in search.Scalars("accuracy")],
                         [(t["trial"], numpy.float32(t["accuracy"])) for t in records(workspace, "trial")])
        self.assertEqual([s.step for s in search.Scalars("best_accuracy")], trials)
        self.assertIn(b"resnet20_hard", search.Tensors("config")[0].tensor_proto.string_val[0])
        with self.study(workspace) as study:
            self.assertEqual(study["distributions/trial"][()].tolist(), trials)
            for unit, name in enumerate(column(study, "units/name")):
                fp32 = readers["fp32"].Histograms(f"{name}/output")
                self.assert_histogram(fp32[0], study["distributions/fp32"][unit], study, unit)
                quantized = readers["quantized"].Histograms(f"{name}/output")
                self.assertEqual([h.step for h in quantized], trials)
                for row, event in enumerate(quantized):
                    self.assert_histogram(event, study["distributions/quantized"][row, unit], study, unit)
                scalars = readers["quantized"].Scalars(f"sqnr_db/{name}")
                self.assertEqual([s.value for s in scalars],
                                 study["distributions/sqnr_db"][:, unit].astype(numpy.float32).tolist())
        self.assertIn("first batch of the calibration data, trial", self.assert_report(workspace))
        self.check_flipped_byte(workspace)
        self.check_resumed_events(workspace, trials)

    def assert_histogram(self, event, counts, study, unit):
        histogram = event.histogram_value
        self.assertEqual(list(histogram.bucket), counts.tolist())
        self.assertEqual(histogram.num, counts.sum())
        self.assertEqual(histogram.bucket_limit[0], study["distributions/low"][unit])
        self.assertAlmostEqual(histogram.bucket_limit[-2], study["distributions/high"][unit], 9)

    def check_flipped_byte(self, workspace):
        """The framing says where damage is seen: TensorBoard stops at that record."""
        events = next((workspace / "tensorboard/quantized").iterdir())
        whole = len(list(RawEventFileLoader(str(events)).Load()))
        damaged = self.folder / "events.out.tfevents.1.damaged"
        content = bytearray(events.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        with self.assertLogs("tensorboard", "DEBUG") as logs:
            self.assertLess(len(list(RawEventFileLoader(str(damaged)).Load())), whole)
        self.assertTrue(any("crc" in line.lower() or "truncated" in line.lower() for line in logs.output), logs.output)

    def check_resumed_events(self, workspace, trials):
        """A resumed run writes the events of its earlier trials again, from what it kept."""
        lines = (workspace / "trials.jsonl").read_bytes().splitlines(keepends=True)
        (workspace / "trials.jsonl").write_bytes(b"".join(line for line in lines if b'"type":"end"' not in line))
        done = halftone("tune", DEMO, "--workspace", workspace, "--resume",
                        *settings(images=200, calibration=50, trials=3, goal=OUT_OF_REACH), "--set",
                        "tuning.tensorboard=True")
        self.assert_code(GOAL_MISSED, done)
        again = EventAccumulator(str(workspace / "tensorboard/quantized"), size_guidance={"histograms": 0})
        again.Reload()
        self.assertEqual([h.step for h in again.Histograms(again.Tags()["histograms"][0])], trials)

    def test_names_from_models_are_only_text_in_the_page(self):
        workspace = self.folder / "names"
        write_synthetic_run(workspace, trials=20, units=8, prefix="</script><script>alert(1)</script>")
        self.study(workspace).close()
        self.assertNotIn("<script>alert", self.assert_report(workspace))

    def test_a_large_study(self):
        workspace = self.folder / "synthetic"
        write_synthetic_run(workspace, trials=1000, units=60)
        with self.study(workspace) as study:
            self.assertEqual(study["plans/dtype"].shape, (1000, 60))
        self.assert_report(workspace)
        done = subprocess.run([REPORT_PYTHON, SOURCE / "scripts/analyse_study.py", self.folder / "synthetic.h5"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        # The generator gives unit_07 the largest cost of all.
        self.assertIn("unit_07", done.stdout.splitlines()[2])

    def test_bad_input(self):
        nothing = self.folder / "nothing"
        self.assert_code(IO, halftone("report", nothing))
        nothing.mkdir()
        done = halftone("report", nothing)
        self.assert_code(IO, done)
        self.assertIn("holds neither a run", done.err)
        no_study = self.folder / "no.h5"
        with h5py.File(no_study, "w") as file:
            file["x"] = 1
        linked = self.folder / "linked.h5"
        with h5py.File(linked, "w") as file:
            file.attrs["format"] = numpy.bytes_("halftone study")
            file.attrs["format_version"] = 1
            file["trials"] = h5py.ExternalLink(str(no_study), "/")
        for path, reason in ((no_study, "no halftone study"), (SOURCE / "README.md", "not an HDF5 file"),
                             (self.folder / "missing.h5", "no such file"), (linked, "not followed")):
            with self.subTest(path=path.name):
                code, _, err = self.report(path, "--output", self.folder / "x.html")
                self.assertEqual(code, MODEL, err)
                self.assertIn(reason, err)
                self.assertIn(str(path), err)
                self.assertFalse((self.folder / "x.html").exists())
        before = no_study.read_bytes()
        code, _, err = self.report(no_study, "--output", f"{self.folder}/./no.h5")
        self.assertEqual(code, USAGE, err)
        self.assertIn("is the study and would be lost", err)
        self.assertEqual(no_study.read_bytes(), before)

    def test_damaged_files_beside_the_journal_are_left_out(self):
        workspace = self.tune("damaged", *settings(images=200, calibration=50, trials=2, goal=OUT_OF_REACH), "--set",
                              "tuning.tensorboard=True")
        for name in ("study.json", "best.yaml", "calibration.h5", "distributions/fp32.h5"):
            whole = (workspace / name).read_bytes()
            (workspace / name).write_bytes(whole[:len(whole) // 2])
            done = halftone("report", workspace, "--study", self.folder / "damaged.h5")
            self.assert_code(OK, done)
            if name != "best.yaml":  # half a YAML file may be one
                self.assertIn(f"warning: {workspace / name}", done.err)
            with h5py.File(self.folder / "damaged.h5") as study:
                self.assertEqual(len(study["trials/trial"]), 2)
            self.assert_report(workspace)
            (workspace / name).write_bytes(whole)

    def test_summary_as_json(self):
        workspace = self.tune("json", *settings(images=200, calibration=50, trials=2, goal=OUT_OF_REACH))
        done = halftone("report", workspace, "--json")
        summary = json.loads(done.out)
        self.assertEqual([t["accuracy"] for t in summary["trials"]],
                         [t["accuracy"] for t in records(workspace, "trial")])
        self.assertEqual((summary["state"], summary["goal"]["met"]), ("ended", False))


if __name__ == "__main__":
    os.environ.pop("HALFTONE_REPORT_AGAIN", None)
    main()
