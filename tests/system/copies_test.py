"""Every rank reads the data by itself. Nodes may hold copies of their own, and a copy may be old or damaged: then the run
is refused, instead of giving results that depend on which rank evaluated what."""
import gzip
import subprocess
from pathlib import Path

from halftone_cli import DEMO, MODEL, MPIEXEC, OUT_OF_REACH, PROGRAM, Finished, SystemTest, environment, main, settings

DATA = Path("/usr/share/datasets/fashion-mnist")
LABELS = "t10k-labels-idx1-ubyte.gz"
FEW = settings(images=500, trials=1, goal=OUT_OF_REACH)


class CopiesOfData(SystemTest):
    def node(self, name):
        """A folder that stands for a node: the ranks that start in it read their data there."""
        folder = self.folder / name
        folder.mkdir()
        for file in DATA.iterdir():
            (folder / file.name).symlink_to(file)
        return folder

    def test_a_rank_with_other_data_is_refused_with_host_rank_and_both_values(self):
        config = self.folder / "tune.yaml"
        text = DEMO.read_text().replace(f"root: {DATA}", "root: /proc/self/cwd")
        config.write_text(text.replace("path: resnet20_hard.onnx", f"path: {DEMO.parent / 'resnet20_hard.onnx'}"))
        first, second = self.node("node0"), self.node("node1")
        labels = bytearray(gzip.decompress((DATA / LABELS).read_bytes()))
        labels[-1] = (labels[-1] + 1) % 10  # one label of 10,000
        (second / LABELS).unlink()
        (second / LABELS).write_bytes(gzip.compress(bytes(labels)))

        tune = [PROGRAM, "tune", str(config), *FEW, "--workspace", str(self.folder / "out")]
        words = [MPIEXEC, "-n", "1", "--wdir", str(first), *tune, ":", "-n", "1", "--wdir", str(second), *tune]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, env=environment())
        finished = Finished(done.returncode, done.stdout, done.stderr)
        self.assert_code(MODEL, finished)
        self.assertRegex(finished.errors()[0], r"the evaluation data differs on rank 1 \(host \S+\): [0-9a-f]{16}; "
                                               r"rank 0 \(host \S+\) has [0-9a-f]{16}; the files on the nodes must")
        self.assertNotIn("calibration data", finished.err)
        self.assertFalse((self.folder / "out").exists())


if __name__ == "__main__":
    main()
