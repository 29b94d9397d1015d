#pragma once
// Random classifiers with everything the executor fuses: strided, grouped and depthwise convolutions, with and without
// bias, Relu, Clip, residual additions, branches, pools, Flatten and Gemm. A function of the seed.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "exec/session.hpp"
#include "support/quant_plans.hpp"

namespace halftone::test {

class RandomNet {
public:
    explicit RandomNet(std::uint64_t seed) : rng_(mix(seed, 77)) {
        x_ = g_.input("x", {kSymbolic, channels_, size_, size_});
        conv(8, 3, 1, 1);
        activation();
        for (int block = 0; block < 4; ++block) add_block();
        head();
    }
    [[nodiscard]] Graph build() { return infer_types(g_.build({x_}), reference_ops()); }

private:
    [[nodiscard]] bool chance(std::uint64_t one_in) { return rng_.below(one_in) == 0; }
    [[nodiscard]] std::string name(const std::string& op) { return op + std::to_string(count_++); }

    void conv(std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t groups) {
        const std::string conv_name = name("conv");
        const std::int64_t inputs = kernel * channels_ / groups;
        const float bound = 1.5F / static_cast<float>(inputs);
        const Tensor weight = random_tensor({out, channels_ / groups, kernel, kernel}, rng_.next(), -bound, bound);
        const Tensor bias = chance(3) ? Tensor() : random_tensor({out}, rng_.next(), -0.5F, 0.5F);
        const std::int64_t pad = kernel / 2;
        const std::vector<std::int64_t> pads{pad, pad, pad, pad};
        x_ = g_.conv(conv_name, x_, weight, bias,
                     {{"kernel_shape", std::vector<std::int64_t>{kernel, kernel}},
                      {"pads", pads},
                      {"strides", std::vector<std::int64_t>{stride, stride}},
                      {"group", groups}});
        channels_ = out;
        size_ = (size_ + 2 * pad - kernel) / stride + 1;
    }

    void activation() {
        const std::uint64_t kind = rng_.below(4);
        if (kind == 0) return;
        const std::string node_name = name("act");
        if (kind < 3) {
            x_ = g_.node("Relu", node_name, {x_});
        } else {
            const ValueId low = g_.constant(node_name + "_low", Tensor::scalar(0.0F));
            const ValueId high = g_.constant(node_name + "_high", Tensor::scalar(0.75F));
            x_ = g_.node("Clip", node_name, {x_, low, high});
        }
    }

    void add_block() {
        switch (rng_.below(5)) {
            case 0:
                return residual(false);
            case 1:
                return residual(true);
            case 2:
                conv(8, 3, 1 + static_cast<std::int64_t>(rng_.below(2)), chance(2) ? 2 : channels_);
                return activation();
            case 3:
                if (size_ < 4) return;
                x_ = g_.node(
                    "MaxPool", name("pool"), {x_},
                    {{"kernel_shape", std::vector<std::int64_t>{2, 2}}, {"strides", std::vector<std::int64_t>{2, 2}}});
                size_ /= 2;
                return;
            default:
                conv(8 + 4 * static_cast<std::int64_t>(rng_.below(2)), 1, 1, 1);
                activation();
                conv(8, 3, 1, 1);
        }
    }

    /// x + f(x), or g(x) + f(x) with two convolutions that feed one Add.
    void residual(bool has_two_convs) {
        const ValueId start = x_;
        const std::int64_t channels = channels_;
        conv(8, 3, 1, 1);
        activation();
        conv(channels, 3, 1, 1);
        const ValueId branch = x_;
        x_ = start;
        if (has_two_convs) conv(channels, 1, 1, 1);
        x_ = g_.node("Add", name("add"), chance(2) ? std::vector{branch, x_} : std::vector{x_, branch});
        activation();
    }

    void head() {
        if (chance(2)) {
            x_ = g_.node("GlobalAveragePool", name("mean"), {x_});
            size_ = 1;
        }
        x_ = g_.node("Flatten", name("flatten"), {x_}, {{"axis", std::int64_t{1}}});
        const std::int64_t inner = channels_ * size_ * size_;
        const float bound = 2.0F / static_cast<float>(inner);
        const bool is_transposed = chance(2);
        const Tensor weight =
            random_tensor(is_transposed ? Shape{10, inner} : Shape{inner, 10}, rng_.next(), -bound, bound);
        x_ = g_.gemm(name("gemm"), x_, weight, random_tensor({10}, rng_.next()),
                     {{"transB", std::int64_t{is_transposed ? 1 : 0}}});
    }

    Rng rng_;
    GraphMaker g_;
    ValueId x_;
    std::int64_t channels_ = 3;
    std::int64_t size_ = 9;
    int count_ = 0;
};

/// Runs a graph with one input and one output on a batch.
inline std::vector<float> run_once(const Graph& graph, const Tensor& input, Backend backend = Backend::dnnl) {
    Session session(graph, reference_ops(), {.batch = input.shape()[0], .backend = backend});
    const auto values = input.as<float>();
    std::copy(values.begin(), values.end(), session.input(0).as<float>().begin());
    session.run();
    const auto result = session.output(0).as<float>();
    return {result.begin(), result.end()};
}

/// Ranges of all values that a plan could quantize, from one batch in fp32.
inline std::map<std::string, Range> observed_ranges(const Graph& graph, const Tensor& input) {
    const PlanTopology topology(graph, find_units(graph));
    CompileOptions options{.batch = input.shape()[0], .backend = Backend::ref};
    for (const TensorPlan& tensor : topology.observable()) options.taps.push_back(tensor.value);
    Session session(graph, reference_ops(), options);
    const auto values = input.as<float>();
    std::copy(values.begin(), values.end(), session.input(0).as<float>().begin());
    session.run();
    std::map<std::string, Range> ranges;
    for (std::size_t t = 0; t < options.taps.size(); ++t) {
        const auto tap = session.tap(t).as<float>();
        const auto [low, high] = std::minmax_element(tap.begin(), tap.end());
        ranges[topology.observable()[t].name] = {*low, *high};
    }
    return ranges;
}

/// Each unit in fp32 or int8, with any scheme and granularity.
inline std::vector<UnitConfig> random_configs(std::size_t units, Rng& rng) {
    std::vector<UnitConfig> configs;
    const std::uint64_t fp32_share = rng.below(4);  // of 4
    for (std::size_t u = 0; u < units; ++u) {
        const Scheme scheme = rng.below(2) == 0 ? Scheme::asym : Scheme::sym;
        const Granularity granularity = rng.below(2) == 0 ? Granularity::per_tensor : Granularity::per_channel;
        configs.push_back(rng.below(4) < fp32_share ? kFp32 : int8(scheme, granularity));
    }
    return configs;
}

}  // namespace halftone::test
