#pragma once
// Private to this room: a conversion in another process. scripts/import/convert.py describes the files between both.

#include <map>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "import/source.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

struct ConversionRequest {
    ImportSource source;
    std::vector<std::string> inputs, outputs;                 ///< empty: the converter finds them
    std::map<std::string, std::vector<std::int64_t>> shapes;  ///< by input, -1 for what is not given
    std::string python;
    std::string folder;  ///< for the log and for files on the way; it exists
    /// The run in the framework has the batch that `shapes` gives, or 1, and not one of the script's own.
    bool has_fixed_batch = false;
};

/// An input or output of a run in the framework.
struct FrameworkArray {
    std::string name;
    Tensor values;
};

/// What the framework's process said.
struct Conversion {
    std::string onnx;                             ///< bytes; empty for MXNet, which is read here
    std::vector<FrameworkArray> inputs, outputs;  ///< of a run in the framework
    std::map<std::string, std::string> versions;
    double tolerance = 0.0;  ///< of outputs, as a part of the largest one
    std::vector<std::string> notes;
};

/// Runs the converter and reads what it wrote. Its log stays in folder/import.log; all other files are removed. What it
/// wrote is not trusted, because it ran code of the model.
/// @throws ConfigError, ModelError  what the converter says is wrong, a crash, or the end of the time limit
[[nodiscard]] Conversion run_conversion(FileSystem& files, const ConversionRequest& request);

}  // namespace halftone
