// Transpose: axis i of the output is axis perm[i] of the input; {perm: [2, 0, 1]} turns HWC into CHW.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <span>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

struct Axis {
    std::size_t size = 0;    ///< elements along the axis
    std::size_t stride = 1;  ///< elements between two neighbours along it in the input
};

/// Writes the output in order and fetches each element from where it lies in the input. T is any type as wide as the
/// elements. @pre `axes` are those of the output, and none of their sizes is 0
template <class T>
void copy_permuted(std::span<const Axis> axes, const std::byte* from, std::byte* to) {
    const std::span<const Axis> outer = axes.first(axes.size() - 1);
    const Axis inner = axes.back();
    std::vector<std::size_t> index(outer.size(), 0);
    bool is_done = false;
    while (!is_done) {
        std::size_t offset = 0;
        for (std::size_t i = 0; i < outer.size(); ++i) offset += index[i] * outer[i].stride;
        for (std::size_t i = 0; i < inner.size; ++i) {
            std::memcpy(to + i * sizeof(T), from + (offset + i * inner.stride) * sizeof(T), sizeof(T));
        }
        to += inner.size * sizeof(T);
        // Counts the index up like a mileage counter: the last axis turns fastest. When all have turned, it is done.
        std::size_t i = outer.size();
        while (i > 0 && ++index[i - 1] == outer[i - 1].size) index[--i] = 0;
        is_done = i == 0;
    }
}

class Transpose final : public InputTransform {
public:
    Transpose(Reader& reader, std::vector<std::size_t> permutation)
        : InputTransform(reader), permutation_(std::move(permutation)) {}

    TensorType output_type(const TensorType& input) const override {
        if (input.shape.rank() != permutation_.size()) {
            throw DataError(fmt::format("Transpose: perm [{}] does not fit the input {}", fmt::join(permutation_, ","),
                                        input.shape.to_text()));
        }
        TensorType output = input;
        for (std::size_t i = 0; i < permutation_.size(); ++i) output.shape[i] = input.shape[permutation_[i]];
        return output;
    }

    Tensor change(const Tensor& input) const override {
        Tensor output(output_type(input.type()));
        if (output.elements() == 0) return output;
        if (is_reshape(input.shape())) {
            std::memcpy(output.mutable_view().data, input.view().data, output.bytes());
            return output;
        }
        const std::vector<Axis> axes = merged_axes(input.shape());
        switch (size_of(input.dtype())) {
            case 1:
                copy_permuted<std::uint8_t>(axes, input.view().data, output.mutable_view().data);
                break;
            case 2:
                copy_permuted<std::uint16_t>(axes, input.view().data, output.mutable_view().data);
                break;
            case 4:
                copy_permuted<std::uint32_t>(axes, input.view().data, output.mutable_view().data);
                break;
            default:
                copy_permuted<std::uint64_t>(axes, input.view().data, output.mutable_view().data);
        }
        return output;
    }

private:
    /// Whether the memory stays as it is: only axes of size 1 move, as in a grey image.
    [[nodiscard]] bool is_reshape(const Shape& input) const {
        std::size_t previous = 0;
        for (const std::size_t axis : permutation_) {
            if (input[axis] == 1) continue;
            if (axis < previous) return false;
            previous = axis;
        }
        return true;
    }

    /// Returns the axes of the output. Axes that are neighbours in the same order on both sides become one: height and
    /// width of HWC to CHW are one axis of pixels. So the innermost loop is long, and it is all that a picture costs.
    [[nodiscard]] std::vector<Axis> merged_axes(const Shape& input) const {
        std::vector<Axis> axes;
        for (std::size_t i = 0; i < permutation_.size(); ++i) {
            Axis axis{.size = static_cast<std::size_t>(input[permutation_[i]])};
            for (std::size_t j = permutation_[i] + 1; j < input.rank(); ++j) {
                axis.stride *= static_cast<std::size_t>(input[j]);
            }
            if (i > 0 && permutation_[i] == permutation_[i - 1] + 1) {
                axis.size *= axes.back().size;
                axes.pop_back();
            }
            axes.push_back(axis);
        }
        return axes;
    }

    std::vector<std::size_t> permutation_;
};

}  // namespace

std::unique_ptr<Transform> make_transpose(const ConfigNode& node, Framework) {
    Reader reader(node);
    const std::vector<std::int64_t> given = reader.integers("perm", {});
    std::vector<std::size_t> permutation;
    std::vector<bool> is_seen(given.size(), false);
    for (const std::int64_t axis : given) {
        // Each axis once: anything else would drop or repeat pixels.
        const auto place = static_cast<std::size_t>(axis);
        if (axis < 0 || place >= given.size() || is_seen[place]) {
            reader.fail("perm", "must hold each axis from 0 on once");
        }
        is_seen[place] = true;
        permutation.push_back(place);
    }
    // NumPy would reverse the axes. For images that is never meant, so the axes must be given.
    if (permutation.empty()) reader.fail("perm", "must be given: a list of axes such as [2, 0, 1]");
    auto made = std::make_unique<Transpose>(reader, std::move(permutation));
    reader.finish();
    return made;
}

}  // namespace halftone
