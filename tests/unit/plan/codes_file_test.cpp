// Codes that data chose, beside a plan: they come back as they were, and what does not fit the model is refused.
#include "plan/codes_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "exec/weight_params.hpp"
#include "plan/load_plan.hpp"
#include "support/evaluation_world.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::HasSubstr;

UnitConfig gptq_config(Scheme scheme) {
    UnitConfig config = high_precision(DType::f32);
    config.weight = {.dtype = DType::s4, .scheme = scheme, .algorithm = kGptq, .group_size = 16};
    return config;
}

/// A MatMul and a Gemm with a turned weight, whose codes are other ones than the nearest.
class CodesFileTest : public testing::TestWithParam<Scheme> {
protected:
    CodesFileTest() {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 40});
        const ValueId a = g.mat_mul("a", x, random_tensor({40, 6}, 1));
        model_ = prepared(infer_types(
            g.build({g.gemm("b", a, random_tensor({5, 6}, 2), {}, {{"transB", std::int64_t{1}}})}), reference_ops()));
        for (const Unit& unit : model_.units) {
            UnitNumbers& numbers = numbers_.units[unit.name];
            const Tensor& weight = model_.graph.value(unit.weight).constant;
            WeightConfig nearest = gptq_config(GetParam()).weight;
            nearest.algorithm = kRoundToNearest;
            numbers.weight = choose_weight_params(weight, nearest, unit.weight_channel_axis);
            numbers.codes = quantize(weight, numbers.weight).clone();
            numbers.codes.mutable_view().data[1] = std::byte{3};
            PlanUnit plan{.name = unit.name, .op = unit.op, .nodes = {}, .config = gptq_config(GetParam()), .why = {}};
            parsed_.document.units.push_back(plan);
            parsed_.places.units.emplace_back("p.yaml:1:1: units[0]");
        }
        parsed_.document.model = hex16(model_.hash);
        parsed_.places.codes = "p.yaml:9:1: codes";
        file_ = write_codes(numbers_, "p.codes.npz").value();
        parsed_.document.codes = file_.reference;
        store(file_.bytes);
    }
    void store(const std::string& bytes) { std::ofstream(folder_ / "p.codes.npz", std::ios::binary) << bytes; }
    [[nodiscard]] CodesByUnit read() const { return read_codes(parsed_, folder_ / "p.yaml"); }
    [[nodiscard]] std::string refusal(const CodesByUnit& codes) const {
        PreparedModel model = model_;
        try {
            (void)load_plan(parsed_, model, codes);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "(no error)";
    }

    TemporaryFolder folder_;
    PreparedModel model_;
    PlanNumbers numbers_;
    ParsedPlan parsed_;
    CodesFile file_;
};

TEST_P(CodesFileTest, GivesTheNumbersAgain) {
    PreparedModel model = model_;
    EXPECT_EQ(load_plan(parsed_, model, read()).numbers, numbers_);
    EXPECT_EQ(write_codes(numbers_, "p.codes.npz")->bytes, file_.bytes);
}

TEST_P(CodesFileTest, ThePlanNamesItAndReadsBack) {
    const std::string text = write_plan(parsed_.document);
    const PlanCodes read = parse_plan(text, "p.yaml").document.codes.value();
    EXPECT_EQ(read.file, "p.codes.npz");
    EXPECT_EQ(read.hash, file_.reference.hash);
    EXPECT_EQ(read.units, (std::vector<std::string>{"a", "b"}));
    std::string elsewhere = text;
    elsewhere.replace(elsewhere.find("p.codes.npz"), 11, "../p.codes");
    EXPECT_THROW((void)parse_plan(elsewhere, "p.yaml"), ConfigError);
}

TEST_P(CodesFileTest, OtherBytesAndAMissingFileAreRefused) {
    std::string other = file_.bytes;
    other[200] = static_cast<char>(other[200] ^ 1);
    store(other);
    EXPECT_THROW((void)read(), ConfigError);
    std::filesystem::remove(folder_ / "p.codes.npz");
    EXPECT_THROW((void)read(), ConfigError);
}

TEST_P(CodesFileTest, CodesThatDoNotFitTheModelAreRefused) {
    const CodesByUnit good = read();
    EXPECT_EQ(refusal(good), "(no error)");
    EXPECT_THAT(refusal({}), HasSubstr("the plan has none for it"));
    const auto changed = [&](const std::function<void(BlockCodes&)>& change) {
        CodesByUnit codes = good;
        codes.at("b").codes = codes.at("b").codes.clone();
        change(codes.at("b"));
        return refusal(codes);
    };
    EXPECT_THAT(changed([](BlockCodes& own) {
                    own.codes = Tensor({own.codes.dtype(), Shape{6, 5}});
                }),
                HasSubstr("shape of its weight"));
    EXPECT_THAT(changed([](BlockCodes& own) {
                    own.codes = Tensor({DType::s32, Shape{5, 6}});
                }),
                HasSubstr("another type"));
    EXPECT_THAT(changed([](BlockCodes& own) { own.params.scale.pop_back(); }), HasSubstr("one for each block"));
    EXPECT_THAT(changed([](BlockCodes& own) { own.params.scale[0] = 0; }), HasSubstr("not > 0"));
    EXPECT_THAT(changed([](BlockCodes& own) { own.codes.mutable_view().data[0] = std::byte{100}; }),
                HasSubstr("are not from"));
    EXPECT_THAT(changed([](BlockCodes& own) { own.params.zero_point[0] = 100; }), HasSubstr("are not from"));
}

INSTANTIATE_TEST_SUITE_P(Schemes, CodesFileTest, testing::Values(Scheme::sym, Scheme::asym));

}  // namespace
}  // namespace halftone
