#pragma once
// A model as it lies on disk. No ONNX file can be larger than 2 GiB, so a larger model has its weights in a second file
// beside it (external data), which every reader of ONNX knows.

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "graph/graph.hpp"
#include "graph/onnx/external_data.hpp"

namespace halftone {

struct OnnxFiles {
    /// Readers map tensors into memory where they begin at a page.
    static constexpr std::uint64_t kAlignment = 4096;

    std::string message{};         ///< the model's file
    std::string data_name{};       ///< of the second file, which the message names; empty: there is none
    std::vector<Tensor> data{};    ///< what the second file holds, each tensor from the next page on
    std::uint64_t data_bytes = 0;  ///< of the second file: up to the page behind the last tensor

    [[nodiscard]] std::uint64_t bytes() const { return message.size() + data_bytes; }
    /// Puts a tensor behind the others. Returns where it begins.
    std::uint64_t add(const Tensor& tensor);
};

/// The files of a graph, with the forms of export_onnx(). Equal graphs give equal files.
/// @param stem  the second file is called STEM-HASH.data, by the hash of all constants
/// @param most  bytes of a message; tests give a smaller limit
/// @throws ModelError when what is left in the message is still larger
[[nodiscard]] OnnxFiles export_onnx_files(const Graph& graph, const std::string& stem,
                                          std::uint64_t most = kMostMessageBytes);

/// Writes the files of a graph, the weights first, so that `path` is whole at any time; then removes data files that an
/// earlier model of this path has left. Returns the bytes of both.
/// @throws ModelError; IoError, also when a mapped file of the weights was changed since it was read
std::uint64_t write_onnx(FileSystem& files, const std::string& path, const Graph& graph,
                         std::uint64_t most = kMostMessageBytes);

}  // namespace halftone
