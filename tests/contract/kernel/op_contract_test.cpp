// The contract of an operator in a backend, for every operator of every list.inc:
//
//   AnswersAndAgreesWithTheReference   small random inputs of several shapes: the operator refuses with a reason, or it
//                                      builds, runs, and gives the reference's result
//   RefusesWrongTypes                  an output or an input of a wrong element type or shape: a reason, never a throw
//
// A new operator is covered when its line is in the list. One that needs an attribute or a constant before it accepts
// anything gets it in case_of().

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "base/error.hpp"
#include "kernel/ops/request_fields.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

struct BackendOp {
    Backend backend;
    std::string type;
};

std::vector<BackendOp> all_ops() {
    std::vector<BackendOp> ops;
    for (const Backend backend : {Backend::ref, Backend::dnnl, Backend::native}) {
        for (const std::string& type : op_types(backend)) ops.push_back({backend, type});
    }
    return ops;
}

std::string op_case_name(const testing::TestParamInfo<BackendOp>& info) {
    const std::array names{"ref", "dnnl", "native"};
    return std::string(names.at(static_cast<std::size_t>(info.param.backend))) + "_" + info.param.type;
}

bool has_weights(const std::string& type) { return type == "Conv" || type == "Gemm" || type == "MatMul"; }

Attributes attributes_of(const std::string& type, const Shape& shape) {
    if (type.ends_with("Pool") && !type.starts_with("Global")) {
        return {{"kernel_shape", Ints(shape.rank() > 2 ? shape.rank() - 2 : 1, 2)}};
    }
    if (type == "Concat") return {{"axis", std::int64_t{1}}};
    if (type == "DepthToSpace" || type == "SpaceToDepth") return {{"blocksize", std::int64_t{2}}};
    return {};
}

/// Constant inputs behind the first one, without which the operator refuses everything.
std::vector<Tensor> constants_of(const std::string& type, const Shape& shape) {
    const Shape channels{shape.rank() > 1 ? shape[1] : 1};
    if (type == "BatchNormalization") {
        return {{},
                random_reals(channels, 0.5, 2, 11),
                random_reals(channels, -1, 1, 12),
                random_reals(channels, -1, 1, 13),
                random_reals(channels, 0.5, 2, 14)};
    }
    if (type == "LayerNormalization") return {{}, random_reals({shape[shape.rank() - 1]}, 0.5, 2, 11)};
    if (type == "Clip") return {{}, Tensor::scalar(-0.5F), Tensor::scalar(0.75F)};
    if (type == "Reshape") return {{}, Tensor::of<std::int64_t>({1}, Ints{-1})};
    if (type == "Pow") return {{}, Tensor::scalar(2.0F)};
    return {};
}

/// A case with `inputs` data inputs of one shape, with values for which every function is defined; nothing if the
/// operator's shape rule refuses them.
std::unique_ptr<KernelCase> case_of(const std::string& type, const Shape& shape, std::size_t inputs) {
    std::vector<Tensor> constants = constants_of(type, shape);
    if (!constants.empty() && inputs > 1) return nullptr;
    const bool is_weighted = has_weights(type) && inputs == 1 && shape.rank() > 1;
    const std::size_t node_inputs = is_weighted ? 2 : std::max(inputs, constants.size());
    auto made = std::make_unique<KernelCase>(type, attributes_of(type, shape), node_inputs);
    // Acosh is defined from 1 on, and most others between 0 and 1.
    const double low = type == "Acosh" ? 1.1 : 0.1;
    const double high = type == "Acosh" ? 3 : 0.95;
    for (std::size_t i = 0; i < inputs; ++i) made->input(random_reals(shape, low, high, i + 1));
    if (is_weighted) {
        Shape weight{shape[shape.rank() - 1], 3};
        if (type == "Conv") weight = Shape(Ints(shape.rank(), 1));
        if (type == "Conv") weight[1] = shape[1];
        made->weights(random_reals(weight, -1, 1, 21));
    } else if (!constants.empty()) {
        made->constants(std::move(constants));
    }
    try {
        made->output();
    } catch (const ModelError&) {
        return nullptr;  // the shape rule has its own tests
    }
    return made;
}

class OpContract : public testing::TestWithParam<BackendOp> {
protected:
    static const Op& op() { return *find_op(GetParam().backend, GetParam().type); }

    /// Calls body(case) for every case that the operator's shape rule takes.
    template <class Body>
    static void for_each_case(Body body) {
        for (const Shape& shape : {Shape{4}, Shape{3, 5}, Shape{2, 4, 6}, Shape{1, 4, 6, 6}, Shape{2, 17, 3, 5}}) {
            for (std::size_t inputs = 1; inputs <= 3; ++inputs) {
                if (const auto made = case_of(GetParam().type, shape, inputs)) body(*made);
            }
        }
    }
};

TEST_P(OpContract, AnswersAndAgreesWithTheReference) {
    for_each_case([](const KernelCase& c) {
        SCOPED_TRACE(to_text(c.request));
        const Support support = op().supports(c.request);
        EXPECT_EQ(support.why.empty(), support.is_supported);
        const Support reference = find_op(Backend::ref, c.node.op)->supports(c.request);
        if (!support.is_supported || !reference.is_supported) return;
        const Tensor wanted = run(Backend::ref, c);
        const Tensor result = run(GetParam().backend, c);
        ASSERT_EQ(result.type(), wanted.type());
        if (result.dtype() == DType::f32) {
            EXPECT_LE(relative_error(result, wanted), 1e-4);
        }
    });
}

TEST_P(OpContract, RefusesWrongTypes) {
    for_each_case([](KernelCase& c) {
        SCOPED_TRACE(to_text(c.request));
        const KernelRequest right = c.request;
        c.request.outputs[0].type.dtype = right.outputs[0].type.dtype == DType::f64 ? DType::f32 : DType::f64;
        const Support wrong_dtype = op().supports(c.request);
        EXPECT_FALSE(wrong_dtype.is_supported);
        EXPECT_FALSE(wrong_dtype.why.empty());
        c.request = right;
        Shape& shape = c.request.outputs[0].type.shape;
        shape = Shape{7, 7, 7, 7, 7, 7, 7};  // no case has this one
        const Support wrong_rank = op().supports(c.request);
        EXPECT_FALSE(wrong_rank.is_supported);
        EXPECT_FALSE(wrong_rank.why.empty());
    });
}

INSTANTIATE_TEST_SUITE_P(All, OpContract, testing::ValuesIn(all_ops()), op_case_name);

}  // namespace
}  // namespace halftone::test
