// What a dump holds, on a network whose outputs are known by hand: y = (x0, 2 * x1).
#include "study/dump_work.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "comm/threads.hpp"
#include "study/dump_run.hpp"
#include "support/evaluation_world.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::study {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kDumpSamples = 25;  // three batches of 8 and a short one

/// Everything that a dump of the first candidate needs; its ranges come from a calibration.
struct DumpWorld {
    World world{doubling_graph(), {40}, "[60, 2]"};
    ModelEvaluator evaluator{world.setup()};
    TemporaryFolder folder;

    DumpWorld() { calibrated(evaluator); }

    [[nodiscard]] DumpContents contents(std::int64_t shards = 2) const {
        return {.units = {0}, .samples = kDumpSamples, .batch = 8, .shards = shards, .plan = "a test", .version = "0"};
    }
    [[nodiscard]] DumpWork work(const DumpContents& contents) {
        return {world.data, world.model, evaluator.factory().quantized(world.space.at(0)), contents};
    }
    void write(DumpWork& work) const {
        for (std::size_t s = 0; s < work.layout().shards.size(); ++s) work.write_part(s, folder.path());
        work.write_index(folder.path());
    }
};

/// The fp32 and quantized outputs of unit 0 for all samples, as a reader sees them.
struct DumpedValues {
    std::vector<float> fp32, quantized;
};
DumpedValues read_all(const std::string& folder) {
    const DumpReader reader(folder);
    DumpedValues all;
    for (std::size_t s = 0; s < reader.layout().shards.size(); ++s) {
        const DumpShard& shard = reader.layout().shards[s];
        const auto elements = static_cast<std::size_t>(shard.count * reader.layout().units[0].sample_elements());
        std::vector<float> fp32(elements);
        std::vector<float> quantized(elements);
        std::vector<std::byte> codes(elements * sizeof(float));
        reader.read(0, s, shard.first, shard.count, fp32, quantized, codes);
        all.fp32.insert(all.fp32.end(), fp32.begin(), fp32.end());
        all.quantized.insert(all.quantized.end(), quantized.begin(), quantized.end());
    }
    return all;
}

TEST(DumpWork, HoldsTheOutputsOfEverySampleInOrder) {
    DumpWorld w;
    DumpWork work = w.work(w.contents());
    w.write(work);
    const DumpedValues dumped = read_all(w.folder.path());
    const auto rows = rows_of(w.world.data, kDumpSamples);
    ASSERT_EQ(dumped.fp32.size(), rows.size() * 2);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(dumped.fp32[2 * i], rows[i][0]);
        EXPECT_EQ(dumped.fp32[2 * i + 1], 2 * rows[i][1]);
        // 8 bits over about [-2, 2]: the quantized output is near, and it is not the same everywhere.
        EXPECT_NEAR(dumped.quantized[2 * i], rows[i][0], 0.05);
        EXPECT_NEAR(dumped.quantized[2 * i + 1], 2 * rows[i][1], 0.05);
    }
    EXPECT_NE(dumped.quantized, dumped.fp32);
}

TEST(DumpWork, DoesNotDependOnTheNumberOfShards) {
    DumpWorld one;
    DumpWorld many;
    DumpWork whole = one.work(one.contents(1));
    DumpWork parts = many.work(many.contents(7));
    one.write(whole);
    many.write(parts);
    EXPECT_EQ(read_all(one.folder.path()).fp32, read_all(many.folder.path()).fp32);
    EXPECT_EQ(read_all(one.folder.path()).quantized, read_all(many.folder.path()).quantized);
    EXPECT_NE(whole.layout().identity, parts.layout().identity) << "parts of one must not be taken for the other's";
}

TEST(DumpWork, KnowsItsSizeBeforeItRuns) {
    DumpWorld w;
    const DumpWork work = w.work(w.contents());
    const DumpedUnit& unit = work.layout().units.at(0);
    EXPECT_THAT(unit.sample_shape, ElementsAre(2));
    EXPECT_EQ(work.activation_bytes(), kDumpSamples * (2 * 4 + 2 * (unit.stored == DType::f32 ? 4 : 1)));
    EXPECT_EQ(work.weight_bytes(), 4 * 4 + 4) << "four weights, fp32 and codes";
}

