// Interpreter.
//
//   run            one graph: values by id, filled from the inputs and node by node
//   run_operator   a plain operator: with all its inputs known, its shape rule gives sizes, as for a constant
//   run_if         one of two graphs
//   run_loop       a graph again and again, until its condition or the count ends it; scan outputs are stacked
//   run_scan       a graph for each slice of some inputs
//   TailRunner     puts the outputs of head and tail in the model's order
//
// Source of the control flow: ONNX operators If, Loop (opset 13) and Scan (opset 9).
#include "exec/interpreter.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/budget.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "graph/inference/work.hpp"

namespace halftone {
namespace {

[[noreturn]] void refuse_node(const Node& node, const std::string& why) {
    throw ModelError(describe(node) + ": " + why);
}

/// A tensor as blocks along an axis: `outer` times `count` pieces of `bytes` each.
struct AxisBlocks {
    std::size_t outer = 1, count = 0, bytes = 0;

    AxisBlocks(const TensorType& type, std::size_t axis) : bytes(size_of(type.dtype)) {
        const Shape& shape = type.shape;
        for (std::size_t d = 0; d < axis; ++d) outer *= static_cast<std::size_t>(shape[d]);
        count = static_cast<std::size_t>(shape[axis]);
        for (std::size_t d = axis + 1; d < shape.rank(); ++d) bytes *= static_cast<std::size_t>(shape[d]);
    }
};

/// One step of a scan input: the tensor without this axis, at one position of it.
Tensor slice_of(const Tensor& tensor, std::size_t axis, std::size_t index) {
    const AxisBlocks blocks(tensor.type(), axis);
    std::vector<std::int64_t> dims = tensor.shape().dims();
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
    Tensor slice({tensor.dtype(), Shape(std::move(dims))});
    for (std::size_t o = 0; o < blocks.outer && blocks.bytes != 0; ++o) {
        std::memcpy(slice.mutable_view().data + o * blocks.bytes,
                    tensor.view().data + (o * blocks.count + index) * blocks.bytes, blocks.bytes);
    }
    return slice;
}

/// Tensors of one shape, side by side on a new axis. Without any of them the other dimensions are not known: `empty`
/// says what the file declares.
Tensor stack(const Node& node, const std::vector<Tensor>& slices, std::size_t axis, const TensorType& empty) {
    std::vector<std::int64_t> dims = slices.empty() ? empty.shape.dims() : slices.front().shape().dims();
    for (std::int64_t& dim : dims) dim = std::max<std::int64_t>(dim, 0);
    if (axis > dims.size()) refuse_node(node, "the axis of a scan output is outside its rank");
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), static_cast<std::int64_t>(slices.size()));
    Tensor whole({slices.empty() ? empty.dtype : slices.front().dtype(), Shape(std::move(dims))});
    const AxisBlocks blocks(whole.type(), axis);
    for (std::size_t i = 0; i < slices.size(); ++i) {
        if (slices[i].type() != slices.front().type()) refuse_node(node, "a scan output changes its shape");
        for (std::size_t o = 0; o < blocks.outer && blocks.bytes != 0; ++o) {
            std::memcpy(whole.mutable_view().data + (o * blocks.count + i) * blocks.bytes,
                        slices[i].view().data + o * blocks.bytes, blocks.bytes);
        }
    }
    return whole;
}

Tensor truth_tensor() {
    Tensor tensor({DType::boolean, Shape{}});
    tensor.mutable_view().data[0] = std::byte{1};
    return tensor;
}

bool truth(const Node& node, const Tensor& tensor) {
    if (tensor.dtype() != DType::boolean || tensor.elements() != 1)
        refuse_node(node, "its condition is no single bool");
    return tensor.as<std::uint8_t>()[0] != 0;
}

