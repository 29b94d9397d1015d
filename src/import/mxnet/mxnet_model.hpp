#pragma once
// MXNet's models to Graph, without MXNet: symbol.json and .params are plain data.

#include <cstdint>
#include <string>
#include <string_view>

#include "graph/graph.hpp"
#include "graph/input_sizes.hpp"
#include "graph/op_library.hpp"
#include "import/mxnet/symbol.hpp"

namespace halftone {

/// The two files of a model.
struct MxnetFiles {
    std::string_view symbol;  ///< bytes of NAME-symbol.json
    std::string_view params;  ///< bytes of NAME-0000.params
    std::string symbol_name;  ///< for messages
    std::string params_name;
};

/// Whether the first dimension of the inputs stays open.
enum class MxnetBatch : std::uint8_t {
    open,
    as_given,  ///< the first number of each shape: for nets that merge the batch with another dimension
};

/// Returns the network as inference needs it: labels are gone, SoftmaxOutput is Softmax, types are inferred. Names of
/// nodes and weights are MXNet's. The batch is the first dimension of every input.
/// @param sizes  the shape of each input; its first number matters only for MxnetBatch::as_given. An input whose
///               variable carries its shape ("__shape__") needs none
/// @throws ModelError  for damaged files and operators or forms that are not known
/// @throws ConfigError  when the shape of an input is missing or is that of none
[[nodiscard]] Graph import_mxnet(const MxnetFiles& files, const InputSizes& sizes, const OpLibrary& ops,
                                 MxnetBatch batch = MxnetBatch::open);

}  // namespace halftone
