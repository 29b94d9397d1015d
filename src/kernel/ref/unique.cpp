// The different elements of a tensor, or the different slices along an axis; with `sorted` (the default) in rising
// order, else in the order in which they first occur. Further outputs: where each of them occurs first, which of them
// each element is, and how often it occurs. How many they are is data, so the input must be known. Source: ONNX
// operator Unique, opset 11; NaNs are equal and come last, as in NumPy.
#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

/// The slices of a tensor along an axis: slice s has outer * inner elements.
struct UniqueSlices {
    std::int64_t outer = 1, count = 1, inner = 1;
    [[nodiscard]] std::int64_t place(std::int64_t slice, std::int64_t element) const {
        return (element / inner * count + slice) * inner + element % inner;
    }
};

/// What was found: by group, in the order of the output.
struct UniqueGroups {
    std::vector<std::int64_t> first;    ///< the first slice of each group
    std::vector<std::int64_t> group;    ///< by slice: its group
    std::vector<std::int64_t> members;  ///< how many slices a group has
};

template <class T>
int compare_numbers(T a, T b) {
    if (a < b) return -1;
    if (b < a) return 1;
    return static_cast<int>(a != a) - static_cast<int>(b != b);  // a NaN is larger than all numbers
}

UniqueSlices unique_slices(const OpContext& op, const Shape& shape) {
    if (!op.node.attributes.contains("axis")) return {.count = shape.elements()};
    const std::size_t axis = normal_axis(op, int_attribute(op.node, "axis", 0), shape.rank());
    UniqueSlices slices{.count = shape[axis]};
    for (std::size_t d = 0; d < axis; ++d) slices.outer *= shape[d];
    for (std::size_t d = axis + 1; d < shape.rank(); ++d) slices.inner *= shape[d];
    return slices;
}

template <class T>
UniqueGroups unique_groups(const UniqueSlices& slices, const T* x, bool is_sorted) {
    const auto compare = [&](std::int64_t a, std::int64_t b) {
        for (std::int64_t i = 0; i < slices.outer * slices.inner; ++i) {
            const int order = compare_numbers(x[slices.place(a, i)], x[slices.place(b, i)]);
            if (order != 0) return order;
        }
        return 0;
    };
    std::vector<std::int64_t> order(static_cast<std::size_t>(slices.count));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return compare(a, b) < 0; });
    UniqueGroups found;
    found.group.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        // Equal slices are neighbours now, and the sort kept their order: the first of them occurs first.
        if (i == 0 || compare(order[i - 1], order[i]) != 0) {
            found.first.push_back(order[i]);
            found.members.push_back(0);
        }
        found.group[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(found.first.size()) - 1;
        ++found.members.back();
    }
    if (is_sorted) return found;
    std::vector<std::int64_t> by_occurrence(found.first.size());
    std::iota(by_occurrence.begin(), by_occurrence.end(), 0);
    const auto occurs_before = [&](std::int64_t a, std::int64_t b) {
        return found.first[static_cast<std::size_t>(a)] < found.first[static_cast<std::size_t>(b)];
    };
    std::sort(by_occurrence.begin(), by_occurrence.end(), occurs_before);
    // Groups get new numbers in the order of their first slices, and every slice the new number of its group.
    UniqueGroups moved{.first = {}, .group = found.group, .members = {}};
    std::vector<std::int64_t> new_number(by_occurrence.size());
    for (const std::int64_t old : by_occurrence) {
        new_number[static_cast<std::size_t>(old)] = static_cast<std::int64_t>(moved.first.size());
        moved.first.push_back(found.first[static_cast<std::size_t>(old)]);
        moved.members.push_back(found.members[static_cast<std::size_t>(old)]);
    }
    for (std::int64_t& group : moved.group) group = new_number[static_cast<std::size_t>(group)];
    return moved;
}

UniqueGroups unique_groups_of(const OpContext& op, const TensorView& view) {
    const UniqueSlices slices = unique_slices(op, view.type.shape);
    const bool is_sorted = int_attribute(op.node, "sorted", 1) != 0;
    UniqueGroups groups;
    with_number(view.type.dtype == DType::boolean ? DType::u8 : view.type.dtype,
                [&]<class T>(T) { groups = unique_groups(slices, reinterpret_cast<const T*>(view.data), is_sorted); });
    return groups;
}

class UniqueOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 4);
        check_dtype(op, 0, kNumbersAndBool);
        const Tensor& x = constant_input(op, 0, "X");
        const UniqueGroups groups = unique_groups_of(op, x.view());
        const auto count = static_cast<std::int64_t>(groups.first.size());
        Shape shape{count};
        if (op.node.attributes.contains("axis")) {
            shape = x.shape();
            shape[normal_axis(op, int_attribute(op.node, "axis", 0), shape.rank())] = count;
        }
        const auto slices = static_cast<std::int64_t>(groups.group.size());
        std::vector<TensorType> types{
            {x.dtype(), shape}, {DType::s64, Shape{count}}, {DType::s64, Shape{slices}}, {DType::s64, Shape{count}}};
        // A node may leave out the outputs at the end.
        types.resize(op.node.outputs.size());
        return types;
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const UniqueSlices slices = unique_slices(op, inputs[0].type.shape);
        const UniqueGroups groups = unique_groups_of(op, inputs[0]);
        const std::size_t bytes = size_of(inputs[0].type.dtype);
        const UniqueSlices kept{
            .outer = slices.outer, .count = static_cast<std::int64_t>(groups.first.size()), .inner = slices.inner};
        for (std::int64_t g = 0; g < kept.count && outputs[0].data != nullptr; ++g) {
            for (std::int64_t i = 0; i < slices.outer * slices.inner; ++i) {
                const auto from = static_cast<std::size_t>(slices.place(groups.first[static_cast<std::size_t>(g)], i));
                std::memcpy(outputs[0].data + static_cast<std::size_t>(kept.place(g, i)) * bytes,
                            inputs[0].data + from * bytes, bytes);
            }
        }
        const std::array<const std::vector<std::int64_t>*, 3> further{&groups.first, &groups.group, &groups.members};
        for (std::size_t i = 1; i < outputs.size(); ++i) {
            if (outputs[i].data != nullptr)
                std::copy(further[i - 1]->begin(), further[i - 1]->end(), outputs[i].as<std::int64_t>().begin());
        }
    }
};

}  // namespace

const RefOp& unique_op() {
    static const UniqueOp op;
    return op;
}

}  // namespace halftone::ref
