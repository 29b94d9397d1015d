// The tables: every operator is found under its own name by both doors, and layouts compare by what they mean.

#include <gmock/gmock.h>

#include "kernel/ops/find_op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "op_case.hpp"

namespace halftone::test {
namespace {

TEST(OpTable, EveryReferenceOperatorIsFoundByItsName) {
    for (const std::string& type : op_types(Backend::ref)) {
        ASSERT_NE(find_ref_op(type), nullptr) << type;
        EXPECT_NE(find_op(Backend::ref, type), nullptr) << type;
        EXPECT_TRUE(reference_ops().knows(type));
    }
}

TEST(OpTable, HasWhatTheNetworksOfTheMainJobNeed) {
    for (const std::string type :
         {"Conv", "Gemm", "Add", "Relu", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool", "Flatten", "Reshape",
          "Softmax", "BatchNormalization", "QuantizeLinear", "DequantizeLinear"}) {
        EXPECT_THAT(op_types(Backend::ref), testing::Contains(type));
    }
}

TEST(OpTable, EveryFastOperatorHasAReference) {
    for (const std::string& type : op_types(Backend::dnnl)) EXPECT_NE(find_ref_op(type), nullptr) << type;
}

TEST(OpTable, AnUnknownOperatorIsRefusedByName) {
    EXPECT_EQ(find_op(Backend::ref, "NoSuchOperator"), nullptr);
    EXPECT_FALSE(reference_ops().knows("NoSuchOperator"));
    EXPECT_EQ(refusal({.op = "NoSuchOperator", .inputs = {{1}}}),
              "NoSuchOperator node 'n': the operator is not supported");
}

TEST(Layout, PlainLayoutsAreEqualWhenTheirTypesAre) {
    const Layout layout({DType::f32, {2, 3}});
    EXPECT_TRUE(layout.is_plain());
    EXPECT_EQ(layout.bytes(), 24U);
    EXPECT_EQ(layout.name(), "plain");
    EXPECT_EQ(layout, Layout({DType::f32, {2, 3}}));
    EXPECT_FALSE(layout == Layout({DType::s32, {2, 3}}));
    EXPECT_FALSE(layout == Layout({DType::f32, {3, 2}}));
}

struct Tagged final : Layout::Impl {
    explicit Tagged(int tag) : tag_(tag) {}
    [[nodiscard]] bool equals(const Impl& other) const override {
        const auto* tagged = dynamic_cast<const Tagged*>(&other);
        return tagged != nullptr && tagged->tag_ == tag_;
    }
    int tag_;
};

TEST(Layout, OthersAreComparedByTheirImplementation) {
    const TensorType type{DType::f32, {2, 3}};
    const Layout one(type, 64, "tagged", std::make_shared<Tagged>(1));
    EXPECT_EQ(one, Layout(type, 64, "tagged", std::make_shared<Tagged>(1)));
    EXPECT_FALSE(one == Layout(type, 64, "tagged", std::make_shared<Tagged>(2)));
    EXPECT_FALSE(one == Layout(type));
}

TEST(Evaluate, GivesConstantsTheirValues) {
    const Node node = node_of({.op = "Mul", .inputs = {{2}, {1}}});
    const Tensor left = int64s({3, -4});
    const Tensor right = int64s({5});
    const OpContext op{.node = node, .inputs = {left.type(), right.type()}, .constants = {&left, &right}};
    EXPECT_THAT(values<std::int64_t>(reference_ops().evaluate(op, {left, right}).at(0)), testing::ElementsAre(15, -20));
}

}  // namespace
}  // namespace halftone::test
