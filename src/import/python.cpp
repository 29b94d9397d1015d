#include "import/python.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/run_program.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

// Looks for packages without importing them: TensorFlow takes ten seconds for that.
constexpr const char* kProbe =
    "import importlib.util, sys\n"
    "missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]\n"
    "print(', '.join(missing))\n"
    "sys.exit(9 if missing else 0)\n";
// A Python on a network drive may need many seconds for its first start.
constexpr std::chrono::seconds kProbeLimit{60};
constexpr std::size_t kMostProbeOutput = 4096;

/// What a Python must have to convert a kind of source.
struct Needs {
    std::vector<std::string> packages;
    std::string how;  ///< to come to them
};

Needs needs_of(SourceKind kind) {
    switch (kind) {
        case SourceKind::torch_program:
            return {
                {"torch", "onnxscript"},
                "a .pt2 file is converted by torch 2.5 or later with onnxscript: name the Python in which the model "
                "was made with --python"};
        case SourceKind::torch_script:
            return {{"torch", "numpy"}, "scripts/setup.sh --with-torch installs Debian's, or name one with --python"};
        case SourceKind::mxnet:
            return {{"mxnet"}, "scripts/setup.sh --with-mxnet installs it, or name a Python that has it with --python"};
        default:
            return {{"tensorflow", "tf2onnx"},
                    "scripts/setup.sh --with-tensorflow installs them, or name a Python that has them with --python"};
    }
}

/// Returns what is missing in this Python; empty if nothing is.
std::string missing_in(const std::string& python, const Needs& needs) {
    std::vector<std::string> command{python, "-c", kProbe};
    command.insert(command.end(), needs.packages.begin(), needs.packages.end());
    try {
        const ProgramResult done = run_program(command, "", kProbeLimit, kMostProbeOutput);
        if (done.exit_code == 0) return "";
        // 9 is the answer of the probe; every other code comes from a program that is no Python, or a broken one.
        if (done.exit_code == 9) return "it lacks " + std::string(trim(done.out));
        return "it is no Python 3 that works";
    } catch (const IoError&) {
        return "it cannot be started";
    }
}

}  // namespace

std::string find_python(SourceKind kind, const std::string& python) {
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
        const std::string fault = missing_in(candidate, needs);
        if (fault.empty()) return candidate;
        tried.push_back(candidate + ": " + fault);
    }
    throw ConfigError(fmt::format("no Python with {} was found; {}\n       tried: {}", join(needs.packages, " and "),
                                  needs.how, join(tried, "\n              ")));
}

}  // namespace halftone