/// The type that the graph declares for an output; an unknown one is a float without dimensions.
TensorType declared_type(const Graph& graph, std::size_t output) {
    const auto found = graph.info().declared_outputs.find(graph.value(graph.outputs()[output]).name);
    return found == graph.info().declared_outputs.end() ? TensorType{DType::f32, Shape{}} : found->second;
}

class Interpreter {
public:
    Interpreter(const OpLibrary& ops, const InterpreterLimits& limits)
        : ops_(ops), rounds_left_(limits.rounds), budget_({.work = limits.work}) {}

    /// Values live in a table of this call, so a body that runs again begins with fresh ones, and a body inside a body
    /// cannot disturb those around it.
    std::vector<Tensor> run(const Graph& graph, std::vector<Tensor> inputs) {
        std::vector<Tensor> values(graph.values().size());
        // Copies of a tensor share its memory, so this copies no data: not the constants here, and not what is read
        // below.
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = graph.values()[i].constant;
        for (std::size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i].index()] = std::move(inputs[i]);
        for (const Node& node : graph.nodes()) {
            std::vector<Tensor> results = run_node(node, values);
            for (std::size_t i = 0; i < node.outputs.size() && i < results.size(); ++i) {
                if (node.outputs[i].is_valid()) values[node.outputs[i].index()] = std::move(results[i]);
            }
        }
        std::vector<Tensor> outputs;
        for (const ValueId id : graph.outputs()) outputs.push_back(values[id.index()]);
        return outputs;
    }

