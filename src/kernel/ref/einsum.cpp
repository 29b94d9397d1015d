// Sums of products over named dimensions, by the equation alone: one loop for each label. It is slow for large
// products; what it costs is limited, because a few letters can ask for any amount of work. Source: ONNX operator
// Einsum, opset 12.
#include <algorithm>
#include <type_traits>

#include "kernel/ref/lib/einsum_plan.hpp"
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"

namespace halftone::ref {
namespace {

// Products of all sizes of labels: sixteen times a large attention block, and half a minute of these loops.
constexpr std::int64_t kMaxEinsumProducts = std::int64_t{1} << 32;

std::vector<Shape> einsum_shapes(const OpContext& op) {
    std::vector<Shape> shapes;
    for (const TensorType& type : op.inputs) shapes.push_back(type.shape);
    return shapes;
}

void check_einsum_work(const OpContext& op, const EinsumPlan& plan) {
    std::int64_t products = 1;
    for (const std::int64_t size : plan.sizes) {
        const bool overflows = __builtin_mul_overflow(products, std::max<std::int64_t>(size, 1), &products);
        if (overflows || products > kMaxEinsumProducts) refuse(op, "needs more than 2^32 products");
    }
}

/// Adds the products over all labels from `label` on.
/// @param x  the operands at the place that the labels before name
template <class T, class Sum>
void add_products(const EinsumPlan& plan, std::size_t label, std::vector<const T*>& x, Sum& sum) {
    // All labels have a value: one product of one element of each operand.
    if (label == plan.sizes.size()) {
        Sum product = 1;
        for (const T* operand : x) product *= static_cast<Sum>(*operand);
        sum += product;
        return;
    }
    for (std::int64_t i = 0; i < plan.sizes[label]; ++i) {
        add_products(plan, label + 1, x, sum);
        for (std::size_t o = 0; o < x.size(); ++o) x[o] += plan.steps[o][label];
    }
    // Back to where this label began, for the caller's next round.
    for (std::size_t o = 0; o < x.size(); ++o) x[o] -= plan.steps[o][label] * plan.sizes[label];
}

class EinsumOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 16);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < op.input_count(); ++i) {
            check_dtype(op, i, kNumbers);
            if (!op.has_input(i)) refuse(op, "an input is missing");
            check_same_dtype(op, i, 0);
        }
        const EinsumPlan plan = einsum_plan(op, einsum_shapes(op));
        check_einsum_work(op, plan);
        for (std::size_t label = plan.outputs; label < plan.sizes.size(); ++label) {
            if (plan.sizes[label] == kSymbolic) refuse(op, "cannot sum over the symbolic batch");
        }
        return {{op.inputs[0].dtype,
                 Shape(std::vector<std::int64_t>(plan.sizes.begin(),
                                                 plan.sizes.begin() + static_cast<std::ptrdiff_t>(plan.outputs)))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        std::vector<Shape> shapes;
        for (const TensorView& view : inputs) shapes.push_back(view.type.shape);
        // The plan is made again for each run: shapes are concrete only now.
        const EinsumPlan plan = einsum_plan(op, shapes);
        check_einsum_work(op, plan);
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            // Integers wrap, so they are summed unsigned.
            using Sum = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;
            const auto y = outputs[0].as<T>();
            std::vector<const T*> x(inputs.size());
            for (std::size_t i = 0; i < y.size(); ++i) {
                for (std::size_t o = 0; o < x.size(); ++o) x[o] = inputs[o].as<T>().data();
                auto rest = static_cast<std::int64_t>(i);
                // The row-major number of an output element gives its place in each of the output's labels.
                for (std::size_t label = plan.outputs; label-- > 0;) {
                    const std::int64_t place = rest % plan.sizes[label];
                    rest /= plan.sizes[label];
                    for (std::size_t o = 0; o < x.size(); ++o) x[o] += place * plan.steps[o][label];
                }
                Sum sum = 0;
                add_products(plan, plan.outputs, x, sum);
                y[i] = static_cast<T>(sum);
            }
        });
    }
};

}  // namespace

const RefOp& einsum_op() {
    static const EinsumOp op;
    return op;
}

}  // namespace halftone::ref
