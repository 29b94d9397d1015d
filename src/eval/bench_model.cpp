#include "eval/bench_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "calib/observer.hpp"
#include "calib/table.hpp"
#include "exec/apply_plan.hpp"
#include "exec/interpreter.hpp"
#include "exec/prepared_model.hpp"
#include "kernel/capabilities.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "space/quant_plan.hpp"

namespace halftone {
namespace {

// A few random samples give every value some range. The ranges are wrong for real data, but the kernels take the same
// time whatever the codes are.
constexpr std::int64_t kCalibrationBatch = 4;

bool has_codes(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                       [](const Node& node) { return node.op == "QuantizeLinear" || node.op == "DequantizeLinear"; });
}

/// Ranges of all values that could be quantized, over one batch of random inputs.
RangeTable random_ranges(const PreparedModel& model, const PlanTopology& topology) {
    CompileOptions options{.batch = kCalibrationBatch};
    const std::vector<TensorPlan> observable = topology.observable();
    // Taps keep inner values readable, which would otherwise be fused away or overwritten.
    for (const TensorPlan& tensor : observable) options.taps.push_back(tensor.value);
    Session session(model.graph, reference_ops(), options);
    fill_inputs(session, model.graph.inputs().size());
    session.run();
    CalibrationTable table;
    for (std::size_t i = 0; i < observable.size(); ++i) {
        table.at(observable[i].name).observe(session.tap(i).as<float>());
    }
    return {table, {RangeRule{}}};
}

std::vector<UnitConfig> first_options_of(const CapabilityTable& capability) {
    std::vector<UnitConfig> units;
    for (const Capability& unit : capability) {
        units.push_back(unit.options.front());
        // As a search's reduce_range: auto. Codes of 7 bits would run as fp32.
        if (units.back().is_quantized() && !has_exact_int8()) units.back().weight.bit = kReducedBits;
    }
    return units;
}

}  // namespace

BenchModel::BenchModel(PreparedModel model, const std::string& name, const std::string& precision)
    : model_(std::move(model)), is_int8_(precision == "int8") {
    if (precision != "as-is" && has_codes(model_.graph)) {
        throw ConfigError("--precision " + precision + ": " + name + " is quantized already; it runs as-is only");
    }
    if (is_int8_) {
        capability_ = capabilities(model_.graph, model_.units, {});
        topology_ = PlanTopology(model_.graph, model_.units);
        ranges_ = random_ranges(model_, topology_);
        graph_ = quantized(first_options_of(capability_));
    } else if (precision == "bf16") {
        graph_ = all_in_bf16();
    } else {
        graph_ = model_.graph;
    }
    if (is_int8_ || precision == "bf16") fp32_ = model_.graph;
}

Graph BenchModel::all_in_bf16() const {
    QuantPlan plan;
    std::string why;
    bool is_any = false;
    for (const Capability& unit : capabilities(model_.graph, model_.units, {})) {
        const bool has_bf16 =
            std::find(unit.options.begin(), unit.options.end(), high_precision(DType::bf16)) != unit.options.end();
        plan.units.push_back(high_precision(has_bf16 ? DType::bf16 : DType::f32));
        is_any = is_any || has_bf16;
        for (const Refusal& refusal : unit.refused) {
            if (refusal.dtype == "bf16") why = refusal.why;
        }
    }
    if (!is_any) throw ConfigError("--precision bf16: " + (why.empty() ? "the model has no units" : why));
    return apply_plan(model_.graph, model_.units, plan, PlanNumbers{}).graph;
}

// The set-up time of a search's next candidate is measured with graphs that differ from the first one in one unit, as
// neighbours in a search do. The first unit with a second quantized option is taken, beginning at `number`.
Graph BenchModel::candidate(std::size_t number) {
    std::vector<UnitConfig> units = first_options_of(capability_);
    for (std::size_t tried = 0; tried < units.size(); ++tried) {
        const std::size_t unit = (number + tried) % units.size();
        const std::vector<UnitConfig>& options = capability_[unit].options;
        if (options.size() < 2 || !options[1].is_quantized()) continue;
        units[unit] = options[1];
        break;
    }
    return quantized(units);
}

Graph BenchModel::quantized(const std::vector<UnitConfig>& units) {
    QuantPlan plan;
    plan.units = units;
    plan.tensors = topology_.tensors(units);
    plan.shared = topology_.shared(units);
    return apply_plan(model_.graph, model_.units, plan, *ranges_, &codes_).graph;
}

std::int64_t checked_batch(const Graph& graph, std::int64_t wanted) {
    std::int64_t fixed = 1;
    for (std::size_t i = graph.inputs().size(); i-- > 0;) {
        const Value& input = graph.value(graph.inputs()[i]);
        if (input.type.shape.rank() == 0) continue;
        if (input.type.shape[0] == kSymbolic) return wanted;
        fixed = input.type.shape[0];
    }
    if (wanted == fixed || wanted == 1) return fixed;
    throw ConfigError(fmt::format("--batch {}: the model leaves no batch open, the first dimension of its input is {}",
                                  wanted, fixed));
}

std::optional<double> tail_ms(const Graph& graph, const Session& session, const Clock& clock) {
    if (graph.info().tail == nullptr) return std::nullopt;
    constexpr int kRuns = 5;  // plain loops: their times differ little, and a tail may take seconds
    // The session has run once before, so its outputs are there for the tail to read.
    const TailRunner tail(graph, reference_ops());
    std::vector<double> times;
    for (int i = 0; i < kRuns; ++i) {
        const auto start = clock.now();
        (void)tail.run(session);
        times.push_back(std::chrono::duration<double, std::milli>(clock.now() - start).count());
    }
    std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
    return times[kRuns / 2];
}

void fill_inputs(Session& session, std::size_t inputs) {
    for (std::size_t i = 0; i < inputs; ++i) {
        const MutableView input = session.input(i);
        std::fill_n(input.data, input.bytes(), std::byte{0});
        if (input.type.dtype != DType::f32) continue;
        // Integers stay 0, because a random token number may lie outside of an embedding. The seed is the input's
        // position, so every run sees the same numbers.
        Rng rng(i + 1);
        for (float& value : input.as<float>()) value = static_cast<float>(rng.uniform(-1.0, 1.0));
    }
}

}  // namespace halftone