private:
    std::vector<Tensor> run_node(const Node& node, const std::vector<Tensor>& values) {
        std::vector<Tensor> inputs;
        for (const ValueId id : node.inputs) inputs.push_back(id.is_valid() ? values[id.index()] : Tensor());
        // An Identity of a body often only passes a state on; without this line it would copy the state's bytes each
        // round.
        if (node.op == "Identity") return {inputs.at(0)};
        if (node.op == "If") return run_if(node, std::move(inputs));
        if (node.op == "Loop") return run_loop(node, inputs);
        if (node.op == "Scan") return run_scan(node, inputs);
        return run_operator(node, inputs);
    }

    std::vector<Tensor> run_operator(const Node& node, const std::vector<Tensor>& inputs) {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        for (const Tensor& input : inputs) {
            op.inputs.push_back(input.type());
            // All inputs count as constants. So a rule that needs values (the shape of a Reshape) always finds them.
            op.constants.push_back(input.is_empty() ? nullptr : &input);
        }
        if (!ops_.knows(node.op)) refuse_node(node, "the operator is not supported");
        const std::vector<TensorType> types = ops_.infer(op);
        // A small file may ask for a huge tensor in each round, so all work of one run counts against one limit.
        if (!budget_.try_take_work(work_of(op, types))) refuse_node(node, "what depends on data takes too much work");
        return ops_.evaluate(op, inputs);
    }

    /// The values that the graphs of a node capture: its last inputs.
    static std::vector<Tensor> captured(const Node& node, const std::vector<Tensor>& inputs) {
        return {inputs.end() - static_cast<std::ptrdiff_t>(node.bodies->captured), inputs.end()};
    }

    std::vector<Tensor> run_if(const Node& node, std::vector<Tensor> inputs) {
        const char* branch = truth(node, inputs.front()) ? "then_branch" : "else_branch";
        inputs.erase(inputs.begin());
        return run(*node.bodies->graphs.at(branch), std::move(inputs));
    }

    /// All loops of a run share one count: nested loops of modest counts could otherwise take years together.
    void count_round(const Node& node) {
        if (rounds_left_-- == 0) refuse_node(node, "its rounds, with those of others, are more than a run may take");
    }

    std::vector<Tensor> run_loop(const Node& node, const std::vector<Tensor>& inputs) {
        const Graph& body = *node.bodies->graphs.at("body");
        // Inputs of a Loop: count, condition, the carried state, then what is captured. Outputs of its body:
        // condition, state, and one slice for each scan output.
        const std::size_t carried = inputs.size() - node.bodies->captured - 2;
        std::optional<std::int64_t> count;
        if (!inputs[0].is_empty()) count = number_of(node, inputs[0]);
        // A missing count means without limit, and a missing condition means true. The condition is tested before the
        // first round, too.
        bool goes_on = inputs[1].is_empty() || truth(node, inputs[1]);
        std::vector<Tensor> state(inputs.begin() + 2, inputs.begin() + 2 + static_cast<std::ptrdiff_t>(carried));
        std::vector<std::vector<Tensor>> scanned(body.outputs().size() - 1 - carried);
        for (std::int64_t round = 0; goes_on && (!count || round < *count); ++round) {
            count_round(node);
            std::vector<Tensor> given{Tensor::scalar<std::int64_t>(round), truth_tensor()};
            given.insert(given.end(), state.begin(), state.end());
            const std::vector<Tensor> around = captured(node, inputs);
            given.insert(given.end(), around.begin(), around.end());
            std::vector<Tensor> results = run(body, std::move(given));
            goes_on = truth(node, results[0]);
            for (std::size_t i = 0; i < carried; ++i) state[i] = results[1 + i];
            for (std::size_t i = 0; i < scanned.size(); ++i) scanned[i].push_back(results[1 + carried + i]);
        }
        for (std::size_t i = 0; i < scanned.size(); ++i) {
            state.push_back(stack(node, scanned[i], 0, declared_type(body, 1 + carried + i)));
        }
        return state;
    }

    static std::int64_t number_of(const Node& node, const Tensor& tensor) {
        if (tensor.dtype() != DType::s64 || tensor.elements() != 1) refuse_node(node, "its count is no single int64");
        return tensor.as<std::int64_t>()[0];
    }

    std::vector<Tensor> run_scan(const Node& node, const std::vector<Tensor>& inputs) {
        const Graph& body = *node.bodies->graphs.at("body");
        // Inputs of a Scan: the state, then the scan inputs, then what is captured. Outputs of its body: the state,
        // then the slices of the scan outputs.
        const std::size_t given = inputs.size() - node.bodies->captured;
        const std::int64_t scans = int_attribute(node, "num_scan_inputs", 0);
        if (scans < 1 || static_cast<std::size_t>(scans) > given) refuse_node(node, "num_scan_inputs does not fit");
        const std::size_t carried = given - static_cast<std::size_t>(scans);
        if (carried > body.outputs().size()) refuse_node(node, "its graph has too few outputs");
        std::vector<std::size_t> axes;
        std::int64_t rounds = -1;
        for (std::size_t i = carried; i < given; ++i) {
            axes.push_back(axis_of(node, "scan_input_axes", i - carried, inputs[i].shape().rank()));
            const std::int64_t size = inputs[i].shape()[axes.back()];
            if (rounds >= 0 && size != rounds) refuse_node(node, "its scan inputs have different lengths");
            rounds = size;
        }
        std::vector<Tensor> state(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(carried));
        std::vector<std::vector<Tensor>> scanned(body.outputs().size() - carried);
        for (std::int64_t round = 0; round < rounds; ++round) {
            count_round(node);
            std::vector<Tensor> slices = state;
            for (std::size_t i = carried; i < given; ++i) {
                const bool is_reverse = is_reversed(node, "scan_input_directions", i - carried);
                const std::int64_t index = is_reverse ? rounds - 1 - round : round;
                slices.push_back(slice_of(inputs[i], axes[i - carried], static_cast<std::size_t>(index)));
            }
            const std::vector<Tensor> around = captured(node, inputs);
            slices.insert(slices.end(), around.begin(), around.end());
            std::vector<Tensor> results = run(body, std::move(slices));
            for (std::size_t i = 0; i < carried; ++i) state[i] = results[i];
            for (std::size_t i = 0; i < scanned.size(); ++i) scanned[i].push_back(results[carried + i]);
        }
        for (std::size_t i = 0; i < scanned.size(); ++i) {
            // A reversed output begins with the last round's slice: ONNX prepends each slice, and turning them once is
            // the same.
            if (is_reversed(node, "scan_output_directions", i)) std::reverse(scanned[i].begin(), scanned[i].end());
            // The default axis is 0, and a negative one counts in the stacked tensor, which has one dimension more
            // than a slice.
            const TensorType empty = declared_type(body, carried + i);
            const std::size_t rank = scanned[i].empty() ? empty.shape.rank() : scanned[i].front().shape().rank();
            state.push_back(stack(node, scanned[i], axis_of(node, "scan_output_axes", i, rank + 1), empty));
        }
        return state;
    }

    static bool is_reversed(const Node& node, const char* attribute, std::size_t i) {
        const std::vector<std::int64_t> directions = ints_attribute(node, attribute, {});
        return i < directions.size() && directions[i] == 1;
    }

    static std::size_t axis_of(const Node& node, const char* attribute, std::size_t i, std::size_t rank) {
        const std::vector<std::int64_t> axes = ints_attribute(node, attribute, {});
        const auto limit = static_cast<std::int64_t>(rank);
        const std::int64_t axis = i < axes.size() ? axes[i] : 0;
        if (axis < -limit || axis >= limit) refuse_node(node, std::string(attribute) + " is outside the rank");
        return static_cast<std::size_t>(axis < 0 ? axis + limit : axis);
    }

    const OpLibrary& ops_;
    std::uint64_t rounds_left_;
    Budget budget_;
};

