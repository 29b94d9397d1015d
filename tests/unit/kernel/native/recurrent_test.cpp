// LSTM, GRU and RNN by packed products, against the reference, which adds up in double. All outputs are compared.
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Words = std::vector<std::string>;

struct RecurrentCase {
    std::string op = "LSTM";
    std::int64_t steps = 7;
    std::int64_t batch = 3;
    std::int64_t input = 5;
    std::int64_t hidden = 19;  // a block of 16 units and a part of one
    std::string direction = "forward";
    std::int64_t layout = 0;
    bool is_linear_first = false;
    bool has_bias = true;
    bool has_state = false;
    std::vector<std::int32_t> lengths{};
    Words activations{};
    bool has_nan = false;
};

std::int64_t gates_of(const std::string& op) { return op == "LSTM" ? 4 : op == "GRU" ? 3 : 1; }

/// The request with weights as constants; initial states and lengths are data.
std::unique_ptr<KernelCase> recurrent_case(const RecurrentCase& r) {
    const bool is_lstm = r.op == "LSTM";
    Attributes attributes{{"hidden_size", r.hidden}, {"direction", r.direction}, {"layout", r.layout}};
    if (r.op == "GRU") attributes.emplace("linear_before_reset", std::int64_t{r.is_linear_first ? 1 : 0});
    if (!r.activations.empty()) attributes.emplace("activations", r.activations);
    auto c = std::make_unique<KernelCase>(r.op, attributes, is_lstm ? 7 : 6);
    const std::int64_t directions = r.direction == "bidirectional" ? 2 : 1;
    const std::int64_t rows = gates_of(r.op) * r.hidden;
    Tensor x =
        random_reals(r.layout == 1 ? Shape{r.batch, r.steps, r.input} : Shape{r.steps, r.batch, r.input}, -2, 2, 1);
    if (r.has_nan) x.mutable_view().as<float>()[static_cast<std::size_t>(r.input)] = std::nanf("");
    c->input(std::move(x));
    std::vector<Tensor> constants(c->node.inputs.size());
    constants[1] = random_reals({directions, rows, r.input}, -0.5, 0.5, 2);
    constants[2] = random_reals({directions, rows, r.hidden}, -0.5, 0.5, 3);
    if (r.has_bias) constants[3] = random_reals({directions, 2 * rows}, -0.5, 0.5, 4);
    if (!r.has_bias) c->node.inputs[3] = {};
    if (r.lengths.empty()) {
        c->node.inputs[4] = {};
    } else {
        c->input(Tensor::of<std::int32_t>({r.batch}, r.lengths));
    }
    const Shape state = r.layout == 1 ? Shape{r.batch, directions, r.hidden} : Shape{directions, r.batch, r.hidden};
    for (std::size_t i = 5; i < c->node.inputs.size(); ++i) {
        if (r.has_state) c->input(random_reals(state, -1, 1, i));
        if (!r.has_state) c->node.inputs[i] = {};
    }
    c->constants(std::move(constants));
    while (c->node.outputs.size() < (is_lstm ? 3U : 2U))
        c->node.outputs.push_back(make_id<ValueId>(90 + c->node.outputs.size()));
    c->output();
    c->request.outputs.push_back({{DType::f32, state}, {}});
    if (is_lstm) c->request.outputs.push_back({{DType::f32, state}, {}});
    return c;
}

/// All outputs of a backend. Buffers start with a number that no result has.
std::vector<Tensor> run_all(Backend backend, const KernelCase& c) {
    const auto primitive = build(backend, c.request);
    std::vector<Tensor> outputs;
    if (primitive == nullptr) return outputs;
    std::vector<const std::byte*> in;
    for (const Tensor& data : c.data) in.push_back(data.view().data);
    std::vector<std::byte*> out;
    for (const OperandEncoding& port : c.request.outputs) {
        outputs.emplace_back(port.type);
        for (float& value : outputs.back().mutable_view().as<float>()) value = 77;
        out.push_back(outputs.back().mutable_view().data);
    }
    Tensor scratch({DType::u8, Shape{static_cast<std::int64_t>(primitive->scratch_bytes() + 64)}});
    primitive->execute(in, out, scratch.mutable_view().data);
    return outputs;
}

void expect_agreement(const RecurrentCase& r) {
    SCOPED_TRACE(r.op + " " + r.direction + " layout " + std::to_string(r.layout));
    const auto c = recurrent_case(r);
    const std::vector<Tensor> fast = run_all(Backend::native, *c);
    const std::vector<Tensor> exact = run_all(Backend::ref, *c);
    ASSERT_EQ(fast.size(), exact.size());
    for (std::size_t i = 0; i < fast.size(); ++i) EXPECT_LE(relative_error(fast[i], exact[i]), 5e-6) << "output " << i;
}

