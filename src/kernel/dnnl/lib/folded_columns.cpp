#include "kernel/dnnl/lib/folded_columns.hpp"

#include <algorithm>
#include <cstring>

#include "kernel/dnnl/lib/window.hpp"

namespace halftone::onednn {
namespace {

/// With more channels than this the kernels have enough of them.
constexpr std::int64_t kMostFoldedChannels = 7;

/// [O, C, .., K] becomes [O, s * C, .., K / s]: channel j * C + c of tap q is channel c of tap q * s + j.
Tensor fold_weights(const Tensor& weights, std::int64_t factor) {
    const Shape& shape = weights.shape();
    std::vector<std::int64_t> dims = shape.dims();
    dims[1] *= factor;
    dims.back() /= factor;
    Tensor folded({weights.dtype(), Shape(dims)});
    const std::size_t size = size_of(weights.dtype());
    const std::int64_t columns = shape.dims().back();
    const std::int64_t channels = shape[1];
    const std::int64_t inner = weights.elements() / (shape[0] * channels);  // the spatial taps of one channel
    const std::byte* from = weights.view().data;
    std::byte* const to = folded.mutable_view().data;
    for (std::int64_t i = 0; i < weights.elements(); ++i, from += size) {
        const std::int64_t column = i % columns;
        const std::int64_t line = i / columns % (inner / columns);
        const std::int64_t channel = i / inner % channels;
        const std::int64_t output = i / inner / channels;
        const std::int64_t place = (output * factor + column % factor) * channels + channel;
        const std::int64_t at = (place * (inner / columns) + line) * dims.back() + column / factor;
        std::memcpy(to + static_cast<std::size_t>(at) * size, from, size);
    }
    return folded;
}

/// Columns that become one; 1 where they stay as they are.
std::int64_t folded_columns(const KernelRequest& request) {
    const Shape& input = request.inputs[0].type.shape;
    const Shape& weights = request.weight.values.shape();
    if (input.rank() < 3 || weights.rank() != input.rank()) return 1;
    if (int_attribute(*request.node, "group", 1) != 1 || input[1] > kMostFoldedChannels) return 1;
    const PoolWindow window =
        window_of(request, dnnl::memory::dims(weights.dims().begin() + 2, weights.dims().end()), {});
    const std::int64_t stride = window.strides.back();
    const bool moves_by_blocks =
        stride > 1 && window.dilations.back() == 0 && window.pads_begin.back() == 0 && window.pads_end.back() <= 0;
    const bool has_whole_blocks = weights.dims().back() % stride == 0 && input.dims().back() % stride == 0;
    return moves_by_blocks && has_whole_blocks ? stride : 1;
}

}  // namespace

std::unique_ptr<FoldedColumns> fold_columns(const KernelRequest& request) {
    const std::int64_t factor = folded_columns(request);
    if (factor == 1) return nullptr;
    auto folded = std::make_unique<FoldedColumns>(request);
    std::vector<std::int64_t> dims = request.inputs[0].type.shape.dims();
    dims[1] *= factor;
    dims.back() /= factor;
    folded->request.inputs[0].type.shape = Shape(std::move(dims));
    folded->request.weight.values = fold_weights(request.weight.values, factor);
    const Shape& weights = folded->request.weight.values.shape();
    const std::vector<std::int64_t> kernel(weights.dims().begin() + 2, weights.dims().end());
    std::vector<std::int64_t> strides =
        ints_attribute(*request.node, "strides", std::vector<std::int64_t>(kernel.size(), 1));
    strides.back() = 1;
    folded->node.attributes["strides"] = std::move(strides);
    folded->node.attributes["kernel_shape"] = kernel;
    return folded;
}

}  // namespace halftone::onednn
