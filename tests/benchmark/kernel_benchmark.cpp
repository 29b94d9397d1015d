// Times our own kernels against oneDNN's on the same step. Run by scripts/bench/kernels.sh, which interleaves.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>
#include <limits>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// A buffer of as many bytes; reals in [0, 6], or codes.
Tensor filled(const Layout& layout, std::uint64_t seed) {
    const auto bytes = static_cast<std::int64_t>(layout.bytes());
    if (layout.type().dtype == DType::f32) return random_reals({bytes / 4}, 0, 6, seed);
    return random_codes(DType::u8, {bytes}, seed);
}

/// Buffers in the primitive's own layouts: reorders are not timed.
class Bench {
public:
    explicit Bench(std::unique_ptr<Primitive> primitive, std::size_t inputs) : primitive_(std::move(primitive)) {
        for (std::size_t i = 0; i < inputs; ++i) memory_.push_back(filled(primitive_->input_layout(i), i + 1));
        for (const Tensor& tensor : memory_) inputs_.push_back(tensor.view().data);
        memory_.push_back(filled(primitive_->output_layout(0), 7));
        outputs_.push_back(memory_.back().mutable_view().data);
        scratch_ = random_codes(DType::u8, {static_cast<std::int64_t>(primitive_->scratch_bytes() + 1)}, 8);
    }
    void operator()() { primitive_->execute(inputs_, outputs_, scratch_.mutable_view().data); }
    [[nodiscard]] std::string implementation() const { return primitive_->implementation(); }

private:
    std::unique_ptr<Primitive> primitive_;
    std::vector<Tensor> memory_;
    std::vector<const std::byte*> inputs_;
    std::vector<std::byte*> outputs_;
    Tensor scratch_;
};

/// Times one step; `operations` of a run are reported as a rate called `unit`.
void time_step(benchmark::State& state, Backend backend, const KernelCase& c, const char* unit, double operations) {
    const Op* op = find_op(backend, c.node.op);
    if (const Support support = op->supports(c.request); !support.is_supported) {
        state.SkipWithError(support.why.c_str());
        return;
    }
    Bench bench(op->build(c.request, {}), c.request.inputs.size());
    for (auto _ : state) {
        bench();
        benchmark::ClobberMemory();
    }
    state.counters[unit] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
    state.SetLabel(bench.implementation());
}

void fill_depthwise(KernelCase& c, std::int64_t channels, std::int64_t size, std::int64_t kernel, bool is_int8) {
    const Shape x{1, channels, size, size};
    const Shape w{channels, 1, kernel, kernel};
    if (is_int8) {
        c.input(random_codes(DType::u8, x, 1), per_tensor(DType::u8, 0.02F, 0));
        c.weights(random_codes(DType::s8, w, 2), random_bias(channels, 2000, 3), per_channel(channels, 0.003F, 0, 4));
        c.clamp(0.0F, 6.0F).output(per_tensor(DType::u8, 6.0F / 255.0F, 0));
    } else {
        c.input(random_reals(x, 0, 6, 1)).weights(random_reals(w, -1, 1, 2), random_reals({channels}, -1, 1, 3));
        c.clamp(0.0F, 6.0F).output();
    }
}

void depthwise(benchmark::State& state, Backend backend, bool is_int8) {
    const std::int64_t channels = state.range(0), size = state.range(1), kernel = state.range(2);
    const std::int64_t stride = state.range(3), pad = kernel / 2;
    KernelCase c("Conv", {{"group", channels}, {"pads", Ints{pad, pad, pad, pad}}, {"strides", Ints{stride, stride}}},
                 3);
    fill_depthwise(c, channels, size, kernel, is_int8);
    const std::int64_t operations = 2 * c.request.outputs[0].type.shape.elements() * kernel * kernel;
    time_step(state, backend, c, "GOP/s", 1e-9 * static_cast<double>(operations));
}

void shapes(benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgNames({"channels", "size", "kernel", "stride"});
    for (const std::vector<std::int64_t>& shape : std::vector<std::vector<std::int64_t>>{{144, 56, 3, 1},
                                                                                         {144, 56, 3, 2},
                                                                                         {576, 14, 3, 1},
                                                                                         {32, 112, 3, 1},
                                                                                         {384, 14, 3, 1},
                                                                                         {960, 7, 3, 1},
                                                                                         {240, 28, 5, 1},
                                                                                         {672, 14, 5, 1}}) {
        benchmark->Args(shape);
    }
}

BENCHMARK_CAPTURE(depthwise, int8_native, Backend::native, true)->Apply(shapes);
BENCHMARK_CAPTURE(depthwise, int8_onednn, Backend::dnnl, true)->Apply(shapes);
BENCHMARK_CAPTURE(depthwise, fp32_onednn, Backend::dnnl, false)->Apply(shapes);

void add_codes(benchmark::State& state, Backend backend) {
    const Shape shape{1, state.range(0), state.range(1), state.range(1)};
    KernelCase c("Add", {}, 2);
    c.input(random_codes(DType::u8, shape, 1), per_tensor(DType::u8, 0.031F, 128));
    c.input(random_codes(DType::u8, shape, 2), per_tensor(DType::u8, 0.017F, 0));
    c.clamp(0.0F, std::numeric_limits<float>::infinity()).output(per_tensor(DType::u8, 0.029F, 0));
    time_step(state, backend, c, "elements/s", static_cast<double>(shape.elements()));
}
BENCHMARK_CAPTURE(add_codes, native, Backend::native)
    ->ArgNames({"channels", "size"})
    ->Args({256, 56})
    ->Args({1024, 14});
BENCHMARK_CAPTURE(add_codes, onednn, Backend::dnnl)->ArgNames({"channels", "size"})->Args({256, 56})->Args({1024, 14});

/// [M, K] codes by [K, N]: what a zero point of the input costs.
void mat_mul(benchmark::State& state) {
    const std::int64_t rows = state.range(0), depth = state.range(1), columns = state.range(2);
    const auto zero_point = static_cast<std::int32_t>(state.range(3));
    KernelCase c("MatMul", {}, 2);
    c.input(random_codes(DType::u8, {rows, depth}, 1), per_tensor(DType::u8, 0.02F, zero_point));
    c.weights(random_codes(DType::s8, {depth, columns}, 2), {}, per_channel(columns, 0.003F, 1, 4));
    c.output(per_tensor(DType::u8, 1.0F, zero_point));
    time_step(state, Backend::dnnl, c, "GOP/s", 2e-9 * static_cast<double>(rows * depth * columns));
}
BENCHMARK(mat_mul)
    ->ArgNames({"M", "K", "N", "zero_point"})
    ->ArgsProduct({{128}, {768}, {768, 3072}, {0, 100}})
    ->Args({128, 3072, 768, 0})
    ->Args({128, 3072, 768, 100});

}  // namespace
}  // namespace halftone::test

int main(int argc, char** argv) {
    if (const char* threads = std::getenv("HALFTONE_BENCH_THREADS")) halftone::set_kernel_threads(std::atoi(threads));
    std::cerr << "isa " << halftone::isa_name() << ", oneDNN " << halftone::onednn_version() << '\n';
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
}
