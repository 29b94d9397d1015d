// A Pad of zeros in front of a Conv becomes the Conv's padding, in float and in quantized files; nothing else does.
#include <gmock/gmock.h>

#include "graph/passes/passes.hpp"
#include "support/graph_helpers.hpp"
#include "support/toy_ops.hpp"

namespace halftone {
Graph fold_pad(const Graph& graph, const OpLibrary& ops);
}

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;
using testing::ElementsAre;

class Net : public GraphMaker {
public:
    ValueId x = input("x", {kSymbolic, 2, 4, 4});

    ValueId pad(ValueId from, const Ints& pads, ValueId value = {}, Attributes attributes = {}) {
        std::vector<ValueId> inputs{from, constant("pads", int64s(pads))};
        if (value.is_valid()) inputs.push_back(value);
        return typed(node("Pad", "pad", std::move(inputs), std::move(attributes)));
    }
    ValueId conv3x3(ValueId from, Attributes attributes = {}) {
        return typed(conv("conv", from, random_tensor({3, 2, 3, 3}, 1), {}, std::move(attributes)));
    }
    ValueId linear(const std::string& op, const std::string& name, ValueId from, float scale, std::uint8_t zero_point) {
        return typed(node(
            op, name,
            {from, constant(name + "_s", Tensor::scalar(scale)), constant(name + "_z", Tensor::scalar(zero_point))}));
    }

private:
    /// The pass looks at ranks only.
    ValueId typed(ValueId id) {
        builder().value(id).type = {DType::f32, Shape{kSymbolic, 2, 4, 4}};
        builder().value(id).has_type = true;
        return id;
    }
};

std::string folded(Net& net, ValueId y) { return op_sequence(fold_pad(net.build({y}), ToyOps())); }

Ints conv_pads(Net& net, ValueId y) {
    const Graph graph = fold_pad(net.build({y}), ToyOps());
    return ints_attribute(graph.nodes().back(), "pads", {});
}

TEST(FoldPad, AddsItsZerosToThoseOfTheConvolution) {
    Net n;
    EXPECT_THAT(conv_pads(n, n.conv3x3(n.pad(n.x, {0, 0, 1, 2, 0, 0, 3, 4}), {{"pads", Ints{1, 1, 1, 1}}})),
                ElementsAre(2, 3, 4, 5));
    Net bare;
    EXPECT_EQ(folded(bare, bare.conv3x3(bare.pad(bare.x, {0, 0, 1, 1, 0, 0, 1, 1}))), "Conv");
    Net zero;
    const ValueId value = zero.constant("value", Tensor::scalar(0.0F));
    EXPECT_EQ(folded(zero, zero.conv3x3(zero.pad(zero.x, {0, 0, 1, 1, 0, 0, 1, 1}, value))), "Conv");
}

TEST(FoldPad, APadThatOthersReadStaysForThem) {
    Net n;
    const ValueId padded = n.pad(n.x, {0, 0, 1, 1, 0, 0, 1, 1});
    const ValueId sum = n.node("Relu", "other", {padded});
    n.builder().add_output(sum);
    const Graph graph = fold_pad(n.build({n.conv3x3(padded)}), ToyOps());
    EXPECT_EQ(graph.nodes().size(), 3U);
    EXPECT_EQ(graph.value(graph.node(graph.producer(*graph.find_value("conv_out"))).inputs[0]).name, "x");
}

TEST(FoldPad, InAQuantizedFileItNeedsEqualParametersOnBothSides) {
    for (const std::uint8_t zero_point : {std::uint8_t{7}, std::uint8_t{8}}) {
        Net n;
        const ValueId q = n.linear("QuantizeLinear", "q", n.x, 0.5F, 7);
        const ValueId value =
            n.linear("DequantizeLinear", "v", n.constant("code", Tensor::scalar(std::uint8_t{3})), 0.1F, 3);
        const ValueId padded = n.pad(n.linear("DequantizeLinear", "d", q, 0.5F, 7), {0, 0, 1, 1, 0, 0, 1, 1}, value);
        const ValueId again = n.linear("QuantizeLinear", "q2", padded, 0.5F, zero_point);
        const std::string ops = folded(n, n.conv3x3(n.linear("DequantizeLinear", "d2", again, 0.5F, zero_point)));
        EXPECT_EQ(ops.find("Pad") == std::string::npos, zero_point == 7) << ops;
    }
}

TEST(FoldPad, LeavesWhatIsNoZeroAroundThePixels) {
    Net one;
    const ValueId value = one.constant("value", Tensor::scalar(1.0F));
    EXPECT_EQ(folded(one, one.conv3x3(one.pad(one.x, {0, 0, 1, 1, 0, 0, 1, 1}, value))), "Pad Conv");
    Net channels;
    EXPECT_EQ(folded(channels, channels.conv3x3(channels.pad(channels.x, {0, 1, 0, 0, 0, 0, 0, 0}))), "Pad Conv");
    Net negative;
    EXPECT_EQ(folded(negative, negative.conv3x3(negative.pad(negative.x, {0, 0, -1, 0, 0, 0, 0, 0}))), "Pad Conv");
    Net edge;
    const Attributes mode{{"mode", std::string("edge")}};
    EXPECT_EQ(folded(edge, edge.conv3x3(edge.pad(edge.x, {0, 0, 1, 1, 0, 0, 1, 1}, {}, mode))), "Pad Conv");
    Net same;
    const Attributes same_upper{{"auto_pad", std::string("SAME_UPPER")}};
    EXPECT_EQ(folded(same, same.conv3x3(same.pad(same.x, {0, 0, 1, 1, 0, 0, 1, 1}), same_upper)), "Pad Conv");
}

}  // namespace
}  // namespace halftone::test
