#include "bench_model.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "calib/observer.hpp"
#include "calib/table.hpp"
#include "exec/apply_plan.hpp"
#include "exec/prepared_model.hpp"
#include "kernel/capabilities.hpp"
#include "kernel/ref/ref_op.hpp"
#include "setup.hpp"
#include "space/quant_plan.hpp"

namespace halftone::app {
namespace {

constexpr std::int64_t kCalibrationBatch = 4;

bool is_quantized(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                       [](const Node& node) { return node.op == "QuantizeLinear" || node.op == "DequantizeLinear"; });
}

/// Ranges of all values that could be quantized, over one batch of random inputs.
RangeTable random_ranges(const PreparedModel& model, const PlanTopology& topology) {
    CompileOptions options{.batch = kCalibrationBatch};
    const std::vector<TensorPlan> observable = topology.observable();
    for (const TensorPlan& tensor : observable) options.taps.push_back(tensor.value);
    Session session(model.graph, reference_ops(), options);
    fill_inputs(session, model.graph.inputs().size());
    session.run();
    CalibrationTable table;
    for (std::size_t i = 0; i < observable.size(); ++i) {
        table.at(observable[i].name).observe(session.tap(i).as<float>());
    }
    return {table, {Algorithm::minmax}};
}

Graph quantized(const PreparedModel& model) {
    const CapabilityTable capability = capabilities(model.graph, model.units, {Algorithm::minmax});
    QuantPlan plan;
    for (const Capability& unit : capability) plan.units.push_back(unit.options.front());
    const PlanTopology topology(model.graph, model.units);
    plan.tensors = topology.tensors(plan.units);
    return apply_plan(model.graph, model.units, plan, random_ranges(model, topology)).graph;
}

}  // namespace

Graph bench_graph(const std::string& bytes, const std::string& name, const std::string& precision) {
    if (precision == "bf16") throw ConfigError("--precision bf16 is not available yet; available: as-is, fp32, int8");
    PreparedModel model = prepare_model(bytes, name);
    if (precision == "as-is") return model.graph;
    if (is_quantized(model.graph)) {
        throw ConfigError("--precision " + precision + ": " + name + " is quantized already; it runs as-is only");
    }
    return precision == "fp32" ? model.graph : quantized(model);
}

void fill_inputs(Session& session, std::size_t inputs) {
    for (std::size_t i = 0; i < inputs; ++i) {
        const MutableView input = session.input(i);
        std::fill_n(input.data, input.bytes(), std::byte{0});
        if (input.type.dtype != DType::f32) continue;
        Rng rng(i + 1);
        for (float& value : input.as<float>()) value = static_cast<float>(rng.uniform(-1.0, 1.0));
    }
}

}  // namespace halftone::app
