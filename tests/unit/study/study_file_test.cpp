#include "study/study_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "dump/h5_reader.hpp"
#include "study/distribution_bins.hpp"
#include "study/distribution_file.hpp"
#include "unit/study/run_folder.hpp"

namespace halftone::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsNan;

/// Writes the folder's study.h5 and opens it.
H5Reader written(RunFolder& run) {
    const StudySource source = run.read();
    write_study(source, run.path("study.h5"), run.warnings);
    return H5Reader(run.path("study.h5"));
}

TEST(StudyFile, TrialsReadBack) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    run.write("best.yaml", kBestYaml);
    const H5Reader file = written(run);
    EXPECT_THAT(run.warnings, IsEmpty());
    EXPECT_THAT(file.integers("/trials/trial"), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(file.numbers("/trials/accuracy"), ElementsAre(0.9166, 0.93, IsNan(), IsNan()));
    EXPECT_THAT(file.numbers("/trials/bound_high"), ElementsAre(IsNan(), IsNan(), IsNan(), 0.921));
    EXPECT_THAT(file.integers("/trials/bytes"), ElementsAre(42, 70, -1, 120));
    EXPECT_THAT(file.integers("/trials/high_precision_units"), ElementsAre(0, 1, 0, 2));
    EXPECT_THAT(file.integers("/trials/calibration_samples"), ElementsAre(50, 100, -1, 50));
    EXPECT_THAT(file.integers("/trials/delivered"), ElementsAre(0, 1, 0, 0));
    EXPECT_THAT(file.texts("/trials/failure"), ElementsAre("", "", "scale is not finite", ""));
    EXPECT_THAT(file.integers("/plans/option"), ElementsAre(0, 0, 0, 1, -1, -1, 1, 1));
}

TEST(StudyFile, RunGoalAndUnitsReadBack) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    const H5Reader file = written(run);
    EXPECT_EQ(file.text_attribute("/run", "state"), "stopped");
    EXPECT_EQ(file.integer_attribute("/run", "ranks"), 2);
    EXPECT_EQ(file.text_attribute("/goal", "kind"), "absolute");
    EXPECT_EQ(file.integer_attribute("/goal", "baseline_correct"), 9328);
    EXPECT_THAT(file.texts("/units/name"), ElementsAre("/0/conv", "/1/gemm"));
    EXPECT_THAT(file.texts("/units/nodes"), ElementsAre("/0/conv /0/relu", "/1/gemm"));
    EXPECT_THAT(file.integers("/units/fp32_bytes"), ElementsAre(80, 40));
    EXPECT_THAT(file.integers("/options/unit"), ElementsAre(0, 0, 1, 1));
    EXPECT_THAT(file.texts("/options/weight_dtype"), ElementsAre("int8", "fp32", "int8", "fp32"));
}

TEST(StudyFile, HowFarARunIsIsWrittenWhileItGoesOn) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    EXPECT_FALSE(written(run).has("/progress")) << "the run has stopped";
    StudySource source = run.read();
    source.is_running = true;
    source.progress =
        RunProgress{.trials = 4, .most_left = 16, .elapsed_s = 20, .expected_left_s = 14, .written_s = 1e9};
    source.progress_age_s = 4;
    write_study(source, run.path("study.h5"), run.warnings);
    const H5Reader file(run.path("study.h5"));
    EXPECT_EQ(file.text_attribute("/run", "state"), "running");
    EXPECT_EQ(file.integer_attribute("/progress", "trials"), 4);
    EXPECT_EQ(file.integer_attribute("/progress", "most_trials_left"), 16);
    EXPECT_EQ(file.text_attribute("/progress", "left"), "about 10s left");
}

TEST(StudyFile, ProbesReadBackWithTheirDistances) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    const H5Reader file = written(run);
    EXPECT_THAT(file.integers("/sensitivity/unit"), ElementsAre(0, 1));
    EXPECT_THAT(file.texts("/sensitivity/fallback"), ElementsAre("/1/gemm", "/1/gemm"));
    EXPECT_THAT(file.numbers("/sensitivity/relative"), ElementsAre(0.01, 0.25));
    EXPECT_THAT(file.numbers("/sensitivity/cosine"), ElementsAre(0.995, 1.0));
}

