// The three messages as bytes: round trips, and what damage does.
#include "tune/protocol.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace halftone::tune {
namespace {

Assign sample_assign() {
    return {.item = 7,
            .job = {.kind = JobKind::evaluate,
                    .trial = TrialId{41},
                    .candidate = {.calibration = 2, .choice = {0, 3, 65535}, .hash = 0xfedcba9876543210U},
                    .followers = {{.calibration = 1, .choice = {1, 2, 3}, .hash = 5}},
                    .may_end_early = true,
                    .probe = ProbeKind::output_error},
            .first_shard = 5,
            .last_shard = 6,
            .calibration = std::string("ranges\0more", 11),
            .difficulty = "0a3z"};
}

Done sample_done() {
    return {.item = 7,
            .shard = 5,
            .result = {.payload = std::string("\0\xff{}", 4),
                       .failure = "unit 'a' cannot run",
                       .sample_units = 11'000,
                       .followers = {{.payload = "second", .failure = {}, .sample_units = 3}}},
            .wall_s = 0.25,
            .broken_code = 3,
            .broken = "data/x.gz is gone"};
}

const Message& sample(std::size_t which) {
    static const Message all[] = {sample_assign(), sample_done(), Stop{}};
    return all[which];
}

TEST(Protocol, AnAssignArrivesAsItWasSent) {
    const auto message = decode(encode(sample_assign()));
    ASSERT_TRUE(message && std::holds_alternative<Assign>(*message));
    const auto& assign = std::get<Assign>(*message);
    EXPECT_EQ(assign.item, 7);
    EXPECT_EQ(assign.job.kind, JobKind::evaluate);
    EXPECT_EQ(assign.job.trial, TrialId{41});
    EXPECT_EQ(assign.job.candidate, sample_assign().job.candidate);
    EXPECT_EQ(assign.first_shard, 5);
    EXPECT_EQ(assign.last_shard, 6);
    EXPECT_EQ(assign.calibration, sample_assign().calibration);
    EXPECT_EQ(assign.job.followers, sample_assign().job.followers);
    EXPECT_TRUE(assign.job.may_end_early);
    EXPECT_EQ(assign.job.probe, ProbeKind::output_error);
    EXPECT_EQ(assign.difficulty, "0a3z");
}

TEST(Protocol, ADoneArrivesAsItWasSent) {
    const auto message = decode(encode(sample_done()));
    ASSERT_TRUE(message && std::holds_alternative<Done>(*message));
    const auto& done = std::get<Done>(*message);
    EXPECT_EQ(done.item, 7);
    EXPECT_EQ(done.shard, 5);
    EXPECT_EQ(done.result.payload, sample_done().result.payload);
    EXPECT_EQ(done.result.failure, "unit 'a' cannot run");
    EXPECT_EQ(done.result.sample_units, 11'000);
    ASSERT_EQ(done.result.followers.size(), 1U);
    EXPECT_EQ(done.result.followers[0].payload, "second");
    EXPECT_EQ(done.result.followers[0].sample_units, 3);
    EXPECT_EQ(done.wall_s, 0.25);
    EXPECT_EQ(done.broken_code, 3);
    EXPECT_EQ(done.broken, "data/x.gz is gone");
}

TEST(Protocol, AStopIsTwoBytes) {
    EXPECT_EQ(encode(Stop{}), (std::string{kProtocolVersion, 3}));
    const auto message = decode(encode(Stop{}));
    EXPECT_TRUE(message && std::holds_alternative<Stop>(*message));
}

TEST(Protocol, NoPrefixIsAMessage) {
    for (std::size_t which = 0; which < 3; ++which) {
        const std::string bytes = encode(sample(which));
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size))) << "message " << which << " cut to " << size;
        }
    }
}

TEST(Protocol, NothingMayFollowAMessage) {
    for (std::size_t which = 0; which < 3; ++which) EXPECT_FALSE(decode(encode(sample(which)) + '\0'));
}

TEST(Protocol, AnotherVersionIsRefused) {
    std::string bytes = encode(sample_done());
    bytes[0] = kProtocolVersion + 1;
    EXPECT_FALSE(decode(bytes));
}

TEST(Protocol, AnUnknownKindIsRefused) {
    for (const int kind : {0, 4, 255}) EXPECT_FALSE(decode(std::string{kProtocolVersion, static_cast<char>(kind)}));
}

TEST(Protocol, AnUnknownJobIsRefused) {
    Assign assign = sample_assign();
    assign.job.kind = static_cast<JobKind>(4);
    EXPECT_FALSE(decode(encode(assign)));
}

TEST(Protocol, AnAssignWithoutShardsIsRefused) {
    Assign assign = sample_assign();
    assign.last_shard = assign.first_shard;
    EXPECT_FALSE(decode(encode(assign)));
    assign.first_shard = -1;
    EXPECT_FALSE(decode(encode(assign)));
}

/// Lengths among them: a flipped high bit asks for more than there is and must not be believed.
TEST(Protocol, NoFlippedBitCrashesTheReader) {
    for (std::size_t which = 0; which < 3; ++which) {
        const std::string bytes = encode(sample(which));
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            std::string damaged = bytes;
            damaged[bit / 8] = static_cast<char>(static_cast<unsigned char>(damaged[bit / 8]) ^ (1U << (bit % 8)));
            const auto message = decode(damaged);
            EXPECT_TRUE(!message || encode(*message) != bytes);
        }
    }
}

TEST(Protocol, ADoneWithNumbersThatCannotBeIsDamaged) {
    const auto is_read = [](const std::function<void(Done&)>& change) {
        Done done = sample_done();
        change(done);
        return decode(encode(done)).has_value();
    };
    EXPECT_TRUE(is_read([](Done&) {}));
    EXPECT_FALSE(is_read([](Done& d) { d.wall_s = std::numeric_limits<double>::quiet_NaN(); }));
    EXPECT_FALSE(is_read([](Done& d) { d.wall_s = -1; }));
    EXPECT_FALSE(is_read([](Done& d) { d.result.sample_units = -1; }));
    EXPECT_FALSE(is_read([](Done& d) { d.result.followers[0].sample_units = -1; }));
    EXPECT_FALSE(is_read([](Done& d) { d.broken_code = 6; })) << "a missed goal is no broken world";
    EXPECT_FALSE(is_read([](Done& d) { d.broken_code = 256; }));
}

}  // namespace
}  // namespace halftone::tune
