// Products of two tensors by packed panels, against the reference: every number of rows and columns up to more than a
// tile, and matrices that are repeated.
#include <cmath>
#include <cstring>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

class NativeMatMul : public testing::Test {
protected:
    void SetUp() override {
        if (!has_avx2() || has_avx512()) GTEST_SKIP() << "own products are for AVX2";
    }
    static std::unique_ptr<KernelCase> product(const Shape& left, const Shape& right) {
        auto c = std::make_unique<KernelCase>("MatMul", Attributes{}, 2);
        c->input(random_reals(left, -1, 1, 1)).input(random_reals(right, -1, 1, 2)).output();
        return c;
    }
};

TEST_F(NativeMatMul, EqualsReferenceForEveryTail) {
    for (std::int64_t rows = 8; rows <= 20; ++rows) {
        for (const std::int64_t columns : {1, 7, 16, 17, 31, 64, 65}) {
            const auto c = product({rows, 13}, {13, columns});
            EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), 1e-6) << rows << " " << columns;
        }
    }
}

TEST_F(NativeMatMul, EqualsReferenceForRepeatedMatrices) {
    const std::vector<std::pair<Shape, Shape>> cases{{{2, 3, 9, 5}, {2, 3, 5, 33}},
                                                     {{2, 3, 9, 5}, {5, 33}},
                                                     {{9, 5}, {2, 3, 5, 33}},
                                                     {{2, 1, 9, 5}, {1, 3, 5, 33}},
                                                     {{1, 12, 200, 64}, {1, 12, 64, 200}}};
    for (const auto& [left, right] : cases) {
        const auto c = product(left, right);
        EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), 1e-6) << left.to_text();
    }
}

TEST_F(NativeMatMul, ThreadsChangeNoBit) {
    const auto c = product({3, 205, 40}, {3, 40, 150});
    set_kernel_threads(1);
    const Tensor one = run(Backend::native, *c);
    set_kernel_threads(3);
    const Tensor three = run(Backend::native, *c);
    set_kernel_threads(1);
    EXPECT_EQ(std::memcmp(one.view().data, three.view().data, one.bytes()), 0);
}

TEST_F(NativeMatMul, PassesNaNToItsRow) {
    const auto c = product({10, 6}, {6, 20});
    c->data[0].mutable_view().as<float>()[6] = std::nanf("");
    const Tensor y = run(Backend::native, *c);
    for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(std::isnan(y.as<float>()[i]), i / 20 == 1) << i;
}

TEST_F(NativeMatMul, LeavesFewRowsToOneDNN) {
    EXPECT_EQ(find_op(Backend::native, "MatMul")->supports(product({7, 6}, {6, 20})->request).why,
              "too few rows to pack the right operand for");
}

}  // namespace
}  // namespace halftone::test
