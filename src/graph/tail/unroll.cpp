// unroll_control_flow.
//
//   Unroller::run       walks over the graph until a walk finds nothing more: what one Loop gives may decide the next
//   one_walk            types and small values of the whole graph, then each If, Loop and Scan in turn
//   replace_if          the nodes of one branch
//   replace_loop, replace_scan   first plan all rounds, then write them
//   next_round          one round before it is written: the body with what is known of its inputs. It says what is
//   known
//                       of the results, so it gives the condition and the state for the next round
//   Course              the rounds of one node, and the types of what they collect
//
// A body is planned round by round, because its condition is often computed: `i + 1 < n` is what TensorFlow's loops
// say. Source of the control flow: ONNX operators If, Loop (opset 13) and Scan (opset 9), as in exec/interpreter.cpp.
#include "graph/tail/unroll.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "graph/inference/inference.hpp"
#include "graph/tail/body_writer.hpp"

namespace halftone {
namespace {

// More rounds than a decoder or an unrolled recurrent network has; behind them a graph is no longer a plan to read.
constexpr std::size_t kMaxRounds = 512;

// Each round is inferred by itself. A file may have thousands of rounds, so each may do little; it is enough for the
// arithmetic of counters and shapes.
constexpr std::uint64_t kWorkOfARound = std::uint64_t{1} << 20U;
constexpr std::size_t kNodesOfARound = 64;  ///< that even a round without nodes counts as

/// What one model may take. A file of a few kilobytes can ask for any number of rounds.
struct Allowance {
    std::size_t made_nodes = 20'000;       ///< as many as the largest networks have by themselves
    std::size_t walked_nodes = 1'000'000;  ///< of all walks of inference together: some seconds

    static bool take(std::size_t& left, std::size_t amount) {
        if (amount > left) return false;
        left -= amount;
        return true;
    }
};

/// What is known of a value that goes into a body or comes out of it.
struct Argument {
    TensorType type;
    Tensor known;                ///< empty: nothing
    bool follows_sizes = false;  ///< its type or value may follow from a size that was bound
};

Argument argument_of(const Graph& graph, const Inference& inference, ValueId id) {
    const std::size_t i = id.index();
    Argument argument{.type = inference.types[i],
                      .known = graph.value(id).constant,
                      .follows_sizes = inference.has_bound_type[i] || inference.is_of_bound_size[i]};
    const auto& known = inference.known[i];
    if (argument.known.is_empty() && known && known->is_fixed()) argument.known = known->at_probe[0];
    return argument;
}

std::optional<bool> truth_of(const Argument& argument) {
    if (argument.known.is_empty() || argument.known.dtype() != DType::boolean || argument.known.elements() != 1)
        return std::nullopt;
    return argument.known.as<std::uint8_t>()[0] != 0;
}

Argument known_argument(Tensor tensor) {
    TensorType type = tensor.type();
    return {.type = std::move(type), .known = std::move(tensor)};
}

Tensor true_tensor() {
    Tensor tensor({DType::boolean, Shape{}});
    tensor.mutable_view().data[0] = std::byte{1};
    return tensor;
}

/// The rounds of a Loop or Scan before they are written.
struct Course {
    std::vector<Graph> rounds;
    std::vector<TensorType> collected;  ///< by scan output: the type of what one round gives to it
    bool follows_sizes = false;         ///< other sizes of the model's inputs may give another course
};

/// The type that a body declares for a scan output that no round gives anything to, with its axis. Nothing: unknown.
std::optional<TensorType> empty_scan_type(const Graph& body, std::size_t output, std::int64_t axis) {
    const auto found = body.info().declared_outputs.find(body.value(body.outputs()[output]).name);
    if (found == body.info().declared_outputs.end() || !found->second.shape.is_static()) return std::nullopt;
    std::vector<std::int64_t> dims = found->second.shape.dims();
    const auto rank = static_cast<std::int64_t>(dims.size()) + 1;
    if (axis < -rank || axis >= rank) return std::nullopt;
    dims.insert(dims.begin() + (axis < 0 ? axis + rank : axis), 0);
    return TensorType{found->second.dtype, Shape(std::move(dims))};
}

std::int64_t int_at(const Node& node, const char* attribute, std::size_t i) {
    const std::vector<std::int64_t> numbers = ints_attribute(node, attribute, {});
    return i < numbers.size() ? numbers[i] : 0;
}

class Unroller {
public:
    /// @param work  that each walk may do to follow small tensors
    Unroller(const OpLibrary& ops, Allowance& allowance, std::uint64_t work)
        : ops_(ops), allowance_(allowance), work_(work) {}

