// What the machine says of itself, and the table of operators.
#include "kernel/ops/machine.hpp"

#include <thread>

#include "base/error.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

TEST(Machine, NamesItsInstructionSetAndLibrary) {
    EXPECT_FALSE(isa_name().empty());
    EXPECT_EQ(onednn_version().substr(0, 2), "3.");
    const std::string isa = isa_name();
    if (isa.find("vnni") != std::string::npos) {
        EXPECT_TRUE(has_exact_int8());
    }
    if (isa == "avx2" || isa == "avx512_core") {
        EXPECT_FALSE(has_exact_int8());
    }
}

TEST(Machine, BoundsFollowFromItsInstructions) {
    // Lanes of one instruction over those of a fused multiply-add: 4 bytes or 2 halves in the place of one float.
    const ProductBounds bounds = product_bounds();
    if (isa_name() == "avx2" || isa_name() == "avx512_core") {
        EXPECT_DOUBLE_EQ(bounds.int8, 4.0 / 3) << "three instructions for four products";
    } else if (isa_name().find("amx") == std::string::npos && has_exact_int8()) {
        EXPECT_EQ(bounds.int8, 4);
        EXPECT_EQ(bounds.bf16, has_bf16() ? 2 : 1);
    }
    EXPECT_GE(bounds.int8, 1);
    EXPECT_LE(bounds.bf16, std::max(bounds.int8, 1.0));
}

TEST(Machine, ResultsDoNotDependOnThreads) {
    KernelCase c("Conv", {}, 2);
    c.input(random_reals({4, 16, 12, 12}, -1, 1, 1)).weights(random_reals({32, 16, 3, 3}, -1, 1, 2)).output();
    const Tensor one = run(Backend::dnnl, c);
    set_kernel_threads(2);
    const Tensor two = run(Backend::dnnl, c);
    Tensor elsewhere;
    std::thread([&] { elsewhere = run(Backend::dnnl, c); }).join();  // holds for threads made later, too
    set_kernel_threads(1);
    EXPECT_LE(relative_error(two, one), 2e-6);
    EXPECT_EQ(relative_error(elsewhere, two), 0.0);
    EXPECT_THROW(set_kernel_threads(0), InternalError);
}

TEST(DnnlOps, AreFoundByEveryTypeTheyList) {
    const std::vector<std::string> types = op_types(Backend::dnnl);
    EXPECT_GE(types.size(), 14U);
    for (const std::string& type : types) EXPECT_NE(find_op(Backend::dnnl, type), nullptr) << type;
    EXPECT_EQ(find_op(Backend::dnnl, "NoSuchOp"), nullptr);
}

}  // namespace
}  // namespace halftone::test
