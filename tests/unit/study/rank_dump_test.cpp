#include "study/rank_dump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "dump/tensor_dump.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A dump of four samples in two parts. Each unit has one element for each sample.
class RankDump : public ::testing::Test {
protected:
    RankDump() {
        layout_.identity = "one";
        layout_.model = "9be2d1f0a7c34e58";
        layout_.plan = "best.yaml";
        layout_.samples = 4;
        layout_.batch = 2;
        layout_.shards = {{0, 2}, {2, 2}};
        // Codes of scale 1 and zero point 0 reach from 0 to 255.
        add_unit("clipped", DType::u8);
        add_unit("noisy", DType::u8);
        add_unit("turned", DType::f32);
        for (std::size_t shard = 0; shard < 2; ++shard) {
            DumpPart part(layout_, shard, folder_.path());
            const std::size_t at = 2 * shard;
            write(part, 0, kClipped.data() + at, kClippedCodes.data() + at);
            write(part, 1, kNoisy.data() + at, kNoisyCodes.data() + at);
            write(part, 2, kTurned.data() + at, kTurnedQuantized.data() + at);
            part.commit();
        }
        H5Writer file(folder_ / "index.h5");
        write_index(file, layout_, folder_.path());
        file.commit();
    }
    void add_unit(const std::string& name, DType stored) {
        layout_.units.push_back({.group = dump_group(layout_.units.size(), name),
                                 .unit = name,
                                 .op = "Relu",
                                 .value = name + "_out",
                                 .sample_shape = {1},
                                 .inner = 1,
                                 .stored = stored,
                                 .scale = 1,
                                 .zero_point = 0});
    }
    template <class Stored>
    static void write(DumpPart& part, std::size_t unit, const float* fp32, const Stored* stored) {
        part.write(unit, 0, 2, reinterpret_cast<const std::byte*>(fp32), reinterpret_cast<const std::byte*>(stored));
    }
    [[nodiscard]] std::vector<std::string> names(DumpOrder order) const {
        std::vector<std::string> names;
        for (const RankedUnit& unit : rank_dump(folder_.path(), order).units) names.push_back(unit.unit);
        return names;
    }
    [[nodiscard]] RankedUnit unit(const std::string& name) const {
        for (const RankedUnit& unit : rank_dump(folder_.path(), DumpOrder::mse).units) {
            if (unit.unit == name) return unit;
        }
        ADD_FAILURE() << name;
        return {};
    }

    // 300 is cut off to 255, and 255.4 lies within half a step of it.
    static constexpr std::array<float, 4> kClipped{300, 255.4F, 0, 0};
    static constexpr std::array<std::uint8_t, 4> kClippedCodes{255, 255, 0, 0};
    static constexpr std::array<float, 4> kNoisy{1, 2, 1, 2};
    static constexpr std::array<std::uint8_t, 4> kNoisyCodes{2, 3, 2, 3};
    static constexpr std::array<float, 4> kTurned{4, 0, 4, 0};
    static constexpr std::array<float, 4> kTurnedQuantized{4, 3, 4, 3};
    TemporaryFolder folder_;
    DumpLayout layout_;
};

TEST_F(RankDump, SumsAreThoseOfTheValues) {
    const RankedUnit noisy = unit("noisy");
    EXPECT_EQ(noisy.sums.count, 4);
    EXPECT_EQ(noisy.sums.error, 4);       // four times 1 squared
    EXPECT_EQ(noisy.sums.reference, 10);  // 1 + 4 + 1 + 4
    EXPECT_EQ(noisy.sums.quantized, 26);  // 4 + 9 + 4 + 9
    EXPECT_EQ(noisy.sums.product, 16);    // 2 + 6 + 2 + 6
}

TEST_F(RankDump, CountsWhatTheCodesCannotReach) {
    EXPECT_EQ(unit("clipped").clipped, 0.25);
    EXPECT_EQ(unit("noisy").clipped, 0);
    EXPECT_EQ(unit("turned").clipped, 0) << "it is not stored as codes";
}

TEST_F(RankDump, OrdersByEachDistance) {
    // Noise to signal: 18 / 32, 4 / 10, 2025.16 / 155229.
    EXPECT_THAT(names(DumpOrder::mse), ElementsAre("turned", "noisy", "clipped"));
    // Cosines: 32 / sqrt(32 * 50) = 0.8, 16 / sqrt(260) = 0.992, 0.997.
    EXPECT_THAT(names(DumpOrder::cosine), ElementsAre("turned", "noisy", "clipped"));
    EXPECT_THAT(names(DumpOrder::clipped), ElementsAre("clipped", "noisy", "turned"));
    // Scaled by their own ranges, `noisy` is exact, because its error is a shift. `turned`: 4, 0, 4, 0 becomes
    // 1, 0, 1, 0, as 4, 3, 4, 3 does; both are 0. `clipped`: 255.4 / 300 against 1.
    EXPECT_THAT(names(DumpOrder::lpot), ElementsAre("clipped", "noisy", "turned"));
    EXPECT_NEAR(unit("turned").sums.own_range_mse(), 0, 1e-12);
}

TEST_F(RankDump, IsATableAndOneJsonObject) {
    const DumpRanking ranking = rank_dump(folder_.path(), DumpOrder::mse);
    const std::string text = ranking_text(ranking);
    EXPECT_THAT(text, HasSubstr(": 3 units, 4 samples, model 9be2d1f0a7c34e58, quantized by best.yaml\n"));
    EXPECT_THAT(text, HasSubstr("unit, by mse"));
    EXPECT_THAT(text, HasSubstr("0.5625"));
    EXPECT_THAT(text, HasSubstr("25.0000 %\n"));
    const std::string json = ranking_json(ranking);
    EXPECT_THAT(json, HasSubstr(R"("samples":4,"rank":"mse","units":[{"unit":"turned","op":"Relu","stored":"fp32",)"
                                R"("relative":0.5625,)"));
    EXPECT_THAT(json, HasSubstr(R"("clipped":null)"));
    EXPECT_THAT(json, HasSubstr(R"("clipped":0.25)"));
}

TEST_F(RankDump, AMissingPartIsRefused) {
    std::filesystem::remove(folder_ / "part-0001.h5");
    EXPECT_THROW((void)rank_dump(folder_.path(), DumpOrder::mse), DataError);
}

}  // namespace
}  // namespace halftone::study