    [[nodiscard]] Graph run(Graph graph) {
        while (std::optional<Graph> next = one_walk(graph)) graph = *next;
        return graph;
    }
    /// Whether something that was unrolled follows from a bound size.
    [[nodiscard]] bool follows_sizes() const { return follows_sizes_; }

private:
    /// A control-flow node and what is around it.
    struct Place {
        const Graph& graph;
        const Inference& inference;
        GraphBuilder& builder;
        NodeId id;
        [[nodiscard]] const Node& node() const { return graph.node(id); }
        [[nodiscard]] const Graph& body(const char* name) const { return *node().bodies->graphs.at(name); }
        [[nodiscard]] Argument argument(std::size_t input) const {
            return argument_of(graph, inference, node().inputs[input]);
        }
        /// The inputs from `first` to before `last`.
        [[nodiscard]] std::vector<ValueId> inputs(std::size_t first, std::size_t last) const {
            const auto begin = node().inputs.begin();
            return {begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last)};
        }
    };

    /// Returns nothing where nothing changes.
    [[nodiscard]] std::optional<Graph> one_walk(const Graph& graph) {
        const auto has_body = [](const Node& node) { return node.bodies != nullptr; };
        if (std::none_of(graph.nodes().begin(), graph.nodes().end(), has_body)) return std::nullopt;
        if (!Allowance::take(allowance_.walked_nodes, graph.nodes().size())) return std::nullopt;
        const HeadInference head = infer_head(graph, ops_, work_);
        const auto is_unknown = [&](ValueId id) {
            const NodeId producer = id.is_valid() ? graph.producer(id) : NodeId{};
            return producer.is_valid() && head.is_tail[producer.index()];
        };
        GraphBuilder builder(graph);
        bool is_changed = false;
        for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
            const Node& node = graph.nodes()[n];
            if (node.bodies == nullptr) continue;
            // A body that reads what depends on data has shapes that depend on data. Only an If may do so: it becomes
            // no more than its branch.
            const bool reads_data = std::any_of(node.inputs.begin(), node.inputs.end(), is_unknown);
            const Place place{graph, head.inference, builder, make_id<NodeId>(n)};
            if (node.op == "If" && !is_unknown(node.inputs[0])) is_changed = replace_if(place) || is_changed;
            if (reads_data || given_up_.contains(first_output(place))) continue;
            if (node.op == "Loop") is_changed = replace_loop(place) || is_changed;
            if (node.op == "Scan") is_changed = replace_scan(place) || is_changed;
        }
        if (!is_changed) return std::nullopt;
        if (follows_sizes_) builder.info().bound_dims.clear();
        return std::move(builder).build();
    }

    static std::string first_output(const Place& place) {
        return place.node().outputs.empty() ? "" : place.graph.value(place.node().outputs[0]).name;
    }

    bool replace_if(const Place& place) {
        const Argument condition = place.argument(0);
        const auto is_true = truth_of(condition);
        if (!is_true) return false;
        const Graph& branch = place.body(*is_true ? "then_branch" : "else_branch");
        if (!Allowance::take(allowance_.made_nodes, branch.nodes().size())) return false;
        follows_sizes_ = follows_sizes_ || place.inference.is_of_bound_size[place.node().inputs[0].index()];
        BodyWriter writer(place.builder, place.graph, place.node(), branch);
        writer.finish(place.id, writer.add(branch, place.inputs(1, place.node().inputs.size()), ""));
        return true;
    }

