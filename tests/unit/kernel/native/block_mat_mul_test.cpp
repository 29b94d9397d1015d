// Products by codes in blocks, against the reference: every type of code, every tail of rows, columns and blocks.
#include <cmath>
#include <cstring>
#include <functional>
#include <utility>

#include "kernel/native/lib/block_panels.hpp"
#include "kernel/ops/machine.hpp"
#include "tensor/block_affine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

struct BlockCase {
    Shape left{3, 40};
    std::int64_t columns = 24;
    DType dtype = DType::s4;
    std::int64_t block_size = 16;
    bool has_bias = true;
    bool is_bf16 = false;
};

/// The codes and their parameters are made from seeded weights.
std::unique_ptr<KernelCase> product(const BlockCase& b) {
    const std::int64_t inner = b.left[b.left.rank() - 1];
    const Tensor weights = random_reals({inner, b.columns}, -0.4, 0.6, 7);
    const QuantParams params = block_params(weights, {.dtype = b.dtype, .axis = 0, .block_size = b.block_size});
    const Shape scales = block_scale_shape(weights.shape(), 0, b.block_size);
    std::vector<Tensor> constants(5);
    constants[1] = quantize_blocks(weights, params);
    constants[2] = Tensor::of<float>(scales, params.scale);
    const bool has_zeros = b.dtype == DType::u4 || b.dtype == DType::u8;
    if (has_zeros) {
        constants[3] = Tensor({b.dtype, scales});
        const auto points = constants[3].mutable_view().as<std::uint8_t>();
        for (std::size_t i = 0; i < points.size(); ++i) points[i] = static_cast<std::uint8_t>(params.zero_point[i]);
    }
    if (b.has_bias) constants[4] = random_reals({b.columns}, -1, 1, 8);
    Attributes attributes{{"block_size", b.block_size}};
    if (b.is_bf16) attributes.emplace("bf16", std::int64_t{1});
    auto c = std::make_unique<KernelCase>("BlockMatMul", std::move(attributes), 5);
    if (!has_zeros) c->node.inputs[3] = {};
    if (!b.has_bias) c->node.inputs[4] = {};
    c->input(random_reals(b.left, -1, 1, 3)).constants(std::move(constants)).output();
    return c;
}

void expect_close(const BlockCase& b) {
    const auto c = product(b);
    EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), 2e-6)
        << to_string(b.dtype) << " " << b.left.to_text() << " x " << b.columns << " by " << b.block_size;
}

TEST(BlockMatMul, EqualsReferenceForEveryTypeOfCode) {
    for (const DType dtype : {DType::s4, DType::u4, DType::s8, DType::u8}) {
        for (const std::int64_t rows : {1, 2, 3, 4, 5, 130}) {
            for (const bool has_bias : {true, false}) {
                expect_close({.left = {rows, 40}, .dtype = dtype, .has_bias = has_bias});
            }
        }
    }
}

TEST(BlockMatMul, EqualsReferenceForEveryTail) {
    for (const std::int64_t columns : {1, 8, 15, 16, 17, 33, 48}) {
        for (const std::int64_t inner : {1, 15, 16, 33, 300}) {  // 300: more than one piece of the buffer
            for (const std::int64_t rows : {1, 3, 7}) {
                expect_close({.left = {rows, inner}, .columns = columns, .dtype = DType::u4, .block_size = 32});
            }
        }
    }
}

TEST(BlockMatMul, TheInputMayHaveAnyRank) {
    for (const Shape& left : {Shape{2, 5, 32}, Shape{2, 1, 3, 16}}) expect_close({.left = left, .columns = 7});
}

