#!/usr/bin/env python3
"""Shows that each lint can fail: runs the scripts of scripts/lint (argument 1) on small trees with one fault each."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

LINTS = pathlib.Path(sys.argv.pop(1)).resolve()
LAYERS = ("base 0\ntensor 1 base\ngraph 2 base tensor\nkernel 3 base tensor graph\n"
          "kernel/ops 0\nkernel/ref 1 kernel/ops\nkernel/dnnl 1 kernel/ops\n")
REGISTRY = ('#include "graph/passes/passes.hpp"\n#define HALFTONE_LIST "graph/passes/list.inc"\n'
            '#include "base/plugin_table.inc"\n')
ROOM = ("# A room\n\nThis room holds things. All use it, and `x.hpp` is its\ninterface. It must not do more.\n\n"
        "```\na --> b\n```\n")
GOOD = {
    "layers.txt": LAYERS,
    "src/base/text.hpp": "#pragma once\n#include <string_view>\n",
    "src/base/plugin_table.inc": "// The table of a list.\n",
    "src/tensor/shape.hpp": '#pragma once\n#include "base/text.hpp"\n',
    "src/graph/node.hpp": '#pragma once\n#include "tensor/shape.hpp"\n',
    "src/graph/passes/fold.cpp": '#include "graph/node.hpp"\n#include "graph/passes/lib/walk.hpp"\n',
    "src/graph/passes/lib/walk.hpp": "#pragma once\n",
    "src/graph/passes/lib/walk.cpp": '#include "graph/passes/lib/walk.hpp"\n',
    "src/graph/passes/passes.hpp": "#pragma once\n",
    "src/graph/passes/list.inc": '// The passes\nHALFTONE_PLUGIN("fold", fold)\n',
    "src/graph/passes/registry.cpp": REGISTRY,
    "src/kernel/find.cpp": '#include "kernel/ops/op.hpp"\n',
    "src/kernel/ops/op.hpp": "#pragma once\n",
    "src/kernel/ref/step.hpp": '#pragma once\n#include "kernel/ops/op.hpp"\n',
    "src/kernel/dnnl/engine.hpp": "#pragma once\n#include <unistd.h>\n\n#include <oneapi/dnnl/dnnl.hpp>\n",
    "src/kernel/dnnl/conv.cpp": '#include "kernel/dnnl/engine.hpp"\n\n#include <fmt/format.h>\n',
    "src/tensor/kinds/wide.cpp": "",
    "src/tensor/kinds/list.inc": 'HALFTONE_PLUGIN("Wide", wide)\n',
    "src/tensor/kinds/registry.cpp": '#define HALFTONE_PLUGIN(word, name)\n#include "list.inc"\n#undef HALFTONE_PLUGIN\n' * 2,
    "apps/tool/main.cpp": '#include "graph/node.hpp"\n#include "version.hpp"\n',
    "apps/tool/version.hpp.in": "#pragma once\n",
    "scripts/good.sh": "#!/usr/bin/env bash\necho fine\n",
    "scripts/good.py": "print('fine')\n",
    "README.md": "# Tool\nSee [the guide](docs/guide.md#how-to-use-it).\n```\nscripts/good.sh  # --loud\n```\n",
    "docs/guide.md": "# Guide\n## How to `use` it\nBack to [the top](#guide), the [README](../README.md), `scripts/good.sh`.\n",
    "src/graph/reader.hpp": "#pragma once\n[[nodiscard]] std::vector<int> read_model(std::string_view bytes);\n",
    "tests/fuzz/targets.txt": "src/graph/reader.hpp read_model model\n",
    "tests/fuzz/targets/model.cpp": "",
    "tests/fuzz/targets/list.inc": 'HALFTONE_PLUGIN("model", model)\n',
    "tests/fuzz/corpus/model/seed": "x",
    **{f"src/{room}/README.md": ROOM for room in ("base", "tensor", "graph", "kernel")},
    "program": "#!/bin/sh\n[ $# = 1 ] || [ $1 = tune ] || exit 2\necho ' --help --workspace DIR'\n",
}
GOOD = {path: f"// Why it is so.\n{text}" if path.endswith(".cpp") else text for path, text in GOOD.items()}


class LintCase(unittest.TestCase):
    """A lint passes the good tree, and names the fault after one file was changed or added."""

    def run_lint(self, name, changes, *more):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in {**GOOD, **changes}.items():
                target = root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if text is not None:
                    target.write_text(text)
                if path.endswith(".sh") or path == "program":
                    target.chmod(0o755 if path != "scripts/no_run_bit.sh" else 0o644)
            shutil.copy(LINTS.parent.parent / ".clang-format", root)
            script = LINTS / name
            command = [sys.executable, script, "--root", root] if name.endswith(".py") else [script, root]
            command += [root / argument if argument in ("layers.txt", "program") else argument for argument in more]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            return done.returncode, done.stdout

    def expect(self, name, changes, fault, *more):
        status, output = self.run_lint(name, {}, *more)
        self.assertEqual(status, 0, f"{name} refuses the good tree:\n{output}")
        status, output = self.run_lint(name, changes, *more)
        self.assertNotEqual(status, 0, f"{name} passes {changes}")
        self.assertIn(fault, output)


class Includes(LintCase):
    def expect_include(self, path, text, fault):
        self.expect("check_includes.py", {path: text}, fault, "--layers", "layers.txt")

    def test_an_upward_include(self):
        self.expect_include("src/tensor/up.cpp", '#include "graph/node.hpp"\n', "src/tensor/up.cpp:1: room tensor may not")

    def test_an_undeclared_neighbour(self):
        self.expect_include("layers.txt", LAYERS.replace("graph 2 base tensor", "graph 2 base"), "room graph may not include tensor")

    def test_a_layer_that_is_not_below(self):
        self.expect_include("layers.txt", LAYERS.replace("tensor 1", "tensor 2"), "which is not below it")

    def test_the_regexes_of_the_standard_library(self):
        self.expect_include("src/tensor/up.cpp", "#include <regex>\n", "src/tensor/up.cpp")

    def test_a_folder_that_is_no_room(self):
        self.expect_include("src/attic/old.cpp", "", "src/attic/old.cpp: its folder is not a room")

    def test_a_sub_room_that_includes_its_neighbour(self):
        self.expect_include("src/kernel/dnnl/bad.cpp", '#include "kernel/ref/step.hpp"\n',
                            "src/kernel/dnnl/bad.cpp:1: sub-room kernel/dnnl may not include kernel/ref")

    def test_a_sub_room_that_includes_its_rooms_own_files(self):
        self.expect("check_includes.py", {"src/kernel/find.hpp": "#pragma once\n",
                                          "src/kernel/ops/bad.cpp": '#include "kernel/find.hpp"\n'},
                    "sub-room kernel/ops may not include kernel (", "--layers", "layers.txt")

    def test_a_folder_of_a_divided_room_that_is_no_sub_room(self):
        self.expect_include("src/kernel/attic/old.cpp", "", "src/kernel/attic/old.cpp: its folder is not a sub-room of kernel")

    def test_folders_that_include_each_other(self):
        self.expect_include("src/graph/passes/lib/walk.cpp", '#include "graph/passes/passes.hpp"\n',
                            "folders include each other: src/graph/passes -> src/graph/passes/lib")

    def test_folders_that_include_each_other_through_a_third(self):
        self.expect("check_includes.py", {"src/graph/a/a.hpp": '#include "graph/b/b.hpp"\n',
                                          "src/graph/b/b.hpp": '#include "graph/c/c.hpp"\n',
                                          "src/graph/c/c.hpp": '#include "graph/a/a.hpp"\n'},
                    "src/graph/a -> src/graph/b", "--layers", "layers.txt")

    def test_a_third_party_header_outside_its_room(self):
        self.expect_include("src/graph/bad.cpp", "#include <yaml-cpp/yaml.h>\n", "belongs to src/config/")

    def test_a_third_party_header_in_quotes(self):
        self.expect_include("src/kernel/bad.cpp", '#include "oneapi/dnnl/dnnl.hpp"\n', "belongs to src/kernel/dnnl/")

    def test_a_third_party_header_seen_through_an_own_one(self):
        self.expect_include("src/kernel/op.cpp", '#include "kernel/dnnl/engine.hpp"\n', "through src/kernel/dnnl/engine.hpp")

    def test_an_unknown_third_party_header(self):
        self.expect_include("src/base/bad.cpp", "#include <boost/any.hpp>\n", "<boost/any.hpp> is not known")

    def test_an_include_that_is_not_room_and_file(self):
        self.expect_include("src/graph/bad.cpp", '#include "node.hpp"\n', "own headers are included as")

    def test_an_own_header_in_brackets(self):
        self.expect_include("src/graph/bad.cpp", "#include <graph/node.hpp>\n", 'write "graph/node.hpp"')


class Plugins(LintCase):
    def test_a_helper_in_a_plug_in_folder(self):
        self.expect("check_plugins.py", {"src/graph/passes/common_walk.cpp": ""}, "a helper belongs into another folder")

    def test_a_helpers_header_in_a_plug_in_folder(self):
        self.expect("check_plugins.py", {"src/graph/passes/walk.hpp": "#pragma once\n"}, "not the registry's header")

    def test_a_file_that_is_not_listed(self):
        self.expect("check_plugins.py", {"src/graph/passes/fuse.cpp": ""}, "fuse.cpp: not in list.inc")

    def test_a_name_without_a_file(self):
        self.expect("check_plugins.py", {"src/graph/passes/list.inc": 'HALFTONE_PLUGIN("fold", fold)\nHALFTONE_PLUGIN("fuse", fuse)\n'},
                    "there is no fuse.cpp")

    def test_a_name_listed_twice(self):
        self.expect("check_plugins.py", {"src/graph/passes/list.inc": 'HALFTONE_PLUGIN("fold", fold)\n' * 2}, "listed twice")

    def test_a_word_whose_name_has_no_file(self):
        self.expect("check_plugins.py", {"src/tensor/kinds/list.inc": 'HALFTONE_PLUGIN("Wide", tall)\n'}, "there is no tall.cpp")

    def test_a_line_of_another_form(self):
        self.expect("check_plugins.py", {"src/graph/passes/list.inc": 'HALFTONE_PLUGIN("fold", fold)\nfuse\n'}, "list.inc:2:")

    def test_a_registry_that_includes_the_list_once(self):
        self.expect("check_plugins.py", {"src/graph/passes/registry.cpp": '#include "graph/passes/list.inc"\n'}, "twice")

    def test_a_registry_that_makes_the_table_of_another_list(self):
        self.expect("check_plugins.py", {"src/graph/passes/registry.cpp": REGISTRY.replace("graph/passes/list", "tensor/kinds/list")},
                    "must give its list.inc")


class World(LintCase):
    def expect_word(self, text, fault):
        self.expect("check_world.py", {"src/graph/bad.cpp": "\n" + text}, f"src/graph/bad.cpp:2: {fault} is for src/base alone",
                    "--all-used")

    def test_a_file_system_outside_base(self):
        self.expect_word("bool f() { return std::filesystem::exists(\"x\"); }\n", "std::filesystem")

    def test_a_stream_of_a_file(self):
        self.expect_word("void f() { std::ofstream(\"x\") << 1; }\n", "a file stream")

    def test_a_call_of_the_system(self):
        self.expect_word("int f() { return ::open(\"x\", 0); }\n", "a file descriptor")

    def test_a_clock(self):
        self.expect_word("auto f() { return std::chrono::steady_clock::now(); }\n", "a clock")

    def test_a_variable_of_the_environment(self):
        self.expect_word("const char* f() { return std::getenv(\"X\"); }\n", "the environment")

    def test_the_terminal(self):
        self.expect_word("bool f() { return isatty(2); }\n", "the terminal")

    def test_base_comments_and_texts_may_say_it(self):
        allowed = {"src/base/clock.cpp": "auto f() { return std::chrono::steady_clock::now(); }\n",
                   "src/graph/good.cpp": "// std::filesystem\nauto text = \"isatty(2)\";\nvoid open();\nvoid g() { open(); }\n"}
        status, output = self.run_lint("check_world.py", allowed, "--all-used")
        self.assertEqual(status, 0, output)


class Fuzz(LintCase):
    def expect_header(self, text, fault):
        self.expect("check_fuzz.py", {"src/graph/other.hpp": "#pragma once\n" + text}, fault)

    def expect_line(self, line, fault):
        self.expect("check_fuzz.py", {"tests/fuzz/targets.txt": GOOD["tests/fuzz/targets.txt"] + line}, fault)

    def test_a_function_without_a_target(self):
        self.expect_header("Graph parse_graph(std::string_view text,\n                  int depth);\n",
                           "src/graph/other.hpp: parse_graph reads bytes")

    def test_a_static_member_without_a_target(self):
        self.expect_header("struct T {\n    [[nodiscard]] static T decode(std::span<const std::byte> b);\n};\n", "decode reads")

    def test_a_constructor_that_takes_a_path(self):
        self.expect_header("class File {\npublic:\n    explicit File(const std::string& path);\n};\n", "File reads bytes")

    def test_what_reads_no_bytes(self):
        text = ("#pragma once\nclass Named {\npublic:\n    explicit Named(const std::string& name);\n    int read(int first);\n};\n"
                "// read_comment(std::string_view x);\ninline int f() { return parse_graph(std::string_view(\"x\")); }\n"
                "void write_model(std::string_view bytes);\n")
        status, output = self.run_lint("check_fuzz.py", {"src/graph/other.hpp": text})
        self.assertEqual(status, 0, output)

    def test_a_line_of_a_function_that_is_gone(self):
        self.expect_line("src/graph/node.hpp read_node model\n", "src/graph/node.hpp declares no read_node")

    def test_a_line_without_a_reason(self):
        self.expect_line("src/graph/reader.hpp read_other -\n", "read_other has no target, and no reason")

    def test_a_target_without_a_program(self):
        self.expect("check_fuzz.py", {"tests/fuzz/targets/model.cpp": None}, "target model has no file")

    def test_a_target_that_is_not_in_the_list(self):
        self.expect("check_fuzz.py", {"tests/fuzz/targets/list.inc": ""}, "target model is missing")

    def test_a_target_without_a_corpus(self):
        self.expect("check_fuzz.py", {"tests/fuzz/corpus/model/seed": None}, "target model has no corpus")

    def test_a_target_that_no_line_names(self):
        self.expect("check_fuzz.py", {"tests/fuzz/targets/extra.cpp": ""}, "extra.cpp: tests/fuzz/targets.txt names no function")


class Types(LintCase):
    """`struct Node` of room graph has a twin somewhere else."""

    NODE = {"src/graph/node.hpp": "#pragma once\nnamespace a {\nstruct Node {\n    int id;\n};\n}  // namespace a\n"}

    def expect_clash(self, text, path="src/kernel/find.cpp", line=2):
        fault = f"{path}:{line}: a::Node is also defined in src/graph/node.hpp:3;"
        self.expect("check_types.py", {**self.NODE, path: text}, fault)

    def expect_none(self, text, path="src/kernel/find.cpp"):
        status, output = self.run_lint("check_types.py", {**self.NODE, path: text})
        self.assertEqual(status, 0, output)

    def test_a_type_of_the_same_name_in_another_room(self):
        self.expect_clash("namespace a {\nclass Node final : public Base<int> {\n};\n}  // namespace a\n")

    def test_a_template_an_enum_and_a_union(self):
        for head in ("template <class T>\nstruct Node", "enum class Node : char", "union Node", "struct alignas(64) Node"):
            with self.subTest(head=head):
                self.expect_clash(f"namespace a {{\n{head} {{\n}};\n}}\n")

    def test_an_anonymous_namespace_in_a_header(self):
        self.expect_clash("#pragma once\nnamespace a {\nnamespace {\nstruct Node {\n};\n}\n}\n", "src/kernel/ops/op.hpp", 4)

    def test_a_helper_of_the_tests(self):
        self.expect_clash("namespace a {\nstruct Node {\n};\n}\n", "tests/support/node.hpp")

    def test_names_that_the_linker_tells_apart(self):
        self.expect_none("namespace a {\nnamespace {\nstruct Node {\n};\n}\n}\n")
        self.expect_none("namespace a::b {\nstruct Node {\n};\n}\n")
        self.expect_none("namespace a {\nstruct Graph {\n    struct Node {\n        int i;\n    };\n};\n}\n")
        self.expect_none("namespace a {\nstruct Node;\nstruct Graph;\nstruct Graph::Node {\n};\n}\n")
        self.expect_none("namespace a {\nvoid f(struct Node node) {\n    struct Node {\n    };\n}\n}\n")
        self.expect_none("namespace a {\ntemplate <>\nstruct Node<int> {\n};\n}\n")


class Docs(LintCase):
    def expect_doc(self, text, fault, *more):
        self.expect("check_docs.py", {"docs/guide.md": GOOD["docs/guide.md"] + text}, fault, *more)

    def test_a_link_to_nothing(self):
        self.expect_doc("[x](other.md)\n", "docs/guide.md:4: the link other.md leads nowhere")

    def test_a_link_out_of_the_checkout(self):
        self.expect_doc("[x](../../)\n", "the link ../../ leads nowhere")

    def test_an_anchor_without_a_heading(self):
        self.expect_doc("[x](../README.md#use)\n", "README.md has no heading #use")

    def test_a_heading_in_a_code_block_is_no_anchor(self):
        self.expect_doc("```\n# Not a heading\n```\n[x](#not-a-heading)\n", "guide.md has no heading #not-a-heading")

    def test_a_path_that_is_not_there(self):
        self.expect_doc("Read `src/graph/gone.hpp`.\n", "docs/guide.md:4: there is no src/graph/gone.hpp")

    def test_a_path_within_a_room_that_is_not_there(self):
        self.expect_doc("As `graph/node` and `graph/node.hpp`, not `graph/edge`.\n", "docs/guide.md:4: there is no graph/edge")

    def test_a_path_in_a_code_block_that_is_not_there(self):
        self.expect_doc("```\nscripts/gone.sh\n```\n", "docs/guide.md:5: there is no scripts/gone.sh")

    def test_an_option_that_a_script_does_not_have(self):
        self.expect_doc("`scripts/good.sh --loud`\n", "scripts/good.sh has no option --loud")

    def test_an_option_that_the_program_does_not_have(self):
        self.expect_doc("```\nmpirun -n 3 halftone tune x.yaml \\\n  --workspace w --fast\n```\n",
                        "halftone tune has no option --fast", "--program", "program")

    def test_a_command_that_the_program_does_not_have(self):
        self.expect_doc("`halftone dance x.onnx`\n", "there is no command 'halftone dance'", "--program", "program")

    def test_a_code_block_that_is_not_closed(self):
        self.expect_doc("```\nls```\n", "docs/guide.md:5: ``` must begin a line of its own")

    def test_a_long_readme(self):
        self.expect("check_docs.py", {"README.md": "x\n" * 151}, "151 lines, at most 150")

    def test_a_room_without_a_readme(self):
        self.expect("check_docs.py", {"src/attic/old.hpp": "#pragma once\n"}, "attic: a room needs a README.md")

    def test_a_readme_of_a_room_that_opens_with_too_much(self):
        self.expect("check_docs.py", {"src/graph/README.md": ROOM.replace("This", "It is old. This")}, "opens with 4 sentences")

    def test_a_readme_of_a_room_without_a_picture(self):
        self.expect("check_docs.py", {"src/graph/README.md": ROOM.split("```")[0] + "More.\n"}, "no picture")


class Others(LintCase):
    def test_a_long_file(self):
        self.expect("check_length.py", {"src/base/long.cpp": "\n" * 501}, "501 lines")

    def test_a_long_function(self):
        body = "    f();\n" * 59
        self.expect("check_functions.py", {"src/base/long.cpp": f"namespace a {{\nvoid g() {{\n{body}}}\n}}  // namespace a\n"},
                    "long.cpp:2: g has 61 lines")

    def test_a_long_test_case(self):
        self.expect("check_functions.py", {"tests/long.cpp": "TEST(Suite, Name) {\n" + "    f();\n" * 60 + "}\n"},
                    "TEST(Suite, Name) has 62 lines")

    def test_a_long_member_behind_an_initializer_list(self):
        text = "struct S {\n    S() : a_{1}, b_(2) {\n" + "        f();\n" * 60 + "    }\n    int a_, b_;\n};\n"
        self.expect("check_functions.py", {"src/base/long.cpp": text}, "long.cpp:2: S has 62 lines")

    def test_a_long_python_function(self):
        self.expect("check_functions.py", {"scripts/long.py": "def f():\n" + "    pass\n" * 60}, "f has 61 lines")

    def test_long_values_and_classes_are_no_functions(self):
        table = "constexpr int kTable[] = {\n" + "    1,\n" * 70 + "};\nclass C {\n" + "    int f() { return 1; }\n" * 70 + "};\n"
        status, output = self.run_lint("check_functions.py", {"src/base/long.cpp": table})
        self.assertEqual(status, 0, output)

    def test_a_brace_without_its_twin(self):
        self.expect("check_functions.py", {"src/base/bad.cpp": "void f() {\n"}, "never closed")

    def test_a_room_without_comments(self):
        self.expect("check_comments.py", {"src/base/bare.cpp": "int f();\n" * 50}, "src/base: 0 of 50 lines")

    def test_marks_that_are_no_comments(self):
        text = "}  // namespace\n" * 20 + 'const char* url = "http://x";\n' * 20
        self.expect("check_comments.py", {"src/base/bare.cpp": text}, "src/base: 0 of 40 lines")

    def test_a_long_file_without_a_map(self):
        self.expect("check_comments.py", {"src/base/long.cpp": "int f();  // why\n" * 201}, "its map needs at least 5")

    def test_a_map_that_names_nothing(self):
        text = "// words\n" * 5 + "\nvoid first() {}\nvoid second() {}\n" + "int f();  // why\n" * 201
        self.expect("check_comments.py", {"src/base/long.cpp": text}, "names none")

    def test_a_map_that_names_functions(self):
        text = "// first, then second\n" * 5 + "\nvoid first() {}\nvoid second() {}\n" + "int f();  // why\n" * 201
        status, output = self.run_lint("check_comments.py", {"src/base/long.cpp": text})
        self.assertEqual(status, 0, output)

    def test_a_file_with_another_format(self):
        self.expect("check_format.sh", {"src/base/bad.cpp": "int  f( );\n"}, "bad.cpp")

    def test_a_shell_script_with_a_fault(self):
        self.expect("check_scripts.sh", {"scripts/bad.sh": "#!/bin/bash\nrm -r $1\n"}, "SC2086")

    def test_a_slurm_script_with_a_fault(self):
        self.expect("check_scripts.sh", {"slurm/bad.sbatch": "#!/bin/bash\ncd $1\n"}, "SC2086")

    def test_a_script_without_its_run_bit(self):
        self.expect("check_scripts.sh", {"scripts/no_run_bit.sh": "#!/bin/bash\n"}, "no run bit")

    def test_a_python_script_that_does_not_parse(self):
        self.expect("check_scripts.sh", {"scripts/bad.py": "def f(:\n"}, "SyntaxError")


if __name__ == "__main__":
    unittest.main()
