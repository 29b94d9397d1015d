// Runs of bytes between a whole tensor and its parts along an axis, block by block.
#include "kernel/native/lib/axis_parts.hpp"

#include <cstring>
#include <optional>

#include "kernel/codes/parallel.hpp"

namespace halftone::native {
namespace {

/// Calls copy(part, place in the part, place in the whole, bytes) for every run.
template <class Copy>
void for_each_run(const AxisParts& parts, Copy copy) {
    // The pieces for threads are counted in fp32 elements, whatever is copied.
    codes::in_rows(static_cast<std::size_t>(parts.blocks), parts.block_bytes / sizeof(float) + 1,
                   [&](std::size_t first, std::size_t last) {
                       for (std::size_t block = first; block < last; ++block) {
                           std::size_t place = block * parts.block_bytes;
                           for (std::size_t p = 0; p < parts.runs.size(); ++p) {
                               copy(p, block * parts.runs[p], place, parts.runs[p]);
                               place += parts.runs[p];
                           }
                       }
                   });
}

/// A single word is copied by itself: a call of memcpy takes longer than it does.
void copy_run(const std::byte* from, std::byte* to, std::size_t bytes) {
    if (bytes == sizeof(std::uint32_t))
        std::memcpy(to, from, sizeof(std::uint32_t));
    else
        std::memcpy(to, from, bytes);
}

}  // namespace

AxisParts axis_parts(const Layout& layout, std::size_t axis, const std::vector<std::int64_t>& lengths) {
    const Shape& shape = layout.type().shape;
    // In a dense layout everything inside the axis has smaller steps. An axis of size 1 may have any step, and the only
    // part that is not empty is the whole.
    const std::int64_t step = shape[axis] == 1 ? 1 : layout_steps(layout)[axis];
    const std::size_t element = size_of(layout.type().dtype);
    AxisParts parts;
    parts.blocks = shape.elements() / (shape[axis] * step);
    for (const std::int64_t length : lengths) {
        parts.runs.push_back(static_cast<std::size_t>(length) * static_cast<std::size_t>(step) * element);
        parts.block_bytes += parts.runs.back();
    }
    return parts;
}

void cut_parts(const AxisParts& parts, const std::byte* whole, std::span<std::byte* const> pieces) {
    for_each_run(parts, [&](std::size_t p, std::size_t in_part, std::size_t in_whole, std::size_t bytes) {
        copy_run(whole + in_whole, pieces[p] + in_part, bytes);
    });
}

void join_parts(const AxisParts& parts, std::span<const std::byte* const> pieces, std::byte* whole) {
    for_each_run(parts, [&](std::size_t p, std::size_t in_part, std::size_t in_whole, std::size_t bytes) {
        copy_run(pieces[p] + in_part, whole + in_whole, bytes);
    });
}

Support parts_are_bytes(const KernelRequest& request) {
    if (request.is_fused()) return Support::no("the op fuses nothing");
    const std::optional<QuantParams>& params = request.inputs[0].params;
    if (params && !params->is_per_tensor()) return Support::no("codes have one scale for each channel");
    const std::size_t size = size_of(request.inputs[0].type.dtype);
    if (size != 1 && size != 2 && size != 4 && size != 8) return Support::no("elements have another width");
    for (const auto* ports : {&request.inputs, &request.outputs}) {
        for (const OperandEncoding& port : *ports) {
            if (port.params != params) return Support::no("inputs and outputs need the same parameters");
            if (port.type.shape.elements() == 0) return Support::no("a tensor is empty");
        }
    }
    return Support::yes();
}

bool may_be_channels_last(DType dtype) { return dtype == DType::f32 || dtype == DType::u8 || dtype == DType::s8; }

Layout part_layout(const TensorType& type, bool is_channels_last) {
    return is_channels_last ? channels_last_layout(type) : Layout(type);
}

}  // namespace halftone::native
