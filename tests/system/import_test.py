"""`halftone import` and models of frameworks in other commands, without any framework: MXNet's files are read by Halftone,
and a stand-in for the framework's Python shows what a converter may say and do."""
import json
import os
import select
import shutil
import stat
import subprocess

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import MODEL, OK, SOURCE, USAGE, SystemTest, command, environment, halftone, main

MXNET = SOURCE / "tests/golden/import/mxnet"
NO_DEPS = {"HALFTONE_DEPS_DIR": "/nonexistent", "PATH": "/usr/bin:/bin"}

# Answers the probe for packages, and else does what stand_in.py says. $1 is -c or the path of convert.py.
STAND_IN = """#!/bin/sh
if [ "$1" = -c ]; then exit 0; fi
exec /usr/bin/python3 "$(dirname "$0")/stand_in.py" "$2"
"""
SUCCESS = """
import json, pathlib, shutil, sys, numpy
request = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder, here = pathlib.Path(request["folder"]), pathlib.Path(__file__).parent
print("converting", request["kind"])
shutil.copy(here / "model.onnx", folder / "model.onnx")
x = numpy.array([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]], numpy.float32)
numpy.save(folder / "input0.npy", x)
numpy.save(folder / "output0.npy", 2 * x + OFFSET)
(folder / "result.json").write_text(json.dumps({"versions": {"tensorflow": "2.21.0"}, "tolerance": 1e-4, "notes": [],
    "inputs": [{"name": "x:0", "file": "input0.npy"}], "outputs": [{"name": "y:0", "file": "output0.npy"}]}))
"""


class Import(SystemTest):
    def setUp(self):
        super().setUp()
        self.output = self.folder / "m.onnx"
        self.env = environment(HALFTONE_IMPORT_CACHE=str(self.folder / "cache"), **NO_DEPS)

    def run_import(self, source, *words):
        return halftone("import", source, "--output", self.output, *words, env=self.env)

    def metadata(self):
        model = onnx.load(self.output)
        onnx.checker.check_model(model)
        return {entry.key: entry.value for entry in model.metadata_props}

    def stand_in(self, text, batches=("unk__245", "unk__246"), constants=("two", "zero"), node="mul"):
        """A Python that runs `text` in the place of convert.py, and a frozen graph that it is given. The converted graph is
        x * 2 + 0, with its constants in the order of their names."""
        x = helper.make_tensor_value_info("x:0", TensorProto.FLOAT, [batches[0], 3])
        y = helper.make_tensor_value_info("y:0", TensorProto.FLOAT, [batches[1], 3])
        arrays = [numpy_helper.from_array(numpy.float32(v), name) for v, name in zip((2.0, 0.0), constants)]
        nodes = [helper.make_node("Mul", ["x:0", constants[0]], ["m:0"], name=node),
                 helper.make_node("Add", ["m:0", constants[1]], ["y:0"], name="add")]
        graph = helper.make_graph(nodes, "g", [x], [y], sorted(arrays, key=lambda each: each.name))
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
                  self.folder / "model.onnx")
        (self.folder / "stand_in.py").write_text(text)
        python = self.folder / "python"
        python.write_text(STAND_IN)
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        source = self.folder / "net.pb"
        source.write_bytes(b"\x0a\x02hi")
        return source, "--python", python


