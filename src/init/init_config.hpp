#pragma once
// A first config for a model and its data, written by looking at both. The door of this room.

#include <functional>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/shared_bytes.hpp"

namespace halftone {

/// What a user gives to `init`.
struct InitRequest {
    std::string model_path;               ///< as it is to stand in the config
    SharedBytes model_bytes{};            ///< of the file
    std::string data;                     ///< folder or file; empty: none was given
    std::string command;                  ///< the command line, for the first comment
    std::vector<std::string> strategies;  ///< of this build
    std::string isa;                      ///< instruction set of this machine, as cluster.isa names it
    /// Tries the config that was written and returns a sentence about the fp32 model's accuracy by it; empty where
    /// nothing is worth saying. It is asked only where there are data. Empty: nothing is tried.
    std::function<std::string(const std::string& yaml)> try_out = {};
};

/// Returns the text of a config with comments: what was found, what was assumed, and why.
/// @throws ModelError for bytes that are no ONNX model
/// @throws DataError  when nothing in the data is understood; the message lists what would be
[[nodiscard]] std::string init_config(const InitRequest& request, const FileSystem& files);

/// Returns the strategy that a new config names: auto where this build has it, else sensitivity. This is the only place
/// that decides so.
[[nodiscard]] std::string first_strategy(const std::vector<std::string>& strategies);

}  // namespace halftone