TEST(BlockMatMul, ARowHasTheSameBitsWhateverStandsBesideIt) {
    for (const auto& [dtype, is_bf16] : {std::pair{DType::s4, false}, {DType::u8, false}, {DType::s4, true}}) {
        if (is_bf16 && !has_bf16()) continue;
        BlockCase net{.left = {131, 300}, .columns = 37, .dtype = dtype, .block_size = 32, .is_bf16 = is_bf16};
        const auto all = product(net);
        const Tensor many = run(Backend::native, *all);
        for (const std::int64_t rows : {1, 2, 3, 4, 6}) {
            net.left = {rows, 300};
            const auto some = product(net);
            std::memcpy(some->data[0].mutable_view().data, all->data[0].view().data, some->data[0].bytes());
            const Tensor few = run(Backend::native, *some);
            EXPECT_EQ(std::memcmp(few.view().data, many.view().data, few.bytes()), 0) << rows;
        }
    }
}

TEST(BlockMatMul, ThreadsChangeNoBit) {
    for (const std::int64_t rows : {1, 200}) {
        const auto c = product({.left = {rows, 96}, .columns = 150});
        set_kernel_threads(1);
        const Tensor one = run(Backend::native, *c);
        set_kernel_threads(3);
        const Tensor three = run(Backend::native, *c);
        set_kernel_threads(1);
        EXPECT_EQ(std::memcmp(one.view().data, three.view().data, one.bytes()), 0);
    }
}

TEST(BlockMatMul, SessionsShareThePackedMatrix) {
    const auto cache = make_weight_cache();
    const BuildContext context{.weights = cache.get(), .available = {}};
    const auto c = product({.has_bias = false});
    const auto first = build(Backend::native, c->request, context);
    const auto second = build(Backend::native, c->request, context);
    EXPECT_EQ(cache->entries(), 1U);
    EXPECT_EQ(first->weight_bytes() + second->weight_bytes(), 0U);
    // 40 rows by two panels of 16 columns of half a byte; scale and zero point of three blocks of each column, and the
    // column's bias, which is 0.
    EXPECT_EQ(cache->bytes(), 40U * 32 / 2 + (3U * 2 + 1) * 32 * sizeof(float));
    EXPECT_EQ(relative_error(run(*second, c->data), run(Backend::native, *c)), 0);
    // Equal codes with other scales are another matrix.
    Tensor scale = c->request.constants[2].clone();
    scale.mutable_view().as<float>()[0] *= 2;
    c->request.constants[2] = scale;
    const auto other = build(Backend::native, c->request, context);
    EXPECT_EQ(cache->entries(), 2U);
    EXPECT_EQ(relative_error(run(*other, c->data), run(Backend::native, *c)), 0);
}

TEST(BlockMatMul, UnpackedWeightsAreThoseOfTheFile) {
    // All loops give (code - zero_point) * scale rounded once, also where 8 * scale is no float any more.
    const auto c = product({.left = {1, 40}, .columns = 20, .dtype = DType::s4, .block_size = 16});
    Tensor huge = c->request.constants[2].clone();
    for (float& scale : huge.mutable_view().as<float>()) scale = scale * 6 * 1e38F;
    for (const Tensor& scale : {c->request.constants[2], huge}) {
        const auto packed = [&, &scale = scale](native::CodeOrder order) {
            return native::pack_blocks(c->request.constants[1], scale, {}, {}, 16, order);
        };
        const native::BlockPanels matrix = packed(native::CodeOrder::halves);
        const native::BlockPanels pairs = packed(native::CodeOrder::pairs);
        std::vector<float> loops(40 * 16);
        native::unpack_blocks_loops(matrix, 1, 0, 40, loops.data());
        std::vector<float> found(40 * 16);
        native::unpack_blocks_loops(pairs, 1, 0, 40, found.data());
        EXPECT_EQ(found, loops) << "the order of codes changes nothing";
        for (std::size_t k = 0; k < 40; ++k) {
            for (std::size_t n = 16; n < 20; ++n) {
                const auto code = static_cast<float>(c->request.constants[1].as<std::int8_t>()[k * 20 + n]);
                EXPECT_EQ(loops[k * 16 + n - 16], code * scale.as<float>()[k / 16 * 20 + n]);
            }
        }
        if (!has_avx2()) continue;
        native::unpack_blocks_avx2(matrix, 1, 0, 40, found.data());
        EXPECT_EQ(found, loops);
        if (!has_avx512()) continue;
        native::unpack_blocks_avx512(pairs, 1, 0, 40, found.data());
        EXPECT_EQ(found, loops);
    }
}

