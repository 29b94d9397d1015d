// Any bytes as best.yaml: refused with a ConfigError, or a plan that reads back as it is written, and that either is
// refused for a small model of two units or rebuilds a quantized model from it.
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "exec/apply_plan.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/small_model.hpp"
#include "fuzz/target.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "plan/load_plan.hpp"
#include "plan/plan_document.hpp"
#include "support/quant_plans.hpp"
#include "unit/plan/sample_plan.hpp"

namespace halftone::fuzz {
namespace {

constexpr std::array<std::string_view, 56> kPlanWords{"format",
                                                      "trial",
                                                      "accuracy",
                                                      "baseline",
                                                      "evidence",
                                                      "samples",
                                                      "ci95",
                                                      "goal",
                                                      "kind",
                                                      "absolute",
                                                      "relative",
                                                      "loss",
                                                      "met",
                                                      "isa",
                                                      "model",
                                                      "calibration_samples",
                                                      "units",
                                                      "name",
                                                      "op",
                                                      "nodes",
                                                      "activation",
                                                      "weight",
                                                      "dtype",
                                                      "scheme",
                                                      "asym",
                                                      "sym",
                                                      "granularity",
                                                      "per_tensor",
                                                      "per_channel",
                                                      "algorithm",
                                                      "minmax",
                                                      "percentile",
                                                      "kl",
                                                      "mse",
                                                      "bit",
                                                      "output",
                                                      "why",
                                                      "tensors",
                                                      "unit",
                                                      "scale",
                                                      "zero_point",
                                                      "axis",
                                                      "corrections",
                                                      "weight_factor",
                                                      "weight_shift",
                                                      "bias_shift",
                                                      "equalization",
                                                      "smoothing",
                                                      "kernels",
                                                      "/0/conv",
                                                      "/1/gemm",
                                                      "/0/relu_out",
                                                      "x",
                                                      "int8",
                                                      "uint8",
                                                      "fp32"};

void check_written_plan(const ParsedPlan& parsed) {
    const std::string written = write_plan(parsed.document);
    try {
        expect(write_plan(parse_plan(written, "again.yaml").document) == written, "a plan reads back as another plan");
    } catch (const ConfigError& error) {
        finding(error.what());
    }
}

void run_plan(std::string_view bytes) {
    static const PreparedModel small_model = make_small_model();
    try {
        const ParsedPlan parsed = parse_plan(bytes, "fuzz.yaml");
        check_written_plan(parsed);
        PreparedModel model = small_model;
        // The hash is the file's word for it; nothing else of the plan is believed.
        model.hash = parse_hex16(parsed.document.model).value_or(0);
        const LoadedPlan loaded = load_plan(parsed, model);
        const QuantizedModel quantized = apply_plan(model.graph, model.units, loaded.plan, loaded.numbers);
        (void)export_onnx(with_kernels(quantized.graph, loaded.kernels));
    } catch (const ConfigError&) {
        return;
    } catch (const ModelError&) {
        return;  // such as a bias that does not fit 32 bits at these scales
    }
}

bool mutate_plan(std::string& bytes, Rng& rng) { return mutate_yaml(bytes, rng, kPlanWords); }

/// The plan of the small model with these configurations, as a search would have written it.
std::string plan_of(const std::vector<UnitConfig>& configs) {
    const PreparedModel model = make_small_model();
    const test::QuantCase c(model.graph, configs);
    PlanDocument plan;
    plan.isa = "avx2";
    plan.model = "0000000000000001";
    plan.calibration_samples = 100;
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        plan.units.push_back({.name = model.units[u].name,
                              .op = model.units[u].op,
                              .nodes = {model.units[u].name},
                              .config = configs[u],
                              .output = DType::f32,
                              .is_accelerated = true,
                              .why = ""});
    }
    plan.tensors = c.apply().tensors;
    if (configs[0].is_quantized()) {
        plan.corrections = {
            {.unit = "/0/conv", .weight_factor = {1.0F, 1.5F}, .weight_shift = {0.0F, -0.25F}, .bias_shift = {}}};
    }
    plan.kernels = {{"/0/conv", "ref"}};
    return write_plan(plan);
}

std::map<std::string, std::string> plan_seeds() {
    return {{"every_section.yaml", test::kSamplePlanText},
            {"quantized.yaml", plan_of({test::kInt8, test::kInt8})},
            {"per_tensor.yaml", plan_of({test::int8(Scheme::sym, Granularity::per_tensor), test::kFp32})},
            {"fp32.yaml", plan_of({test::kFp32, test::kFp32})}};
}

}  // namespace

FuzzTarget make_plan_target() { return {.run = &run_plan, .mutate = &mutate_plan, .seeds = &plan_seeds}; }

}  // namespace halftone::fuzz