Tensor copy_of(const TensorView& view) {
    Tensor tensor(view.type);
    if (view.bytes() != 0) std::memcpy(tensor.mutable_view().data, view.data, view.bytes());
    return tensor;
}

/// The position of a value among the outputs of a graph.
std::optional<std::size_t> output_position(const Graph& graph, const std::string& name) {
    for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
        if (graph.value(graph.outputs()[i]).name == name) return i;
    }
    return std::nullopt;
}

}  // namespace

std::vector<Tensor> interpret(const Graph& graph, const OpLibrary& ops, std::vector<Tensor> inputs,
                              const InterpreterLimits& limits) {
    HALFTONE_CHECK(inputs.size() == graph.inputs().size(), "one tensor for each input");
    return Interpreter(ops, limits).run(graph, std::move(inputs));
}

TailRunner::TailRunner(const Graph& head, const OpLibrary& ops)
    : ops_(ops), tail_(head.info().tail), names_(head.info().output_order) {
    // Positions are looked up by name once here, because run() is called for every sample.
    HALFTONE_CHECK(tail_ != nullptr, "the model has a tail");
    for (const ValueId id : tail_->inputs()) {
        const auto position = output_position(head, tail_->value(id).name);
        HALFTONE_CHECK(position.has_value(), "what the tail reads is an output of the head");
        inputs_.push_back(*position);
    }
    for (const std::string& name : names_) {
        const auto in_tail = output_position(*tail_, name);
        const auto position = in_tail ? in_tail : output_position(head, name);
        HALFTONE_CHECK(position.has_value(), "every output of the model is one of its head or of its tail");
        const Graph& graph = in_tail ? *tail_ : head;
        sources_.push_back({.is_tail = in_tail.has_value(), .position = *position});
        types_.push_back(graph.value(graph.outputs()[*position]).type);
    }
}

std::vector<Tensor> TailRunner::run(const Session& head) const {
    std::vector<Tensor> inputs;
    // The session's memory is used again by its next run, so the tail gets copies.
    for (const std::size_t position : inputs_) inputs.push_back(copy_of(head.output(position)));
    const std::vector<Tensor> results = interpret(*tail_, ops_, std::move(inputs));
    std::vector<Tensor> outputs;
    for (const Source& source : sources_) {
        outputs.push_back(source.is_tail ? results[source.position] : copy_of(head.output(source.position)));
    }
    return outputs;
}

}  // namespace halftone
