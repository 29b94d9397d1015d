// Who changes a layout: nobody where both are equal, a loop of our own between two dense orders of dimensions (plain
// and channels-last above all; oneDNN's reorder takes 3 to 5 times as long there), else oneDNN.
#include "kernel/ops/reorder.hpp"

#include <cstring>

#include "base/check.hpp"
#include "kernel/dnnl/lib/reorder.hpp"
#include "kernel/native/lib/permuted_copy.hpp"
#include "kernel/ops/loop_step.hpp"

namespace halftone {
namespace {

bool is_real_layout(const Layout& layout) {
    return layout.type().dtype == DType::f32 || layout.type().dtype == DType::bf16;
}

/// dense_layout() gives back what it is offered only if that is a dense order of the dimensions.
bool is_dense_order(const Layout& layout) { return dense_layout(layout.type(), {layout}, 0) == layout; }

bool is_moved_by_loops(const Layout& from, const Layout& to) {
    const TensorType& type = from.type();
    const std::size_t size = size_of(type.dtype);
    const bool is_word = size == 1 || size == 2 || size == 4 || size == 8;
    if (!(type == to.type()) || !is_word || type.shape.elements() == 0) return false;
    constexpr std::int64_t kFewChannels = 8;
    const bool has_few_channels = type.shape.rank() > 2 && type.shape[1] < kFewChannels;
    if (has_few_channels && type.dtype != DType::bf16) return false;
    return is_dense_order(from) && is_dense_order(to);
}

}  // namespace

std::unique_ptr<Primitive> build_reorder(const Layout& from, const Layout& to) {
    // Between fp32 and bf16 a reorder may round, because a bf16 step has bf16 buffers between fp32 neighbours.
    HALFTONE_CHECK(from.type() == to.type() ||
                       (from.type().shape == to.type().shape && is_real_layout(from) && is_real_layout(to)),
                   "a reorder keeps shape and type, but for f32 and bf16");
    // The executor asks for reorders without comparing first; the output may even be the same buffer.
    if (from == to) {
        const auto copy = [bytes = from.bytes()](auto inputs, auto outputs) {
            if (inputs[0] != outputs[0]) std::memcpy(outputs[0], inputs[0], bytes);
        };
        return std::make_unique<LoopStep>("copy", std::vector{from}, to, copy, 0);
    }
    if (!is_moved_by_loops(from, to)) return onednn::build_reorder(from, to);
    const Shape& shape = from.type().shape;
    const native::PermutedCopy permuted{native::strided_walk({{shape, layout_steps(from)}}, shape, layout_steps(to)),
                                        size_of(from.type().dtype)};
    const auto body = [permuted](auto inputs, auto outputs) { run_permuted_copy(permuted, inputs[0], outputs[0]); };
    return std::make_unique<LoopStep>("native_reorder", std::vector{from}, to, body);
}

}  // namespace halftone
