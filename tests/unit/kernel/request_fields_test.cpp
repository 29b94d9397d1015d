// The list of a request's fields: hash and equality see every field, and nothing else.

#include "kernel/ops/request_fields.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace halftone::test {
namespace {

KernelRequest conv_request(const Node& node) {
    KernelRequest request{.node = &node};
    request.inputs = {{{DType::u8, Shape{1, 2, 3, 3}}, QuantParams{}}};
    request.outputs = {{{DType::u8, Shape{1, 2, 3, 3}}, QuantParams{}}};
    request.weight.values = Tensor::of<std::int8_t>({2, 1, 1, 1}, std::vector<std::int8_t>{3, -4});
    request.weight.params = QuantParams{.dtype = DType::s8};
    request.bias = Tensor::of<std::int32_t>({2}, std::vector<std::int32_t>{5, 6});
    return request;
}

const Node kConv{.name = "a", .op = "Conv", .inputs = {}, .outputs = {}, .attributes = {{"group", std::int64_t{2}}}};

TEST(RequestFields, AChangeOfAnyFieldChangesHashAndEquality) {
    static const Node other{.name = "a", .op = "Conv", .inputs = {}, .outputs = {}, .attributes = {}};
    const std::vector<std::function<void(KernelRequest&)>> changes{
        [](KernelRequest& r) { r.node = &other; },
        [](KernelRequest& r) { r.inputs[0].params->zero_point = {7}; },
        [](KernelRequest& r) { r.inputs.push_back(r.inputs[0]); },
        [](KernelRequest& r) { r.outputs[0].type.dtype = DType::s8; },
        [](KernelRequest& r) { r.weight.values.mutable_view().as<std::int8_t>()[1] = -5; },
        [](KernelRequest& r) { r.weight.params->scale = {0.5F}; },
        [](KernelRequest& r) { r.weight.params.reset(); },
        [](KernelRequest& r) { r.bias = {}; },
        [](KernelRequest& r) { r.epilogue.has_residual = true; },
        [](KernelRequest& r) { r.epilogue.activation = &other; },
        [](KernelRequest& r) { r.epilogue.clamp.low = 0; },
        [](KernelRequest& r) { r.is_bf16 = true; },
        [](KernelRequest& r) { r.constants = {Tensor::scalar(1.0F)}; },
        [](KernelRequest& r) { r.implementation = "jit"; },
    };
    const KernelRequest request = conv_request(kConv);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        KernelRequest changed = conv_request(kConv);
        changes[i](changed);
        EXPECT_NE(hash_of(changed), hash_of(request)) << "change " << i;
        EXPECT_FALSE(is_same(changed, request)) << "change " << i;
    }
}

TEST(RequestFields, NamesAndBuffersPlayNoPart) {
    Node renamed = kConv;
    renamed.name = "b";
    EXPECT_EQ(hash_of(conv_request(renamed)), hash_of(conv_request(kConv)));
    EXPECT_TRUE(is_same(conv_request(renamed), conv_request(kConv)));
}

TEST(RequestFields, TheTextNamesTheFields) {
    const std::string text = to_text(conv_request(kConv));
    for (const char* part : {"node=Conv", "inputs=[{type={dtype=", "epilogue={has_residual=no", "is_bf16=no"}) {
        EXPECT_THAT(text, testing::HasSubstr(part));
    }
}

}  // namespace
}  // namespace halftone::test
