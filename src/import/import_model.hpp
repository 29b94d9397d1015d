#pragma once
// A model of a framework as an ONNX file: recognized, converted, checked, and labelled with where it comes from.

#include <optional>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "graph/input_sizes.hpp"

namespace halftone {

struct ImportOptions {
    std::string source;                        ///< the path that the user gave
    std::string framework;                     ///< "tensorflow", "pytorch" or "mxnet"; empty: whatever the source is
    std::vector<std::string> inputs, outputs;  ///< of a frozen graph; empty: they are guessed
    InputSizes sizes;
    std::string python;  ///< that has the framework; empty: the first one that is found
    std::string folder;  ///< for the log; it is made
};

struct ImportedModel {
    std::string onnx;       ///< bytes of the file
    std::string framework;  ///< that wrote the source
    std::string versions;  ///< of the converter: "tensorflow 2.21.0, tf2onnx 1.17.0"; "halftone 0.1.0" of MXNet's files
    /// The largest difference between the framework's outputs and ours on random inputs, as a part of the largest
    /// output. Nothing where no framework was there to ask, which only MXNet's files allow.
    std::optional<double> error;
    std::vector<std::string> notes;  ///< what a user should know of the conversion
};

/// Imports a model. Its batch is open and called N wherever the framework leaves it open. The same files, options and
/// versions give the same bytes. The file's metadata says the source's name and hash, the versions and the error.
/// @throws ConfigError  no Python with the framework, a shape that is missing, another framework than asked for
/// @throws ModelError   what cannot be read or converted, or computes something else than in its framework
[[nodiscard]] ImportedModel import_model(FileSystem& files, const ImportOptions& options);

}  // namespace halftone
