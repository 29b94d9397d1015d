// Any bytes as a message between ranks: refused, or a message that is written as the bytes that were read.
#include "tune/protocol.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

void run_protocol(std::string_view bytes) {
    const std::optional<tune::Message> message = tune::decode(bytes);
    if (!message) return;
    const std::string written = tune::encode(*message);
    const std::optional<tune::Message> again = tune::decode(written);
    expect(again.has_value(), "a message cannot be read after it was written");
    expect(tune::encode(*again) == written, "a message reads back as another message");
}

std::map<std::string, std::string> protocol_seeds() {
    const Candidate candidate{.calibration = 1, .choice = {0, 3, 2}, .hash = 77};
    tune::Assign assign{.item = 4, .job = {.kind = JobKind::evaluate, .trial = {7}, .candidate = candidate}};
    assign.job.followers = {candidate, candidate};
    assign.job.may_end_early = true;
    assign.first_shard = 2;
    assign.last_shard = 5;
    assign.calibration = "ranges";
    assign.difficulty = "0a3z";
    tune::Done done{.item = 4, .shard = 2, .result = {.payload = "payload", .failure = "", .sample_units = 100}};
    done.result.followers = {done.result, {.payload = "", .failure = "scale is not finite", .sample_units = 3}};
    return {{"assign", tune::encode(assign)},
            {"done", tune::encode(done)},
            {"broken", tune::encode(tune::Done{.item = 1, .broken_code = 4, .broken = "data are gone"})},
            {"farewell", tune::encode(tune::Done{.item = tune::kFarewell})},
            {"stop", tune::encode(tune::Stop{})}};
}

}  // namespace

FuzzTarget make_protocol_target() { return {.run = &run_protocol, .seeds = &protocol_seeds}; }

}  // namespace halftone::fuzz
