#include "graph/rewrites/lib/channels_last.hpp"

namespace halftone {

// ONNX Runtime's quantized pools may keep channels last (attribute channels_last), while ONNX's pools have them behind
// the batch. The pass cancel_transposes takes out pairs of Transposes that this leaves.
ValueId to_channels_first(Rewriter& rewriter, ValueId value, std::size_t rank) {
    std::vector<std::int64_t> order{0, static_cast<std::int64_t>(rank) - 1};
    for (std::size_t d = 1; d + 1 < rank; ++d) order.push_back(static_cast<std::int64_t>(d));
    return rewriter.add("Transpose", {value}, {{"perm", order}});
}

ValueId to_channels_last(Rewriter& rewriter, ValueId value, std::size_t rank) {
    std::vector<std::int64_t> order{0};
    for (std::size_t d = 2; d < rank; ++d) order.push_back(static_cast<std::int64_t>(d));
    order.push_back(1);
    return rewriter.add("Transpose", {value}, {{"perm", order}});
}

}  // namespace halftone