TEST(DumpWork, WritesTheWeightsWithTheirCodes) {
    DumpWorld w;
    DumpWork work = w.work(w.contents());
    w.write(work);
    const H5Reader index(w.folder / "index.h5");
    const std::string group = "/weights/" + work.layout().units[0].group;
    EXPECT_THAT(index.numbers(group + "/fp32"), ElementsAre(1, 0, 0, 2));
    const auto codes = index.integers(group + "/quantized");
    const auto scales = index.numbers_attribute(group + "/quantized", "scale");
    ASSERT_EQ(scales.size(), 2U);
    EXPECT_THAT(index.layout(group + "/quantized").shape, ElementsAre(2, 2));
    EXPECT_THAT(codes, ElementsAre(127, 0, 0, 127)) << "the largest weight of each channel has the largest code";
    EXPECT_FLOAT_EQ(static_cast<float>(127 * scales[1]), 2);
}

TEST(DumpWork, RefusesAnOutputWithoutARowForEachSample) {
    // The second output of the network adds up over the batch.
    GraphMaker g;
    const ValueId x = g.input("x", {2, 2});
    const ValueId y = g.gemm("g", g.node("Transpose", "t", {x}), floats({2, 2}, {1, 0, 0, 2}));
    World world(infer_types(g.build({y}), reference_ops()), {40}, "[60, 2]");
    // A fixed batch of 2 is its own number of rows: the unit is accepted. With one of another length it is not.
    DumpContents contents{.units = {0}, .samples = 4, .batch = 3, .shards = 1, .plan = "", .version = ""};
    QuantizedModel quantized;
    quantized.graph = world.model.graph;
    EXPECT_THROW((DumpWork{world.data, world.model, quantized, contents}), ModelError);
}

/// Runs the collective steps of a dump with one rank. (HDF5 is not made for threads, so several ranks are tested as
/// processes, in system.dump.) @return whether all parts were written
bool dump_alone(const std::string& folder, bool stop) {
    DumpWorld w;
    bool is_done = false;
    const std::atomic<bool> stopped = stop;
    ThreadWorld(ThreadWorldOptions{.size = 1, .max_delay = {}, .seed = 0}).run([&](Communicator& comm) {
        Agreement agreement(comm);
        calibrate_together(comm, agreement, w.evaluator);
        DumpWork work = w.work(w.contents(5));
        const auto missing =
            prepare_together(comm, agreement, work, {.folder = folder, .max_bytes = 1 << 20, .resume = true});
        is_done = write_together(comm, agreement, work, missing, folder, stopped);
        if (is_done) work.write_index(folder);
    });
    return is_done;
}

TEST(DumpRun, WritesWhatTheWorkWrites) {
    DumpWorld w;
    DumpWork work = w.work(w.contents(5));
    w.write(work);
    const TemporaryFolder folder;
    EXPECT_TRUE(dump_alone(folder / "d", false));
    EXPECT_EQ(read_all(folder / "d").quantized, read_all(w.folder.path()).quantized);
}

TEST(DumpRun, ADumpThatWasStoppedGoesOn) {
    const TemporaryFolder folder;
    EXPECT_FALSE(dump_alone(folder / "d", true));
    EXPECT_THROW(DumpReader reader(folder / "d"), DataError) << "without an index it is no dump";
    EXPECT_TRUE(dump_alone(folder / "d", false));
    EXPECT_EQ(read_all(folder / "d").fp32.size(), static_cast<std::size_t>(kDumpSamples * 2));
}

TEST(DumpRun, ADumpThatIsTooLargeIsRefusedOnEveryRank) {
    const TemporaryFolder folder;
    int refused = 0;
    ThreadWorld(ThreadWorldOptions{.size = 2, .max_delay = {}, .seed = 0}).run([&](Communicator& comm) {
        DumpWorld w;
        Agreement agreement(comm);
        const DumpWork work = w.work(w.contents());
        try {
            static_cast<void>(
                prepare_together(comm, agreement, work, {.folder = folder / "d", .max_bytes = 10, .resume = false}));
        } catch (const Error& error) {  // the code travels between ranks, the type does not
            EXPECT_EQ(error.code(), ConfigError("").code());
            EXPECT_THAT(error.what(), HasSubstr("--max-bytes"));
            if (comm.rank() == RankId{1}) ++refused;
        }
    });
    EXPECT_EQ(refused, 1) << "rank 1 hears of rank 0's refusal";
}

}  // namespace
}  // namespace halftone::study