class Mxnet(Import):
    def test_is_read_without_mxnet_and_says_that_nothing_was_compared(self):
        for source in (MXNET / "module-symbol.json", MXNET / "module-0000.params", MXNET / "module"):
            done = self.run_import(source, "--shape", "data=1,3,31,30")
            self.assert_code(OK, done)
            self.assertIn("not compared with MXNet's", done.err)
        said = self.metadata()
        self.assertEqual(said["halftone.import.source"], "module-symbol.json")
        self.assertEqual(said["halftone.import.framework"], "mxnet")
        self.assertEqual(said["halftone.import.error"], "not compared")
        self.assertRegex(said["halftone.import.hash"], "^[0-9a-f]{16}$")
        shape = onnx.load(self.output).graph.input[0].type.tensor_type.shape
        self.assertEqual([dim.dim_param or dim.dim_value for dim in shape.dim], ["N", 3, 31, 30])

    def test_gives_what_mxnet_gave(self):
        self.assert_code(OK, self.run_import(MXNET / "gluon-symbol.json", "--shape", "data=1,3,32,32"))
        self.assert_code(OK, halftone("run", self.output, "--input", MXNET / "gluon-input.npy", "--output",
                                      self.folder / "out"))
        (have,) = (self.folder / "out").glob("*.npy")
        want = numpy.load(MXNET / "gluon-output.npy")
        numpy.testing.assert_allclose(numpy.load(have), want, atol=1e-5 * numpy.abs(want).max())

    def test_the_same_files_give_the_same_bytes(self):
        self.assert_code(OK, self.run_import(MXNET / "module", "--shape", "data=1,3,31,30"))
        first = self.output.read_bytes()
        for name in ("net-symbol.json", "net-0003.params"):
            shutil.copy(MXNET / ("module" + ("-symbol.json" if "json" in name else "-0000.params")), self.folder / name)
        self.assert_code(OK, self.run_import(MXNET / "module", "--shape", "data=?,3,31,30", "--framework", "mxnet"))
        self.assertEqual(self.output.read_bytes(), first)

    def test_asks_for_a_shape_and_for_the_other_file(self):
        self.assert_refused(self.run_import(MXNET / "module"), USAGE, "--shape data=1,3,224,224")
        shutil.copy(MXNET / "module-symbol.json", self.folder / "alone-symbol.json")
        self.assert_refused(self.run_import(self.folder / "alone-symbol.json"), MODEL, "alone-0000.params")
        self.assertFalse(self.output.exists())

    def test_inspect_and_bench_import_it_once(self):
        words = ("--framework", "mxnet", "--shape", "data=1,3,31,30")
        first = halftone("inspect", MXNET / "module", *words, env=self.env)
        self.assert_code(OK, first)
        self.assertIn("units by type", first.out)
        kept = list((self.folder / "cache").glob("*.onnx"))
        self.assertEqual(len(kept), 1)
        before = kept[0].stat().st_mtime_ns
        again = halftone("bench", MXNET / "module", *words, "--rounds", 1, "--json", env=self.env)
        self.assert_code(OK, again)
        self.assertEqual([(path, path.stat().st_mtime_ns) for path in (self.folder / "cache").glob("*.onnx")],
                         [(kept[0], before)])

    def test_tune_imports_what_the_config_names(self):
        config = self.folder / "c.yaml"
        config.write_text(f"""
model: {{name: net, framework: mxnet, path: {MXNET}/module-symbol.json, input_shapes: {{data: [N, 3, 31, 30]}}}}
quantization:
  calibration: {{sampling_size: 4, dataloader: {{batch_size: 2, dataset: {{dummy: {{shape: [8, 3, 31, 30]}}}}}}}}
""")
        for ranks in (None, 2):
            folder = self.folder / f"out{ranks}"
            done = halftone("tune", config, "--workspace", folder, env=self.env, ranks=ranks)
            self.assert_code(OK, done)
            self.assertTrue((folder / "best.onnx").exists())
        self.assertEqual((self.folder / "outNone/best.onnx").read_bytes(), (self.folder / "out2/best.onnx").read_bytes())

    def test_without_a_framework_nothing_is_imported(self):
        done = halftone("inspect", MXNET / "module-symbol.json", env=self.env)
        self.assert_refused(done, MODEL, "module-symbol.json")
        self.assertFalse((self.folder / "cache").exists())


class Sources(Import):
    def test_a_pickle_is_refused_with_what_to_do(self):
        path = self.folder / "w.pth"
        path.write_bytes(b"\x80\x02}q\x00.")
        self.assert_refused(self.run_import(path), MODEL, "torch.export.export(", "torch.export.save(")

    def test_names_what_is_missing_and_how_to_install_it(self):
        (self.folder / "net.pb").write_bytes(b"x")
        self.assert_refused(self.run_import(self.folder / "net.pb"), USAGE, "setup.sh --with-tensorflow", "--python", "tried:")
        (self.folder / "p.pt2").write_bytes(b"PK\x03\x04 p/models/model.json")
        self.assert_refused(self.run_import(self.folder / "p.pt2"), USAGE, "torch 2.5 or later", "onnxscript")

    def test_refuses_what_it_does_not_know(self):
        (self.folder / "x.bin").write_bytes(b"what is this")
        self.assert_refused(self.run_import(self.folder / "x.bin"), MODEL, "no model of a format that is known")
        self.assert_refused(self.run_import(self.folder / "none"), MODEL, "no such model")
        self.assert_refused(self.run_import(self.folder), MODEL, "is a folder")
        self.assert_refused(self.run_import(MXNET / "module", "--framework", "pytorch"), USAGE, "model of mxnet")


