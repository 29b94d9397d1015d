// Ranks on several hosts: what must be the same, and how what is not is said.
#include "rehearsal/rank_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RankFacts rank_on(const std::string& host) {
    return {.host = host, .isa = "avx2", .memory_limit = 1000, .calibration = "c0", .evaluation = "e0"};
}

std::vector<Fault> faults_of(const std::vector<RankFacts>& ranks) {
    FaultList faults("c.yaml", {});
    compare_ranks(ranks, faults);
    return faults.sorted();
}

TEST(RankFacts, EqualHostsHaveNoFaults) {
    EXPECT_THAT(faults_of({rank_on("a"), rank_on("a"), rank_on("b")}), IsEmpty());
    EXPECT_THAT(faults_of({}), IsEmpty());
}

TEST(RankFacts, OtherDataAndAnotherInstructionSetAreFaultsOfTheHost) {
    RankFacts other = rank_on("b");
    other.evaluation = "e1";
    other.isa = "avx512_core";
    const std::vector<Fault> faults = faults_of({rank_on("a"), other, other});
    ASSERT_EQ(faults.size(), 2U) << "two ranks of a host say it once";
    EXPECT_EQ(faults[0].where, "host b");
    EXPECT_THAT(faults[0].what, HasSubstr("avx512_core here and avx2 on host a"));
    EXPECT_EQ(faults[0].code, ExitCode::usage);
    EXPECT_THAT(faults[1].what, HasSubstr("the evaluation data are not those of host a"));
    EXPECT_EQ(faults[1].code, ExitCode::model);
}

TEST(RankFacts, DataThatAreMissingOnOneHostAreNamedWithIt) {
    RankFacts without = rank_on("b");
    without.calibration = without.evaluation = "";
    without.fault = "no such folder";
    const std::vector<Fault> faults = faults_of({rank_on("a"), without});
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].where, "host b");
    EXPECT_EQ(faults[0].what, "no such folder");
    RankFacts first = rank_on("a");
    first.fault = "no such folder";
    EXPECT_THAT(faults_of({first, without}), IsEmpty()) << "rank 0 lists it by itself";
}

TEST(RankFacts, TravelAsBytes) {
    RankFacts facts = rank_on("a");
    facts.fault = "why";
    EXPECT_EQ(decode_rank(encode_rank(facts)), facts);
    EXPECT_THROW(static_cast<void>(decode_rank("\x05"
                                               "ab")),
                 MpiError);
    EXPECT_THROW(static_cast<void>(decode_rank(encode_rank(facts) + "x")), MpiError);
}

TEST(RankFacts, HostsAreCounted) {
    EXPECT_EQ(hosts_text({rank_on("a"), rank_on("b"), rank_on("a")}), "2 ranks on a, 1 on b");
    EXPECT_EQ(hosts_text({rank_on("a")}), "1 rank on a");
}

TEST(RankFacts, ThisRankReadsItsDataOnlyByAConfigWithoutFaults) {
    const KnownNames known{{"basic"}, {"dummy"}, {}, {"topk"}, {"minmax"}, {}};
    const std::string yaml =
        "model: {path: m.onnx}\n"
        "quantization: {calibration: {dataloader: {dataset: {dummy: {shape: [5, 3]}}}}}\n";
    const RankFacts facts = look_at_this_rank(yaml, "c.yaml", {}, known);
    EXPECT_EQ(facts.fault, "");
    EXPECT_NE(facts.calibration, "");
    EXPECT_EQ(facts.evaluation, "");
    EXPECT_EQ(look_at_this_rank(yaml + "x: 1\n", "c.yaml", {}, known).calibration, "");
    EXPECT_NE(
        look_at_this_rank(yaml, "c.yaml", {"quantization.calibration.dataloader.dataset.dummy.shape=[6, 3]"}, known)
            .calibration,
        facts.calibration);
}

}  // namespace
}  // namespace halftone
