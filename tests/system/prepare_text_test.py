"""scripts/prepare_text.py: texts become features by the model's own tokenizer, as the golden files hold them."""
import subprocess
import sys

import h5py
import numpy

from halftone_cli import DEPS, SOURCE, SystemTest, main

PYTHON = DEPS / "text/bin/python"
SCRIPT = SOURCE / "scripts/prepare_text.py"
GOLDEN = SOURCE / "tests/golden/data/text"


class PrepareText(SystemTest):
    def run_script(self, *words):
        done = subprocess.run([PYTHON, SCRIPT, *map(str, words)], capture_output=True, text=True, check=False, cwd=self.folder)
        return done.returncode, done.stdout, done.stderr

    def assert_same(self, made, golden):
        with h5py.File(made) as one, h5py.File(golden) as other:
            self.assertEqual(sorted(one), sorted(other))
            self.assertEqual({k: v for k, v in one.attrs.items()}, {k: v for k, v in other.attrs.items()})
            for name in one:
                numpy.testing.assert_array_equal(one[name][()], other[name][()], name)

    def test_the_golden_files_are_made_again(self):
        for words, name in ((("glue", GOLDEN / "dev.tsv", "--task", "MRPC", "--max-seq-length", 14), "mrpc.h5"),
                            (("squad", GOLDEN / "squad.json", "--max-seq-length", 16, "--doc-stride", 4), "squad.h5")):
            code, out, err = self.run_script(*words, "--tokenizer", GOLDEN / "vocab.txt", "--output", name)
            self.assertEqual((code, err), (0, ""))
            self.assertIn(f"{name}: ", out)
            self.assert_same(self.folder / name, GOLDEN / name)

    def test_plain_texts_have_labels_and_one_or_two_texts(self):
        (self.folder / "one.tsv").write_text('4\tthe "dog"\n\n0\ta shop\n')
        code, _, err = self.run_script("text", "one.tsv", "--tokenizer", GOLDEN / "vocab.txt", "--max-seq-length", 8,
                                       "--output", "one.h5")
        self.assertEqual((code, err), (0, ""))
        with h5py.File(self.folder / "one.h5") as file:
            self.assertEqual(file["label"][()].tolist(), [4, 0])
            self.assertEqual(file["input_ids"][()].tolist(), [[2, 9, 12, 11, 12, 3, 0, 0], [2, 5, 7, 3, 0, 0, 0, 0]])

    def test_what_is_wrong_is_named_with_its_line(self):
        (self.folder / "bad.tsv").write_text("1\ta shop\none\tthe dog\n")
        (self.folder / "words.txt").write_text("a\nb\n")
        for words, what in ((("text", "bad.tsv", "--tokenizer", GOLDEN / "vocab.txt"), "bad.tsv:2: the label 'one' is no number"),
                            (("text", "bad.tsv", "--tokenizer", "words.txt"), "words.txt is no vocabulary of a BERT model"),
                            (("text", "none.tsv", "--tokenizer", GOLDEN / "vocab.txt"), "none.tsv: No such file"),
                            (("squad", "bad.tsv", "--tokenizer", GOLDEN / "vocab.txt"), "bad.tsv: is no file of SQuAD 1.1")):
            code, _, err = self.run_script(*words, "--output", "out.h5")
            self.assertEqual(code, 1)
            self.assertIn("error: " + what, err)
        self.assertFalse((self.folder / "out.h5").exists())

    def test_the_output_is_no_input(self):
        (self.folder / "one.tsv").write_text("0\ta shop\n")
        code, _, err = self.run_script("text", "one.tsv", "--tokenizer", GOLDEN / "vocab.txt", "--output", "./one.tsv")
        self.assertEqual(code, 2)
        self.assertIn("--output ./one.tsv is read by this script and would be lost", err)
        self.assertEqual((self.folder / "one.tsv").read_text(), "0\ta shop\n")


if __name__ == "__main__":
    if not PYTHON.exists():
        print("no tokenizers: scripts/setup.sh --with-text")
        sys.exit(77)
    main()
