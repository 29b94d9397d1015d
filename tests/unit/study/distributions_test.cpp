// The distributions of a run's trials, on a network whose outputs are known by hand: y = (x0, 2 * x1).
#include "study/distributions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/evaluation_world.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::study {
namespace {

using namespace test;

constexpr std::int64_t kDistributionBatch = 8;

struct DistributionsWorld {
    World world{doubling_graph(), {40}, "[60, 2]"};
    ModelEvaluator evaluator{world.setup()};
    TemporaryFolder folder;

    DistributionsWorld() { calibrated(evaluator); }

    [[nodiscard]] Distributions open() {
        return {{.factory = evaluator.factory(),
                 .model = world.model,
                 .calibration = world.data,
                 .batch = kDistributionBatch},
                "model: test\n",
                folder.path()};
    }
    [[nodiscard]] tune::FinishedTrial trial(std::int64_t number) const {
        return {.trial = TrialId{number}, .candidate = world.space.at(0), .outcome = Score{}, .is_pass = false};
    }
    [[nodiscard]] UnitDistributions of(const std::string& name) const {
        return read_distribution_file(folder.path() + "/distributions/" + name, world.model.units.size());
    }
};

TEST(Distributions, CountTheFirstBatchOfTheCalibrationData) {
    DistributionsWorld w;
    Distributions all = w.open();
    all.on_trial(w.trial(3), {}, 0.5);
    const UnitDistributions fp32 = w.of("fp32.h5");
    ASSERT_EQ(fp32.values.size(), 1U);
    EXPECT_TRUE(fp32.sqnr_db.empty());
    double sum = 0;
    float low = 0;
    for (const auto& row : rows_of(w.world.data, kDistributionBatch)) {
        sum += row[0] + 2 * row[1];
        low = std::min({low, row[0], 2 * row[1]});
    }
    EXPECT_EQ(fp32.values[0].total(), 2 * kDistributionBatch);
    EXPECT_NEAR(fp32.values[0].sum, sum, 1e-5);
    EXPECT_EQ(fp32.values[0].min, low);
}

TEST(Distributions, OfATrialShareTheBinsOfTheFp32Model) {
    DistributionsWorld w;
    Distributions all = w.open();
    all.on_trial(w.trial(3), {}, 0.5);
    const UnitDistributions fp32 = w.of("fp32.h5");
    const UnitDistributions trial = w.of("trial-00003.h5");
    EXPECT_EQ(trial.values[0].low, fp32.values[0].low);
    EXPECT_EQ(trial.values[0].high, fp32.values[0].high);
    EXPECT_NEAR(trial.values[0].sum, fp32.values[0].sum, 0.5) << "8 bits change each value a little";
    ASSERT_EQ(trial.sqnr_db.size(), 1U);
    EXPECT_GT(trial.sqnr_db[0], 25) << "8 bits: about 6 dB for each, less the room above the values";
    EXPECT_LT(trial.sqnr_db[0], 60);
}

TEST(Distributions, AResumedRunReadsWhatWasMeasured) {
    DistributionsWorld w;
    w.open().on_trial(w.trial(3), {}, 0.5);
    const std::string path = w.folder.path() + "/distributions/trial-00003.h5";
    const auto written = std::filesystem::last_write_time(path);
    Distributions resumed = w.open();
    resumed.on_trial(w.trial(3), {}, 0.5);
    EXPECT_EQ(std::filesystem::last_write_time(path), written) << "its model did not run again";
    resumed.on_trial(w.trial(4), {}, 0.5);
    EXPECT_EQ(w.of("trial-00004.h5").values[0].counts, w.of("trial-00003.h5").values[0].counts) << "the same candidate";
}

TEST(Distributions, ADamagedFileCostsOneTrialItsPicture) {
    DistributionsWorld w;
    w.open().on_trial(w.trial(3), {}, 0.5);
    std::ofstream(w.folder.path() + "/distributions/trial-00003.h5") << "damaged";
    Distributions resumed = w.open();
    EXPECT_NO_THROW(resumed.on_trial(w.trial(3), {}, 0.5));
    resumed.on_trial(w.trial(4), {}, 0.5);
    EXPECT_EQ(w.of("trial-00004.h5").values.size(), 1U);
}

TEST(Distributions, ACandidateThatCannotBeBuiltHasNone) {
    World world(unbuildable_graph(), {40}, "[60, 2]");
    ModelEvaluator evaluator(world.setup());
    evaluator.install_calibration(unbuildable_ranges());
    const TemporaryFolder folder;
    Distributions all(
        {.factory = evaluator.factory(), .model = world.model, .calibration = world.data, .batch = kDistributionBatch},
        "", folder.path());
    EXPECT_NO_THROW(all.on_trial({.trial = TrialId{0}, .candidate = world.space.at(0), .outcome = Score{}}, {}, 0.5));
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/distributions/trial-00000.h5"));
}

}  // namespace
}  // namespace halftone::study
