// A whole block of attention in one step, against the reference: every tail of rows, keys and sizes, masks of every
// shape, and operands that lie as exporters leave them.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Perm = std::vector<std::int64_t>;

struct AttentionCase {
    Shape q{2, 3, 11, 20};
    Shape k{2, 3, 17, 20};
    Shape v{2, 3, 17, 9};
    Shape mask{};  ///< rank 0: none
    Attributes attributes{{"scale", 0.3F}};
};

std::unique_ptr<KernelCase> attention(const AttentionCase& a) {
    const bool has_mask = a.mask.rank() > 0;
    auto c = std::make_unique<KernelCase>("ScaledAttention", a.attributes, has_mask ? 4 : 3);
    c->input(random_reals(a.q, -2, 2, 1)).input(random_reals(a.k, -2, 2, 2)).input(random_reals(a.v, -1, 1, 3));
    if (has_mask) c->input(random_reals(a.mask, -3, 3, 4));
    c->output();
    return c;
}

void expect_attention_close(const AttentionCase& a) {
    const auto c = attention(a);
    EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), 2e-6)
        << a.q.to_text() << a.k.to_text() << a.v.to_text() << a.mask.to_text();
}

TEST(NativeAttention, EqualsReferenceForEveryTail) {
    for (const std::int64_t rows : {1, 5, 6, 12, 13, 48, 50, 97}) {
        for (const std::int64_t keys : {1, 15, 16, 17, 65, 100}) {
            for (const std::int64_t size : {3, 4, 16, 33}) {
                expect_attention_close({.q = {2, rows, size}, .k = {2, keys, size}, .v = {2, keys, size + 1}});
            }
        }
    }
}

TEST(NativeAttention, EqualsReferenceWithMasks) {
    for (const Shape& mask : {Shape{17}, Shape{11, 17}, Shape{1, 1, 1, 17}, Shape{2, 1, 11, 17}, Shape{2, 3, 11, 17},
                              Shape{1, 3, 11, 1}, Shape{1}}) {
        expect_attention_close({.mask = mask});
    }
}

/// [batch, positions, heads, size], as the products before and behind have it, and keys that are turned already.
TEST(NativeAttention, ReadsRowsWhereTheyLie) {
    const Perm heads{0, 2, 1, 3};
    Attributes attributes{{"scale", 0.25F}, {"q_perm", heads}, {"k_perm", heads}, {"v_perm", heads}, {"y_perm", heads}};
    expect_attention_close({.q = {2, 50, 3, 20}, .k = {2, 70, 3, 20}, .v = {2, 70, 3, 16}, .attributes = attributes});
    attributes["k_perm"] = Perm{0, 1, 3, 2};
    expect_attention_close({.q = {2, 50, 3, 20}, .k = {2, 3, 20, 70}, .v = {2, 70, 3, 16}, .attributes = attributes});
}

TEST(NativeAttention, ThreadsChangeNoBit) {
    const auto c = attention({.q = {1, 3, 131, 24}, .k = {1, 3, 90, 24}, .v = {1, 3, 90, 24}, .mask = {131, 90}});
    set_kernel_threads(1);
    const Tensor one = run(Backend::native, *c);
    for (const int threads : {2, 3, 4}) {
        set_kernel_threads(threads);
        const Tensor several = run(Backend::native, *c);
        EXPECT_EQ(std::memcmp(one.view().data, several.view().data, one.bytes()), 0) << threads;
    }
    set_kernel_threads(1);
}

/// What a mask of -inf hides counts nothing, whatever its value is but NaN; a row without any key is NaN, as Softmax
/// has it.
TEST(NativeAttention, MasksAndNaN) {
    constexpr float kHidden = -std::numeric_limits<float>::infinity();
    const auto c = attention({.q = {12, 8}, .k = {20, 8}, .v = {20, 8}, .mask = {12, 20}});
    const auto mask = c->data[3].mutable_view().as<float>();
    for (std::size_t i = 0; i < 20; ++i) mask[2 * 20 + i] = kHidden;
    for (std::size_t i = 5; i < 20; ++i) mask[3 * 20 + i] = kHidden;
    c->data[0].mutable_view().as<float>()[7 * 8] = std::nanf("");
    const Tensor y = run(Backend::native, *c);
    const Tensor wanted = run(Backend::ref, *c);
    for (std::size_t i = 0; i < 12 * 8; ++i) {
        const bool is_nan = i / 8 == 2 || i / 8 == 7;
        EXPECT_EQ(std::isnan(y.as<float>()[i]), is_nan) << i;
        EXPECT_EQ(std::isnan(wanted.as<float>()[i]), is_nan) << i;
        if (!is_nan) {
            EXPECT_NEAR(y.as<float>()[i], wanted.as<float>()[i], 2e-6F) << i;
        }
    }
}

TEST(NativeAttention, RefusesWhatDoesNotFit) {
    const auto why = [](const AttentionCase& a) {
        KernelCase c("ScaledAttention", a.attributes, 3);
        c.input(random_reals(a.q, -1, 1, 1)).input(random_reals(a.k, -1, 1, 2)).input(random_reals(a.v, -1, 1, 3));
        c.request.outputs.push_back({.type = {DType::f32, a.q}, .params = {}});
        return find_op(Backend::native, "ScaledAttention")->supports(c.request).why;
    };
    EXPECT_THAT(why({.k = {2, 3, 17, 21}}), testing::HasSubstr("queries and keys have different sizes"));
    EXPECT_THAT(why({.v = {2, 3, 16, 9}}), testing::HasSubstr("there are not as many values as keys"));
    EXPECT_THAT(why({.k = {2, 1, 17, 20}}), testing::HasSubstr("Q, K and V have different heads"));
    EXPECT_THAT(why({.attributes = {{"q_perm", Perm{0, 1, 1, 2}}}}), testing::HasSubstr("no permutation"));
}

}  // namespace
}  // namespace halftone::test