TEST(StudyFile, ARunWithProbesNeedsNoStudyJson) {
    RunFolder run(four_trials());
    const H5Reader file = written(run);
    EXPECT_THAT(run.warnings, IsEmpty());
    EXPECT_THAT(file.integers("/sensitivity/unit"), ElementsAre(0, 1));
    EXPECT_THAT(file.texts("/sensitivity/fallback"), ElementsAre("", "")) << "nobody knows what could be quantized";
    EXPECT_THAT(file.integers("/trials/bytes"), ElementsAre(-1, -1, -1, -1));
}

TEST(StudyFile, ARunThatHasOnlyBegunIsWritten) {
    RunFolder run({journal::sample_header()});
    const H5Reader file = written(run);
    EXPECT_THAT(file.numbers_attribute("/goal", "baseline_accuracy"), ElementsAre(IsNan()));
    EXPECT_FALSE(file.has("/latency"));
    EXPECT_FALSE(file.has("/finalists"));
    EXPECT_FALSE(file.has("/delivered"));
}

TEST(StudyFile, LatencyAndFinalistsReadBack) {
    std::vector<journal::Record> records = four_trials();
    records.emplace_back(
        journal::LatencyTable{.unit_ms = {{0.1, 0.25}, {0.3}}, .conversions = {{-1, 0, 0.01, 0.02}}, .rest_ms = 0.5});
    records.emplace_back(journal::Finalists{.entries = {{1, "9f3c61d2a0b7e845", {1.5, 1.4, 1.6}}}, .chosen = 1});
    RunFolder run(records);
    const H5Reader file = written(run);
    EXPECT_THAT(file.numbers("/latency/units/ms"), ElementsAre(0.1, 0.25, 0.3));
    EXPECT_THAT(file.integers("/latency/units/option"), ElementsAre(0, 1, 0));
    EXPECT_THAT(file.numbers("/latency/borders/dequantize_ms"), ElementsAre(0.02));
    EXPECT_THAT(file.numbers("/finalists/high_ms"), ElementsAre(1.6));
    EXPECT_EQ(file.integer_attribute("/finalists", "chosen"), 1);
}

TEST(StudyFile, TheDeliveredPlanReadsBackWithoutWeights) {
    RunFolder run(four_trials());
    run.write("best.yaml", kBestYaml);
    const H5Reader file = written(run);
    EXPECT_THAT(file.texts("/delivered/plan"), ElementsAre(kBestYaml));
    EXPECT_THAT(file.texts("/delivered/units/why"), ElementsAre("", "fell back"));
    EXPECT_THAT(file.texts("/delivered/tensors/value"), ElementsAre("x"));
    EXPECT_THAT(file.numbers("/delivered/tensors/scale"), ElementsAre(0.5));
    EXPECT_THAT(file.integers("/delivered/tensors/zero_point"), ElementsAre(3));
}

TEST(StudyFile, DistributionsReadBackAndADamagedTrialIsLeftOut) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    std::filesystem::create_directories(run.path("distributions"));
    const std::vector<float> x{0, 1};
    const Distribution values = count_values(x, {2, 2}, bins_around(x, {2, 2}));
    write_distribution_file(run.path("distributions/fp32.h5"), {{values, values}, {}});
    write_distribution_file(run.path("distributions/" + distribution_file_name(1)), {{values, values}, {20, 30}});
    run.write("distributions/" + distribution_file_name(0), "no HDF5");
    const H5Reader file = written(run);
    EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("trial 0 is left out")));
    EXPECT_THAT(file.integers("/distributions/trial"), ElementsAre(1));
    EXPECT_THAT(file.numbers("/distributions/sqnr_db"), ElementsAre(20, 30));
    EXPECT_EQ(file.layout("/distributions/quantized").shape, (std::vector<std::int64_t>{1, 2, 130}));
}

TEST(StudyFile, ADamagedCalibrationIsAWarning) {
    RunFolder run(four_trials());
    run.write("calibration.h5", "no HDF5");
    const H5Reader file = written(run);
    EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("the calibration is left out")));
    EXPECT_FALSE(file.has("/calibration"));
}

}  // namespace
}  // namespace halftone::study
