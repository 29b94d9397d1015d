#pragma once
// Which Python converts a model: one that has the framework.

#include <string>

#include "import/source.hpp"

namespace halftone {

/// A Python that can convert, and the packages with which it would.
struct FoundPython {
    std::string path;
    /// Names and versions: "tensorflow 2.21.0, tf2onnx 1.17.0, onnx 1.23.2". They are read from what pip or the system
    /// noted at the installation; no package is imported for that.
    std::string versions;
};

/// Returns a Python in which the packages are that converting this kind needs. Without `python`, these are tried in
/// turn: the venv of scripts/setup.sh, the first python3 in PATH, and the system's. The venvs are sought in the folder
/// that the environment variable HALFTONE_DEPS_DIR names, else where this program was configured with them.
/// @param python  the user's choice (--python); empty: none
/// @throws ConfigError  naming what was tried, what is missing and the option of scripts/setup.sh that installs it
[[nodiscard]] FoundPython find_python(SourceKind kind, const std::string& python);

}  // namespace halftone
