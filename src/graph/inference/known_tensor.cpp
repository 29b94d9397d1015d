#include "graph/inference/known_tensor.hpp"

#include <algorithm>
#include <limits>

#include "base/saturate.hpp"

namespace halftone {
namespace {

// What is computed from shapes has a few elements; 4096 leaves room for a whole table of them.
constexpr std::int64_t kMaxKnownElements = 4096;

/// Integers of any width; nothing for other element types.
std::optional<std::vector<std::int64_t>> integers_of(const Tensor& tensor) {
    std::vector<std::int64_t> values;
    if (tensor.dtype() == DType::s64) {
        const auto elements = tensor.as<std::int64_t>();
        values.assign(elements.begin(), elements.end());
    } else if (tensor.dtype() == DType::s32) {
        const auto elements = tensor.as<std::int32_t>();
        values.assign(elements.begin(), elements.end());
    } else {
        return std::nullopt;
    }
    return values;
}

/// What is known of one element: a number where it is equal at all probes, the batch where it equals each probe.
PartialInt known_element(const std::vector<std::vector<std::int64_t>>& at_probe, std::size_t element) {
    bool is_number = true;
    bool is_batch = true;
    for (std::size_t p = 0; p < kProbeBatches.size(); ++p) {
        is_number = is_number && at_probe[p][element] == at_probe[0][element];
        is_batch = is_batch && at_probe[p][element] == kProbeBatches[p];
    }
    if (is_number) return {PartialInt::Kind::number, at_probe[0][element]};
    return {is_batch ? PartialInt::Kind::batch : PartialInt::Kind::unknown, 0};
}

}  // namespace

bool may_be_known(const TensorType& type) {
    if (!type.shape.is_static()) return false;
    std::int64_t elements = 1;
    for (const std::int64_t dim : type.shape.dims()) {
        if (dim > kMaxKnownElements || (elements *= dim) > kMaxKnownElements) return false;
    }
    return true;
}

std::optional<KnownTensor> known_of(std::vector<Tensor> at_probe) {
    const auto same_type = [&](const Tensor& tensor) { return tensor.type() == at_probe[0].type(); };
    if (!std::all_of(at_probe.begin(), at_probe.end(), same_type)) return std::nullopt;
    const auto same = [&](const Tensor& tensor) { return has_same_bytes(tensor, at_probe[0]); };
    if (std::all_of(at_probe.begin(), at_probe.end(), same)) return KnownTensor{{at_probe[0]}, {}};

    // Values differ between batches but not in shape: each element is looked at by itself.
    KnownTensor known{std::move(at_probe), {}};
    std::vector<std::vector<std::int64_t>> integers;
    for (const Tensor& tensor : known.at_probe) {
        if (auto values = integers_of(tensor)) integers.push_back(std::move(*values));
    }
    if (integers.empty()) return known;
    for (std::size_t i = 0; i < integers[0].size(); ++i) known.partial.push_back(known_element(integers, i));
    return known;
}

Tensor value_of_type(const Node& node, const Shape& input, const TensorType& output, std::int64_t batch) {
    std::vector<std::int64_t> dims = input.dims();
    std::replace(dims.begin(), dims.end(), kSymbolic, batch);
    if (node.op == "Size") {
        std::int64_t count = 1;
        for (const std::int64_t dim : dims) count = saturating_product(count, dim);
        // Several open dimensions, each as large as the probe, may go beyond 64 bits.
        return count == std::numeric_limits<std::int64_t>::max() ? Tensor() : Tensor::scalar(count);
    }
    const auto rank = static_cast<std::int64_t>(dims.size());
    const std::int64_t start = int_attribute(node, "start", 0);
    const std::int64_t first = std::clamp<std::int64_t>(start < 0 ? start + rank : start, 0, rank);
    // `start` is new in opset 15. The end needs no look: the shape rule has computed how many dimensions remain.
    dims.erase(dims.begin(), dims.begin() + first);
    dims.resize(static_cast<std::size_t>(output.shape[0]));
    return Tensor::of<std::int64_t>(output.shape, dims);
}

}  // namespace halftone