TEST(BlockMatMul, Avx2AndAvx512GiveTheSameBits) {
    if (!has_avx512()) GTEST_SKIP() << "needs AVX-512";
    for (const DType dtype : {DType::s4, DType::u4, DType::s8, DType::u8}) {
        for (const std::int64_t rows : {1, 2, 3, 4, 5, 130}) {
            for (const std::int64_t columns : {5, 64, 71}) {
                const auto c = product({.left = {rows, 300}, .columns = columns, .dtype = dtype, .block_size = 32});
                const auto& constants = c->request.constants;
                const auto multiply = [&](native::CodeOrder order) {
                    const native::BlockPanels matrix =
                        native::pack_blocks(constants[1], constants[2], constants[3], constants[4], 32, order);
                    std::vector<float> y(static_cast<std::size_t>(rows * columns));
                    native::multiply_blocks(matrix, c->data[0].as<float>().data(), rows, y.data());
                    return y;
                };
                EXPECT_EQ(multiply(native::CodeOrder::pairs), multiply(native::CodeOrder::halves))
                    << to_string(dtype) << " " << rows << " x " << columns;
            }
        }
    }
}

TEST(BlockMatMul, InBf16EqualsTheReferenceWithItsRoundings) {
    for (const std::int64_t rows : {1, 3, 4, 8, 13, 130}) {
        for (const std::int64_t columns : {5, 16, 71}) {
            for (const std::int64_t inner : {1, 40, 301}) {  // odd ones have half a pair, 301 has two pieces
                const auto c = product({.left = {rows, inner}, .columns = columns, .block_size = 16, .is_bf16 = true});
                const Support support = find_op(Backend::native, "BlockMatMul")->supports(c->request);
                EXPECT_EQ(support.is_supported, has_bf16()) << "the plain loops run it elsewhere";
                if (!has_bf16()) continue;
                // The order of a sum may turn its rounding, so results differ by one step of bf16: 2^-7 of a power of
                // two, less above it.
                EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), 1.0 / 128)
                    << rows << " x " << inner << " x " << columns;
                const Tensor y = run(Backend::native, *c);
                for (const float value : y.as<float>()) {
                    std::uint32_t bits = 0;
                    std::memcpy(&bits, &value, sizeof bits);
                    EXPECT_EQ(bits & 0xFFFFU, 0U) << "results are bf16";
                }
            }
        }
    }
}

TEST(BlockMatMul, PassesNaNToItsRow) {
    for (const bool is_bf16 : {false, true}) {
        if (is_bf16 && !has_bf16()) continue;
        const auto c = product({.left = {6, 32}, .columns = 20, .is_bf16 = is_bf16});
        c->data[0].mutable_view().as<float>()[32] = std::nanf("");
        const Tensor y = run(Backend::native, *c);
        for (std::size_t i = 0; i < 120; ++i) EXPECT_EQ(std::isnan(y.as<float>()[i]), i / 20 == 1) << i;
    }
}

TEST(BlockMatMul, RefusesWhatDoesNotFit) {
    const auto refusal = [](const BlockCase& b, const std::function<void(KernelRequest&)>& change) {
        const auto c = product(b);
        change(c->request);
        return find_op(Backend::native, "BlockMatMul")->supports(c->request).why;
    };
    EXPECT_NE(refusal({},
                      [](KernelRequest& r) {
                          r.constants[2] = random_reals({2, 24}, 0.1, 1, 1);
                      })
                  .find("the scales are not [3,24]"),
              std::string::npos);
    EXPECT_NE(refusal({}, [](KernelRequest& r) { r.constants[4] = random_reals({23}, 0.1, 1, 1); })
                  .find("the bias does not have a value for each column"),
              std::string::npos);
}

}  // namespace
}  // namespace halftone::test