    /// Plans one round. Returns what is known of the outputs of the body; nothing if a shape in it depends on data.
    [[nodiscard]] std::optional<std::vector<Argument>> next_round(const Graph& body,
                                                                  const std::vector<Argument>& arguments,
                                                                  Course& course) {
        if (!Allowance::take(allowance_.walked_nodes, 2 * body.nodes().size() + kNodesOfARound)) return std::nullopt;
        GraphBuilder builder(body);
        builder.inputs().clear();
        builder.info().bound_dims.clear();
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            const ValueId id = body.inputs()[i];
            Value& value = builder.value(id);
            value.type = arguments[i].type;
            value.has_type = true;
            value.constant = arguments[i].known;
            if (!value.is_constant()) builder.add_input(id);
            // Inference takes what has a dimension in this set for a value that follows from sizes.
            if (arguments[i].follows_sizes) builder.info().bound_dims.insert(value.name + ":0");
        }
        Unroller inside(ops_, allowance_, kWorkOfARound);
        Graph round = inside.run(std::move(builder).build());
        course.follows_sizes = course.follows_sizes || inside.follows_sizes();
        const HeadInference head = infer_head(round, ops_, kWorkOfARound);
        if (std::find(head.is_tail.begin(), head.is_tail.end(), true) != head.is_tail.end()) return std::nullopt;
        std::vector<Argument> results;
        for (const ValueId id : round.outputs()) results.push_back(argument_of(round, head.inference, id));
        course.rounds.push_back(std::move(round));
        return results;
    }

    /// Notes what one round gives to the scan outputs, which are the last of its results. Returns false where a round
    /// gives another type than the one before.
    static bool collect(const std::vector<Argument>& results, std::size_t first, Course& course) {
        for (std::size_t i = first; i < results.size(); ++i) {
            if (course.rounds.size() == 1) course.collected.push_back(results[i].type);
            if (course.collected[i - first] != results[i].type) return false;
        }
        return true;
    }

    [[nodiscard]] std::optional<Course> course_of_loop(const Place& place, std::size_t carried) {
        const Graph& body = place.body("body");
        Course course;
        std::int64_t limit = std::int64_t{1} << 62;
        bool goes_on = true;
        if (has_input(place.node(), 0)) {
            const Argument count = place.argument(0);
            if (count.known.is_empty() || count.known.dtype() != DType::s64 || count.known.elements() != 1)
                return std::nullopt;
            limit = count.known.as<std::int64_t>()[0];
            course.follows_sizes = place.inference.is_of_bound_size[place.node().inputs[0].index()];
        }
        if (has_input(place.node(), 1)) {
            const auto first = truth_of(place.argument(1));
            if (!first) return std::nullopt;
            goes_on = *first;
            course.follows_sizes |= place.inference.is_of_bound_size[place.node().inputs[1].index()];
        }
        std::vector<Argument> state;
        for (std::size_t i = 2; i < place.node().inputs.size(); ++i) state.push_back(place.argument(i));
        for (std::int64_t round = 0; goes_on && round < limit; ++round) {
            if (course.rounds.size() == kMaxRounds) {
                given_up_.insert(first_output(place));
                return std::nullopt;
            }
            std::vector<Argument> arguments{known_argument(Tensor::scalar<std::int64_t>(round)),
                                            known_argument(true_tensor())};
            arguments.insert(arguments.end(), state.begin(), state.end());
            const auto results = next_round(body, arguments, course);
            const auto condition = results ? truth_of(results->front()) : std::nullopt;
            if (!condition || !collect(*results, 1 + carried, course)) return std::nullopt;
            goes_on = *condition;
            // The count decides by itself where it is reached; only a condition that ends the rounds tells more.
            course.follows_sizes |= results->front().follows_sizes;
            for (std::size_t i = 0; i < carried; ++i) state[i] = (*results)[1 + i];
        }
        return course;
    }

    bool replace_loop(const Place& place) {
        const Node& node = place.node();
        const Graph& body = place.body("body");
        const std::size_t around = node.bodies->captured;
        const std::size_t carried = node.inputs.size() - around - 2;
        const std::optional<Course> course = attempt([&] { return course_of_loop(place, carried); });
        if (!course || !may_write(*course, body, 1 + carried, node)) return false;
        BodyWriter writer(place.builder, place.graph, node, body);
        std::vector<ValueId> state = place.inputs(2, 2 + carried);
        const std::vector<ValueId> captured = place.inputs(2 + carried, node.inputs.size());
        std::vector<std::vector<ValueId>> scanned(body.outputs().size() - 1 - carried);
        const ValueId go_on = writer.add_constant("condition", true_tensor());
        for (std::size_t r = 0; r < course->rounds.size(); ++r) {
            const std::string prefix = std::to_string(r);
            const auto number = Tensor::scalar<std::int64_t>(static_cast<std::int64_t>(r));
            std::vector<ValueId> arguments{writer.add_constant(prefix + "/round", number), go_on};
            arguments.insert(arguments.end(), state.begin(), state.end());
            arguments.insert(arguments.end(), captured.begin(), captured.end());
            const std::vector<ValueId> results = writer.add(course->rounds[r], arguments, prefix);
            for (std::size_t i = 0; i < carried; ++i) state[i] = results[1 + i];
            for (std::size_t i = 0; i < scanned.size(); ++i) scanned[i].push_back(results[1 + carried + i]);
        }
        finish(place, writer, std::move(state), scanned, *course, 1 + carried);
        return true;
    }

    /// Plans the rounds of a Scan. @param carried  how many states there are
    [[nodiscard]] std::optional<Course> course_of_scan(const Place& place, std::size_t carried, std::size_t given) {
        Course course;
        std::vector<Argument> arguments;
        std::int64_t rounds = -1;
        for (std::size_t i = 0; i < place.node().inputs.size(); ++i) {
            arguments.push_back(place.argument(i));
            if (i < carried || i >= given) continue;
            Argument& scanned = arguments.back();
            std::vector<std::int64_t> dims = scanned.type.shape.dims();
            const auto rank = static_cast<std::int64_t>(dims.size());
            const std::int64_t axis = int_at(place.node(), "scan_input_axes", i - carried);
            if (axis < -rank || axis >= rank) return std::nullopt;
            const auto at = dims.begin() + (axis < 0 ? axis + rank : axis);
            if (*at < 0 || (rounds >= 0 && *at != rounds)) return std::nullopt;
            rounds = *at;
            dims.erase(at);
            scanned.type.shape = Shape(std::move(dims));
            scanned.known = Tensor();
            course.follows_sizes |= place.inference.has_bound_type[place.node().inputs[i].index()];
        }
        if (rounds > static_cast<std::int64_t>(kMaxRounds)) return std::nullopt;
        for (std::int64_t round = 0; round < rounds; ++round) {
            const auto results = next_round(place.body("body"), arguments, course);
            if (!results || !collect(*results, carried, course)) return std::nullopt;
            for (std::size_t i = 0; i < carried; ++i) arguments[i] = (*results)[i];
        }
        return course;
    }

    bool replace_scan(const Place& place) {
        const Node& node = place.node();
        const Graph& body = place.body("body");
        const std::size_t given = node.inputs.size() - node.bodies->captured;
        const std::int64_t scans = int_attribute(node, "num_scan_inputs", 0);
        if (scans < 1 || static_cast<std::size_t>(scans) > given) return false;
        const std::size_t carried = given - static_cast<std::size_t>(scans);
        if (carried > body.outputs().size()) return false;
        const std::optional<Course> course = attempt([&] { return course_of_scan(place, carried, given); });
        if (!course || !may_write(*course, body, carried, node)) return false;
        BodyWriter writer(place.builder, place.graph, node, body);
        std::vector<ValueId> arguments = place.inputs(0, node.inputs.size());
        std::vector<std::vector<ValueId>> scanned(body.outputs().size() - carried);
        for (std::size_t r = 0; r < course->rounds.size(); ++r) {
            for (std::size_t i = carried; i < given; ++i) {
                const bool is_reverse = int_at(node, "scan_input_directions", i - carried) == 1;
                const std::size_t index = is_reverse ? course->rounds.size() - 1 - r : r;
                arguments[i] = writer.add_node(
                    "Gather",
                    {node.inputs[i], writer.add_constant(fmt::format("{}/place", index),
                                                         Tensor::scalar(static_cast<std::int64_t>(index)))},
                    {{"axis", int_at(node, "scan_input_axes", i - carried)}}, fmt::format("{}/slice", r));
            }
            const std::vector<ValueId> results = writer.add(course->rounds[r], arguments, std::to_string(r));
            for (std::size_t i = 0; i < carried; ++i) arguments[i] = results[i];
            for (std::size_t i = 0; i < scanned.size(); ++i) scanned[i].push_back(results[carried + i]);
        }
        std::vector<ValueId> state(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(carried));
        finish(place, writer, std::move(state), scanned, *course, carried);
        return true;
    }

    /// A fault inside of a body that is only planned is not reported: the node stays, and whoever runs it says what is
    /// wrong with the data that it then has.
    template <class Plan>
    static std::optional<Course> attempt(const Plan& plan) {
        try {
            return plan();
        } catch (const ModelError&) {
            return std::nullopt;
        }
    }

    /// Whether the rounds may become nodes. @param first  the first scan output among the outputs of the body
    [[nodiscard]] bool may_write(const Course& course, const Graph& body, std::size_t first, const Node& node) {
        for (std::size_t i = first; course.rounds.empty() && i < body.outputs().size(); ++i) {
            if (!empty_scan_type(body, i, int_at(node, "scan_output_axes", i - first))) return false;
        }
        std::size_t made = 0;
        for (const Graph& round : course.rounds) made += round.nodes().size() + round.outputs().size();
        return Allowance::take(allowance_.made_nodes, made);
    }

    /// Stacks what the rounds have collected, and lets the results stand for the node's outputs.
    /// @param first  the first scan output among the outputs of the body
    void finish(const Place& place, BodyWriter& writer, std::vector<ValueId> results,
                std::vector<std::vector<ValueId>>& scanned, const Course& course, std::size_t first) {
        const Node& node = place.node();
        for (std::size_t i = 0; i < scanned.size(); ++i) {
            std::int64_t axis = int_at(node, "scan_output_axes", i);
            if (scanned[i].empty()) {
                const auto type = empty_scan_type(place.body("body"), first + i, axis);
                results.push_back(writer.add_constant("nothing", Tensor(*type)));
                continue;
            }
            if (axis < 0) axis += static_cast<std::int64_t>(course.collected[i].shape.rank()) + 1;
            if (int_at(node, "scan_output_directions", i) == 1) std::reverse(scanned[i].begin(), scanned[i].end());
            const std::vector<std::int64_t> axes{axis};
            const ValueId where = writer.add_constant("axis", Tensor::of<std::int64_t>({1}, axes));
            std::vector<ValueId> rows;
            for (const ValueId id : scanned[i]) rows.push_back(writer.add_node("Unsqueeze", {id, where}, {}, "row"));
            results.push_back(writer.add_node("Concat", std::move(rows), {{"axis", axis}}, "rows"));
        }
        writer.finish(place.id, results);
        follows_sizes_ = follows_sizes_ || course.follows_sizes;
    }

    const OpLibrary& ops_;
    Allowance& allowance_;
    std::uint64_t work_;
    bool follows_sizes_ = false;
    std::set<std::string> given_up_;  ///< first outputs of Loops with too many rounds: not planned a second time
};

}  // namespace

Graph unroll_control_flow(const Graph& graph, const OpLibrary& ops) {
    Allowance allowance;
    return Unroller(ops, allowance, kFollowedWork).run(graph);
}

}  // namespace halftone
