"""What the documents tell a new user to do works: README's first screen and the data of the tutorial, as they are written."""
import gzip
import re
import shlex
import subprocess
import sys
from pathlib import Path

from halftone_cli import DEMO_MODEL, GOAL_MISSED, OK, SOURCE, SystemTest, halftone, main

IMAGES = Path("/usr/share/datasets/fashion-mnist")
# Fewer images than the documents' configs take: the steps are tested here, not the accuracy.
FEWER = ["--set", "evaluation.accuracy.iteration=200", "--set", "quantization.calibration.sampling_size=10",
         "--set", "tuning.exit_policy.max_trials=3"]


def blocks(document, language):
    """The code blocks of a document in one language, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (SOURCE / document).read_text(), re.M | re.S)
    return [text for of, text in found if of == language]


def run_lines(block, folder, *more):
    """Runs the commands of a block, one a line, with `more` behind those that read a config. "> FILE" takes stdout."""
    done = []
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] != "halftone":
            continue
        target = words[words.index(">") + 1] if ">" in words else None
        words = words[1:words.index(">")] if target else words[1:]
        done.append(halftone(*words, *(more if words[0] == "tune" else ()), cwd=folder))
        if target:
            (folder / target).write_text(done[-1].out)
    return done


class FirstScreen(SystemTest):
    def test_tunes_a_model_of_ones_own(self):
        arrays, = blocks("README.md", "yaml")
        self.assertIn("Numpy", arrays)  # a part of a config; samples_test.py runs such data
        commands = next(block for block in blocks("README.md", "") if block.startswith("halftone init"))
        self.assertEqual(len(commands.splitlines()), 3)
        (self.folder / "model.onnx").symlink_to(DEMO_MODEL)
        (self.folder / "data").symlink_to(IMAGES)
        made, dry, tuned = run_lines(commands, self.folder, *FEWER)
        self.assert_code(OK, made)
        self.assert_code(OK, dry)
        self.assertIn("trials", dry.out)
        self.assertIn(tuned.code, (OK, GOAL_MISSED), tuned.err)
        self.assertIn("results in out/", tuned.out)
        promised = re.findall(r"^\| `([\w.]+)` \|", (SOURCE / "README.md").read_text(), re.M)
        self.assertIn("best.onnx", promised)
        self.assertEqual([name for name in promised if not (self.folder / "out" / name).exists()], [])


class Tutorial(SystemTest):
    def python(self, *words):
        done = subprocess.run([sys.executable, *words], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_arrays_become_data_that_a_config_reads(self):
        to_idx, arrays = blocks("docs/tutorial.md", "python")
        (self.folder / "to_idx.py").write_text(to_idx)
        (self.folder / "arrays.py").write_text(arrays)
        self.python("arrays.py")
        self.python("to_idx.py", "train_images.npy", "train_labels.npy", "data", "train")
        self.python("to_idx.py", "test_images.npy", "test_labels.npy", "data", "t10k")
        for file in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            with gzip.open(IMAGES / f"{file}.gz") as original:
                self.assertEqual((self.folder / "data" / file).read_bytes(), original.read(), file)
        config, = blocks("docs/tutorial.md", "yaml")
        (self.folder / "config.yaml").write_text(config)
        (self.folder / "model.onnx").symlink_to(DEMO_MODEL)
        done = halftone("eval", "config.yaml", "--set", "evaluation.accuracy.iteration=500", cwd=self.folder)
        self.assert_code(OK, done)
        self.assertIn("topk = 0.9", done.out)


if __name__ == "__main__":
    main()