std::vector<RecurrentCase> all_cells() {
    return {{.op = "LSTM"},
            {.op = "GRU"},
            {.op = "GRU", .is_linear_first = true},
            {.op = "RNN"},
            {.op = "RNN", .activations = {"Relu"}}};
}

TEST(NativeRecurrent, EqualsReferenceInEveryDirectionAndLayout) {
    for (RecurrentCase r : all_cells()) {
        const Words activations = r.activations;
        for (const std::string direction : {"forward", "reverse", "bidirectional"}) {
            r.activations = activations;
            if (direction == "bidirectional")
                r.activations.insert(r.activations.end(), activations.begin(), activations.end());
            for (const std::int64_t layout : {0, 1}) {
                r.direction = direction;
                r.layout = layout;
                expect_agreement(r);
            }
        }
    }
}

TEST(NativeRecurrent, EqualsReferenceWithStatesAndLengths) {
    for (RecurrentCase r : all_cells()) {
        r.has_state = true;
        expect_agreement(r);
        for (const std::vector<std::int32_t>& lengths :
             {std::vector{7, 7, 7}, std::vector{3, 3, 3}, std::vector{7, 0, 4}}) {
            r.lengths = lengths;
            if (r.activations.empty()) r.direction = "bidirectional";
            expect_agreement(r);
        }
    }
}

TEST(NativeRecurrent, EqualsReferenceForSizesThatFillNoBlock) {
    for (RecurrentCase r : all_cells()) {
        r.has_bias = false;
        for (const std::int64_t hidden : {1, 16, 33}) {
            for (const std::int64_t batch : {1, 2, 7}) {
                r.hidden = hidden;
                r.batch = batch;
                r.input = hidden + batch;
                expect_agreement(r);
            }
        }
    }
}

void expect_same_bits_with_threads(const RecurrentCase& r) {
    const auto c = recurrent_case(r);
    set_kernel_threads(1);
    const std::vector<Tensor> one = run_all(Backend::native, *c);
    set_kernel_threads(3);
    const std::vector<Tensor> three = run_all(Backend::native, *c);
    set_kernel_threads(1);
    for (std::size_t i = 0; i < one.size(); ++i)
        EXPECT_EQ(std::memcmp(one[i].view().data, three[i].view().data, one[i].bytes()), 0);
}

TEST(NativeRecurrent, ThreadsChangeNoBit) {
    for (RecurrentCase r : all_cells()) {
        for (const std::int64_t batch : {1, 3}) {
            r.batch = batch;
            expect_same_bits_with_threads(r);
        }
    }
}

/// One sample of a layer that is large enough to be cut by units.
TEST(NativeRecurrent, ThreadsThatShareOneSampleChangeNoBit) {
    RecurrentCase r = all_cells().front();
    for (const char* op : {"LSTM", "GRU"}) {
        r.op = op;
        r.batch = 1;
        r.hidden = 1024;
        expect_same_bits_with_threads(r);
    }
}

/// Samples do not mix: a NaN stays in its own sample, from its time on.
TEST(NativeRecurrent, PassesNaN) {
    for (RecurrentCase r : all_cells()) {
        r.has_nan = true;
        const auto c = recurrent_case(r);
        const std::vector<Tensor> fast = run_all(Backend::native, *c);
        const std::vector<Tensor> exact = run_all(Backend::ref, *c);
        for (std::size_t i = 0; i < fast[0].as<float>().size(); ++i)
            EXPECT_EQ(std::isnan(fast[0].as<float>()[i]), std::isnan(exact[0].as<float>()[i])) << r.op << i;
    }
}

TEST(NativeRecurrent, RefusesWrongLengthsWhenItRuns) {
    const auto c = recurrent_case({.lengths = {7, 8, 7}});
    EXPECT_THROW((void)run_all(Backend::native, *c), ModelError);
}

TEST(NativeRecurrent, SaysWhatItLeavesToTheReference) {
    const auto why = [](const KernelCase& c) { return find_op(Backend::native, c.node.op)->supports(c.request).why; };
    EXPECT_EQ(why(*recurrent_case({.activations = {"Sigmoid", "Tanh", "Relu"}})),
              "own kernels have the default activations only");
    const auto clipped = recurrent_case({});
    clipped->node.attributes.emplace("clip", 3.0F);
    EXPECT_EQ(why(*clipped), "own kernels have no clip");
}

}  // namespace
}  // namespace halftone::test
