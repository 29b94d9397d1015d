#include "import/python.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/run_program.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

// Looks for packages without importing them: TensorFlow takes ten seconds for that. A name that begins with ? is that
// of a package that may be missing. The distribution of a package may have another name (tensorflow is in
// tensorflow_cpu), so those that install it are asked, too. A package that pip knows nothing of has the size and the
// time of its file.
constexpr const char* kProbe = R"(
import importlib.util, os, sys
try:
    from importlib import metadata
except ImportError:  # before Python 3.8
    metadata = None

def version(name):
    try:
        return metadata.version(name)
    except Exception:
        pass
    try:
        for found in metadata.distributions():
            if name in (found.read_text('top_level.txt') or '').split():
                return found.version
    except Exception:
        pass
    try:
        found = os.stat(importlib.util.find_spec(name).origin)
        return 'of %d bytes, %d' % (found.st_size, found.st_mtime)
    except Exception:
        return 'unknown'

needed = [name for name in sys.argv[1:] if not name.startswith('?')]
wanted = [name[1:] for name in sys.argv[1:] if name.startswith('?')]
missing = [name for name in needed if importlib.util.find_spec(name) is None]
if missing:
    print(', '.join(missing))
    sys.exit(9)
there = needed + [name for name in wanted if importlib.util.find_spec(name) is not None]
print(', '.join(name + ' ' + version(name) for name in there))
)";
// A Python on a network drive may need many seconds for its first start.
constexpr std::chrono::seconds kProbeLimit{60};
constexpr std::size_t kMostProbeOutput = 4096;

/// What a Python must have to convert a kind of source.
struct Needs {
    std::vector<std::string> packages;
    std::string how;                   ///< to come to them
    std::vector<std::string> helpers;  ///< packages that take part in a conversion where they are installed
};

Needs needs_of(SourceKind kind) {
    switch (kind) {
        case SourceKind::torch_program:
            return {
                {"torch", "onnxscript"},
                "a .pt2 file is converted by torch 2.5 or later with onnxscript: name the Python in which the model "
                "was made with --python",
                {"onnx"}};
        case SourceKind::torch_script:
            return {
                {"torch", "numpy"}, "scripts/setup.sh --with-torch installs Debian's, or name one with --python", {}};
        case SourceKind::mxnet:
            return {
                {"mxnet"}, "scripts/setup.sh --with-mxnet installs it, or name a Python that has it with --python", {}};
        default:
            return {{"tensorflow", "tf2onnx"},
                    "scripts/setup.sh --with-tensorflow installs them, or name a Python that has them with --python",
                    {"onnx", "keras"}};
    }
}

/// What a Python said of the packages: one of both texts is empty.
struct ProbeAnswer {
    std::string fault;  ///< why it cannot convert
    std::string versions;
};

ProbeAnswer ask_python(const std::string& python, const Needs& needs) {
    std::vector<std::string> command{python, "-c", kProbe};
    command.insert(command.end(), needs.packages.begin(), needs.packages.end());
    for (const std::string& helper : needs.helpers) command.push_back("?" + helper);
    try {
        const ProgramResult done = run_program(command, "", kProbeLimit, kMostProbeOutput);
        const std::string said(trim(done.out));
        if (done.exit_code == 0) return {.fault = "", .versions = said};
        // 9 is the answer of the probe; every other code comes from a program that is no Python, or a broken one.
        if (done.exit_code == 9) return {.fault = "it lacks " + said, .versions = ""};
        return {.fault = "it is no Python 3 that works", .versions = ""};
    } catch (const IoError&) {
        return {.fault = "it cannot be started", .versions = ""};
    }
}

}  // namespace

FoundPython find_python(SourceKind kind, const std::string& python) {
    const Needs needs = needs_of(kind);
    std::vector<std::string> candidates{python};
    if (python.empty()) {
        // The venv comes first: its versions are the ones that are tested.
        const std::string deps = environment("HALFTONE_DEPS_DIR").value_or(HALFTONE_DEPS_DIR);
        const std::string venv = deps + "/" + std::string(framework_of(kind)) + "/bin/python3";
        candidates = {venv, "python3", "/usr/bin/python3"};
    }
    std::vector<std::string> tried;
    for (const std::string& candidate : candidates) {
        const ProbeAnswer answer = ask_python(candidate, needs);
        if (answer.fault.empty()) return {candidate, answer.versions};
        tried.push_back(candidate + ": " + answer.fault);
    }
    throw ConfigError(fmt::format("no Python with {} was found; {}\n       tried: {}", join(needs.packages, " and "),
                                  needs.how, join(tried, "\n              ")));
}

}  // namespace halftone
