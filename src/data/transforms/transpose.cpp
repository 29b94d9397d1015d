// Transpose: axis i of the output is axis perm[i] of the input; {perm: [2, 0, 1]} turns HWC into CHW.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

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
        if (is_reshape(input.shape())) {
            std::memcpy(output.mutable_view().data, input.view().data, output.bytes());
            return output;
        }
        // The output is written in order, and each element is fetched from where it lies in the input.
        const std::vector<std::size_t> strides = input_strides(input.shape());
        const std::size_t width = size_of(input.dtype());
        const std::byte* from = input.view().data;
        std::byte* to = output.mutable_view().data;
        const std::size_t rank = permutation_.size();
        std::vector<std::int64_t> index(rank, 0);
        for (std::size_t written = 0; written < output.bytes(); written += width) {
            std::size_t offset = 0;
            for (std::size_t i = 0; i < rank; ++i) offset += static_cast<std::size_t>(index[i]) * strides[i];
            std::memcpy(to + written, from + offset * width, width);
            // Counts the index up like a mileage counter: the last axis turns fastest.
            for (std::size_t i = rank; i-- > 0 && ++index[i] == output.shape()[i];) index[i] = 0;
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

    /// Elements between neighbours of the input along each axis of the output.
    [[nodiscard]] std::vector<std::size_t> input_strides(const Shape& input) const {
        std::vector<std::size_t> strides(permutation_.size(), 1);
        for (std::size_t i = 0; i < permutation_.size(); ++i) {
            for (std::size_t j = permutation_[i] + 1; j < input.rank(); ++j) {
                strides[i] *= static_cast<std::size_t>(input[j]);
            }
        }
        return strides;
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
