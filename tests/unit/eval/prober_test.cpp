// Differences between fp32 and a candidate, by hand.
#include "eval/prober.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/evaluation_world.hpp"
#include "support/memory_limit.hpp"

namespace halftone {
namespace {

using namespace test;

/// A prober on two sample sets, 40 and 10, cut into four shards of ten samples.
struct ProberWorld {
    World world;
    SampleSource samples;
    SessionResources resources;
    Calibrator calibrator;
    CandidateFactory factory;
    Prober prober;

    explicit ProberWorld(const Graph& graph = doubling_graph())
        : world(graph, {40, 10}, "[60, 2]"),
          samples(world.data, {.samples = 40, .shards = 4, .batch = 8}),
          calibrator(world.model, world.space, &samples),
          factory(world.space, calibrator, &samples, {}),
          prober({.model = &world.model,
                  .calibrator = &calibrator,
                  .factory = &factory,
                  .samples = &samples,
                  .resources = &resources}) {
        resources.batch = 8;
    }

    void install(const std::string& each) { calibrator.install(each + each); }
    void install_range(Range range) {
        WireWriter writer;
        writer.put_text(ranges_of({{"x", range}}).encode());
        install(writer.take());
    }
    [[nodiscard]] Job probe(std::int64_t calibration, ProbeKind kind, bool is_fp32 = false) const {
        Job job;
        job.kind = JobKind::probe;
        const int fp32 = world.space.decisions()[0].find_high_precision(DType::f32);
        job.candidate = world.space.make(calibration, world.space.at(0).choice);
        if (is_fp32) job.candidate = world.space.with(job.candidate, 0, static_cast<std::uint16_t>(fp32));
        job.probe = kind;
        return job;
    }
    [[nodiscard]] ProbeResult all(const Job& job) {
        std::vector<std::string> payloads;
        for (std::int64_t s = 0; s < 4; ++s) payloads.push_back(prober.run(job, s).payload);
        return merge_errors(payloads);
    }
};

TEST(Prober, OutputsThatAreNotKeptAreComputedAgain) {
    ProberWorld kept;
    kept.install_range({-1, 1});
    const ProbeResult with_memory = kept.all(kept.probe(0, ProbeKind::output_error));

    ProberWorld w;
    w.install_range({-1, 1});
    const Job job = w.probe(0, ProbeKind::output_error);
    std::vector<std::string> payloads{w.prober.run(job, 0).payload};  // makes the sessions
    const std::uint64_t before = process_budget().bytes_in_use();
    const MemoryLimit limit(200);  // less than four times an output, so nothing is kept from here on
    for (std::int64_t s = 1; s < 4; ++s) payloads.push_back(w.prober.run(job, s).payload);
    EXPECT_LE(process_budget().bytes_in_use(), before);
    EXPECT_EQ(merge_errors(payloads).values, with_memory.values);
}

TEST(Prober, TooLittleMemoryIsTheCandidatesFailure) {
    ProberWorld w;
    w.install_range({-1, 1});
    const Job job = w.probe(0, ProbeKind::unit_errors);
    {
        const MemoryLimit limit(0);
        EXPECT_THAT(w.prober.run(job, 0).failure, ::testing::HasSubstr("needs"));
    }
    EXPECT_EQ(w.prober.run(job, 0).failure, "") << "the next attempt starts afresh";
}

TEST(Prober, SumsAreThoseOfTheValuesRoundedByHand) {
    ProberWorld w;
    w.install_range({-1, 1});  // scale 2/255, zero point 128 (127.5 rounded to even)
    const ProbeResult result = w.all(w.probe(0, ProbeKind::output_error));
    ASSERT_EQ(result.values.size(), 1U);
    EXPECT_EQ(result.samples, 40);
    EXPECT_EQ(result.values[0].count, 80);
    double error = 0;
    double reference = 0;
    for (const auto& row : rows_of(w.world.data, 40)) {
        for (std::size_t c = 0; c < 2; ++c) {
            const double x = row[c];
            const double code = std::clamp(std::nearbyint(x * 255 / 2) + 128, 0.0, 255.0);
            const double factor = c == 0 ? 1 : 2;  // both are weights that int8 stores exactly: 127 * (1 / 127)
            error += std::pow(factor * (x - (code - 128) * 2 / 255), 2);
            reference += std::pow(factor * x, 2);
        }
    }
    EXPECT_NEAR(result.values[0].error, error, 1e-4 * error);
    EXPECT_NEAR(result.values[0].reference, reference, 1e-6 * reference);
}

TEST(Prober, ReadsOnlyTheSamplesThatTheCandidateWasCalibratedWith) {
    ProberWorld w;
    w.install_range({-1, 1});
    EXPECT_EQ(w.all(w.probe(1, ProbeKind::output_error)).samples, 10);
    EXPECT_EQ(w.all(w.probe(1, ProbeKind::output_error)).values[0].count, 20);
    EXPECT_EQ(merge_errors({w.prober.run(w.probe(1, ProbeKind::output_error), 3).payload}).samples, 0);
}

TEST(Prober, AnFp32CandidateHasNoError) {
    ProberWorld w;
    w.install_range({-1, 1});
    for (const ProbeKind kind : {ProbeKind::unit_errors, ProbeKind::output_error}) {
        EXPECT_EQ(w.all(w.probe(0, kind, true)).values.at(0).error, 0);
    }
}

TEST(Prober, EachCandidateAndKindGetsItsOwnAnswer) {
    ProberWorld w;
    w.install_range({-1, 1});
    const ProbeResult before = w.all(w.probe(0, ProbeKind::output_error));
    EXPECT_EQ(w.all(w.probe(0, ProbeKind::output_error, true)).values[0].error, 0);
    EXPECT_GT(w.all(w.probe(0, ProbeKind::unit_errors)).values[0].error, 0);
    EXPECT_EQ(w.all(w.probe(0, ProbeKind::output_error)), before);
}

TEST(Prober, ACandidateThatCannotBeBuiltLeavesTheProberUsable) {
    ProberWorld w(unbuildable_graph());
    w.install(unbuildable_ranges());
    const ShardResult failed = w.prober.run(w.probe(0, ProbeKind::output_error), 0);
    EXPECT_THAT(failed.failure, ::testing::HasSubstr("unit 'g2'"));
    EXPECT_EQ(failed.payload, "");
    Job good = w.probe(0, ProbeKind::output_error);
    for (std::size_t d = 0; d < w.world.space.decisions().size(); ++d) {
        const int fp32 = w.world.space.decisions()[d].find_high_precision(DType::f32);
        good.candidate = w.world.space.with(good.candidate, d, static_cast<std::uint16_t>(fp32));
    }
    EXPECT_EQ(w.prober.run(good, 0).failure, "");
}

}  // namespace
}  // namespace halftone
