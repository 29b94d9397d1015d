// The table of reference operators: list.inc twice, as declarations and as rows. A listed operator without a file is a
// link error; a type that stands twice stops the compiler. The same table is seen by the graph room as an OpLibrary and
// by the executor as Ops.

#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/registry.hpp"
#include "kernel/ops/backend_tables.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "kernel/ref/lib/bf16.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone {
namespace ref {
#define HALFTONE_PLUGIN(word, name) const RefOp& name##_op();
#include "kernel/ref/list.inc"
#undef HALFTONE_PLUGIN
}  // namespace ref

namespace {

/// A RefOp as the executor sees it: layouts are always plain, so the context has nothing to say.
class ExecutorOp final : public Op {
public:
    explicit ExecutorOp(const RefOp& op) : op_(op) {}
    Support supports(const KernelRequest& request) const override { return op_.supports(request); }
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext&) const override {
        if (!request.is_bf16) return op_.build(request);
        return ref::with_rounding(request, [this](const KernelRequest& real) { return op_.build(real); });
    }

private:
    const RefOp& op_;
};

/// Both views of one operator. Functions instead of objects: an operator is made when it is first asked for.
struct RefEntry {
    const RefOp& (*op)();
    const Op& (*for_executor)();
};

template <const RefOp& (*Make)()>
const Op& executor_op() {
    static const ExecutorOp op(Make());
    return op;
}

constexpr auto kRefOps = make_registry<RefEntry>({
#define HALFTONE_PLUGIN(word, name) {word, {&ref::name##_op, &executor_op<&ref::name##_op>}},
#include "kernel/ref/list.inc"
#undef HALFTONE_PLUGIN
});

/// Sizes are checked here, once for all operators: no rule sees a tensor of more than 2^31 elements, or makes one.
class ReferenceLibrary final : public OpLibrary {
public:
    bool knows(std::string_view op) const override { return find_ref_op(op) != nullptr; }

    std::vector<TensorType> infer(const OpContext& op) const override {
        const RefOp& rule = known(op);
        HALFTONE_CHECK(op.inputs.size() == op.node.inputs.size() && op.constants.size() == op.inputs.size(),
                       "a context has one type and one constant (or null) for each input");
        for (std::size_t i = 0; i < op.inputs.size(); ++i) {
            ref::check_size(op, op.inputs[i], "input " + std::to_string(i));
        }
        std::vector<TensorType> outputs = rule.infer(op);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            ref::check_size(op, outputs[i], "output " + std::to_string(i));
        }
        HALFTONE_CHECK(outputs.size() == op.node.outputs.size(), describe(op.node) + " has one type for each output");
        return outputs;
    }

    std::vector<Tensor> evaluate(const OpContext& op, const std::vector<Tensor>& inputs) const override {
        std::vector<Tensor> outputs;
        std::vector<MutableView> out_views;
        // The rule is asked again, so that run() is never called with what it does not admit.
        for (const TensorType& type : infer(op)) outputs.emplace_back(type);
        for (Tensor& output : outputs) out_views.push_back(output.mutable_view());
        std::vector<TensorView> in_views;
        for (const Tensor& input : inputs) in_views.push_back(input.view());
        known(op).run(op, in_views, out_views);
        return outputs;
    }

private:
    static const RefOp& known(const OpContext& op) {
        const RefOp* found = find_ref_op(op.node.op);
        if (found == nullptr) ref::refuse(op, "the operator is not supported");
        return *found;
    }
};

}  // namespace

const RefOp* find_ref_op(std::string_view type) {
    const RefEntry* entry = kRefOps.find(type);
    return entry == nullptr ? nullptr : &entry->op();
}

std::vector<std::string> ref_op_types() {
    std::vector<std::string> types = kRefOps.words();
    // By name: the list is ordered by file, and `not` stands there as logical_not.
    std::sort(types.begin(), types.end());
    return types;
}

const OpLibrary& reference_ops() {
    static const ReferenceLibrary library;
    return library;
}

const Op* find_ref_executor_op(std::string_view type) {
    const RefEntry* entry = kRefOps.find(type);
    return entry == nullptr ? nullptr : &entry->for_executor();
}

}  // namespace halftone
