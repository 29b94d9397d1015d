// The latency table of a run, measured when something asks for it first.
#include "tune/latency_on_demand.hpp"

#include <gtest/gtest.h>

#include "support/toy_scripts.hpp"

namespace halftone {
namespace {

using namespace test;
using tune::LatencyOnDemand;

class LatencyOnDemandTest : public testing::Test {
protected:
    LatencyOnDemandTest() { problem.latency = LatencyTable{.unit_ms = {{1.5}}, .conversions = {}, .rest_ms = 0.5}; }

    std::unique_ptr<MemoryFileSystem> files = make_memory_file_system();
    journal::Writer writer{*files, "trials.jsonl", 0};
    ToyProblem problem = listed_problem({0.9});
    FakeClock clock;
    std::atomic<bool> stop{false};
    ToyServices services{problem, writer, clock, stop};
    NotingListener listener;
    tune::JournalHistory history;
    Hooks hooks;
    Ledger ledger;
    ToyEvaluator evaluator{problem, hooks, ledger, RankId{0}};
    std::unique_ptr<Communicator> comm = make_local_communicator();
    tune::Dispatcher dispatcher{*comm, evaluator};
    tune::RunContext run{problem.settings, services, listener, evaluator, dispatcher, history};

    [[nodiscard]] std::size_t records() const { return journal::read_journal(*files, "trials.jsonl").records.size(); }
};

TEST_F(LatencyOnDemandTest, MeasuresAndJournalsOnce) {
    LatencyOnDemand latency(run);
    EXPECT_FALSE(latency.known());
    EXPECT_FALSE(latency.decides());
    EXPECT_EQ(latency.predict_ms(problem.space.at(0)), std::nullopt);
    EXPECT_EQ(latency.source()(), *problem.latency);
    (void)latency.table();
    EXPECT_EQ(records(), 1U);
    EXPECT_TRUE(latency.decides());
    EXPECT_EQ(latency.predict_ms(problem.space.at(0)), 2.0);
}

TEST_F(LatencyOnDemandTest, TakesTheTableOfAnEarlierSession) {
    history.latency = LatencyTable{.unit_ms = {{3.0}}, .conversions = {}, .rest_ms = 0};
    LatencyOnDemand latency(run);
    EXPECT_EQ(latency.table().unit_ms[0][0], 3.0);
    EXPECT_EQ(records(), 0U);
}

TEST_F(LatencyOnDemandTest, RefusesATableOfAnotherSpace) {
    for (const LatencyTable& table : {LatencyTable{.unit_ms = {{3.0}, {1.0}}, .conversions = {}},
                                      LatencyTable{.unit_ms = {{3.0, 1.0}}, .conversions = {}},
                                      LatencyTable{.unit_ms = {{3.0}}, .conversions = {{0, 1, 0, 0}}}}) {
        history.latency = table;
        EXPECT_THROW((void)LatencyOnDemand(run).table(), ConfigError);
    }
}

TEST_F(LatencyOnDemandTest, WithoutAMeasurementThereIsNoSource) {
    problem.latency.reset();
    EXPECT_FALSE(LatencyOnDemand(run).source());
}

}  // namespace
}  // namespace halftone
