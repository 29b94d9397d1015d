// Names as LPOT's configs have them, against names that exporters give.
#include "space/framework_names.hpp"

#include <gtest/gtest.h>

namespace halftone {
namespace {

TEST(ModulePath, IsThatOfTheModuleBeforeTheOp) {
    EXPECT_EQ(module_path("/conv1/Conv"), "conv1");
    EXPECT_EQ(module_path("/layer1/layer1.0/conv1/Conv"), "layer1.0.conv1") << "a Sequential names itself twice";
    EXPECT_EQ(module_path("/features/features.0/features.0.0/Conv"), "features.0.0");
    EXPECT_EQ(module_path("/bert/encoder/layer.0/attention/self/query/MatMul"),
              "bert.encoder.layer.0.attention.self.query");
    EXPECT_EQ(module_path("/layer1/layer10/Relu"), "layer1.layer10") << "a longer name is another module";
}

TEST(ModulePath, IsEmptyForOtherNames) {
    for (const char* name : {"", "Conv_0", "/Flatten", "resnet/conv1/Conv2D"}) EXPECT_EQ(module_path(name), "") << name;
}

TEST(FrameworkName, MeansAModuleWithOrWithoutDataParallelsPrefix) {
    EXPECT_TRUE(is_framework_name("layer1.0.conv1", "/layer1/layer1.0/conv1/Conv"));
    EXPECT_TRUE(is_framework_name("module.layer1.0.conv1", "/layer1/layer1.0/conv1/Conv"));
    EXPECT_TRUE(is_framework_name("module.dense.layer[1-3].f_cat", "/dense/layer2/f_cat/Concat"));
    EXPECT_FALSE(is_framework_name("module.dense.layer[1-3].f_cat", "/dense/layer4/f_cat/Concat"));
    EXPECT_FALSE(is_framework_name("layer1.0", "/layer1/layer1.0/conv1/Conv")) << "the modules within are others";
    EXPECT_FALSE(is_framework_name("conv1", "Conv_0"));
}

TEST(FrameworkName, MeansTheGemmThatLpotSplits) {
    EXPECT_TRUE(is_framework_name("Gemm_174_MatMul", "Gemm_174"));
    EXPECT_FALSE(is_framework_name("Gemm_174_MatMul", "Gemm_17"));
    EXPECT_FALSE(is_framework_name("_MatMul", "fc"));
}

}  // namespace
}  // namespace halftone