class Converter(Import):
    def test_success_is_checked_labelled_and_leaves_a_log(self):
        done = self.run_import(*self.stand_in("OFFSET = 0.0\n" + SUCCESS), "--json")
        self.assert_code(OK, done)
        self.assertEqual(json.loads(done.out)["error"], 0.0)
        self.assertEqual(self.metadata()["halftone.import.versions"].split(", ")[1], "tensorflow 2.21.0")
        model = onnx.load(self.output).graph
        self.assertEqual([port.type.tensor_type.shape.dim[0].dim_param for port in (model.input[0], model.output[0])],
                         ["N", "N"])
        left = {path.name for path in (self.folder / "m.onnx.import").iterdir()}
        self.assertEqual(left, {"import.log"})
        self.assertIn("converting tf_graph", (self.folder / "m.onnx.import/import.log").read_text())

    def test_counted_names_of_dimensions_do_not_reach_the_file(self):
        self.assert_code(OK, self.run_import(*self.stand_in("OFFSET = 0.0\n" + SUCCESS)))
        first = self.output.read_bytes()
        self.assert_code(OK, self.run_import(*self.stand_in("OFFSET = 0.0\n" + SUCCESS, batches=("s77", "s12"))))
        self.assertEqual(self.output.read_bytes(), first)

    def test_counted_names_of_constants_do_not_reach_the_file(self):
        written = []
        for constants in (("relu/min__16", "const_fold_opt__86"), ("other/min__9", "up/max__35")):
            self.assert_code(OK, self.run_import(*self.stand_in("OFFSET = 0.0\n" + SUCCESS, constants=constants)))
            written.append(self.output.read_bytes())
        self.assertEqual(*written)
        self.assertEqual([each.name for each in onnx.load(self.output).graph.initializer], ["const1", "const2"])

    def test_a_convolution_with_a_folded_norm_has_its_name_of_tensorflow(self):
        constants = ("net/conv1/Conv2D/merged_input:0", "zero")
        self.assert_code(OK, self.run_import(*self.stand_in("OFFSET = 0.0\n" + SUCCESS, constants=constants, node="Conv__50")))
        self.assertEqual([node.name for node in onnx.load(self.output).graph.node], ["net/conv1/Conv2D", "add"])

    def test_other_numbers_are_refused(self):
        done = self.run_import(*self.stand_in("OFFSET = 0.01\n" + SUCCESS))
        self.assert_refused(done, MODEL, "does not compute what it computes in its framework", "1e-04")
        self.assertFalse(self.output.exists())

    def test_what_the_converter_says_is_passed_on_with_its_kind(self):
        said = ("import json, pathlib, sys\nfolder = pathlib.Path(json.loads(pathlib.Path(sys.argv[1]).read_text())['folder'])\n"
                "(folder / 'result.json').write_text(json.dumps({'error': 'no such layer', 'kind': KIND}))\nsys.exit(3)\n")
        for kind, code in (("usage", USAGE), ("model", MODEL)):
            done = self.run_import(*self.stand_in(said.replace("KIND", repr(kind))))
            self.assert_refused(done, code, "no such layer", "import.log")

    def test_a_crash_is_a_refusal(self):
        done = self.run_import(*self.stand_in("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"))
        self.assert_refused(done, MODEL, "signal 11", "of memory (--memory)", "import.log")

    def test_a_killed_import_leaves_no_model_and_no_process(self):
        # The stand-in holds this end of the pipe open, as long as it runs.
        mine, its = os.pipe()
        waits = f"import os, time\nos.write({its}, b'x')\ntime.sleep(300)\n"
        source, *words = self.stand_in(waits)
        running = subprocess.Popen(command("import", source, "--output", self.output, *words), env=self.env, pass_fds=[its],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(its)
        self.assertEqual(os.read(mine, 1), b"x")
        running.kill()
        running.wait(timeout=60)
        self.assertTrue(select.select([mine], [], [], 60)[0], "the conversion still runs")
        self.assertEqual(os.read(mine, 1), b"")
        os.close(mine)
        self.assertFalse(self.output.exists())
        self.assert_code(OK, self.run_import(*self.stand_in("OFFSET = 0\n" + SUCCESS)))
        self.assertEqual(os.listdir(f"{self.output}.import"), ["import.log"])

    def test_a_message_of_a_converter_moves_no_cursor(self):
        said = ("import json, pathlib, sys\nfolder = pathlib.Path(json.loads(pathlib.Path(sys.argv[1]).read_text())['folder'])\n"
                "(folder / 'result.json').write_text(json.dumps({'error': 'a\\x1b[2Jb\\rc', 'kind': 'model'}))\nsys.exit(3)\n")
        self.assert_refused(self.run_import(*self.stand_in(said)), MODEL, "a?[2Jb?c")

    def test_answers_that_are_no_answers_are_refused(self):
        write = "import json, pathlib, sys\nf = pathlib.Path(json.loads(pathlib.Path(sys.argv[1]).read_text())['folder'])\n"
        for text in ("(f / 'result.json').write_text('[1')", "(f / 'result.json').write_text('[]')",
                     "(f / 'model.onnx').write_text('x')\n(f / 'result.json').write_text('{\"inputs\": 3}')",
                     "(f / 'model.onnx').write_text('x')\n(f / 'result.json').write_text('{\"inputs\": [{\"name\": \"x\", "
                     "\"file\": \"../../etc/passwd\"}]}')"):
            with self.subTest(text=text):
                self.assert_refused(self.run_import(*self.stand_in(write + text)), MODEL)


if __name__ == "__main__":
    main()
