#include "tune/protocol.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"

namespace halftone::tune {
namespace {

enum class Kind : std::uint8_t { assign = 1, done = 2, stop = 3 };

// The fewest bytes of what a count stands before. They bound what a damaged count can make the reader allocate.
constexpr std::size_t kLeastCandidateBytes = 17;  // calibration, an empty list of choices, hash
constexpr std::size_t kLeastPartBytes = 10;       // two empty texts, sample_units

// The hash travels along: to compute it again, a worker would have to build the plan.
void put(WireWriter& wire, const Candidate& candidate) {
    wire.put(candidate.calibration);
    wire.put_all(candidate.choice);
    wire.put(candidate.hash);
}

Candidate get_candidate(ByteReader& wire) {
    Candidate candidate;
    candidate.calibration = wire.get<std::int64_t>();
    candidate.choice = wire.get_all<std::uint16_t>();
    candidate.hash = wire.get<std::uint64_t>();
    return candidate;
}

// Each put has its get below it, with the same fields in the same order.
void put(WireWriter& wire, const Job& job) {
    wire.put(job.kind);
    wire.put(job.trial.value);
    put(wire, job.candidate);
    wire.put_varint(job.followers.size());
    for (const Candidate& follower : job.followers) put(wire, follower);
    wire.put(job.may_end_early);
    wire.put(job.probe);
}

Job get_job(ByteReader& wire) {
    Job job;
    job.kind = wire.get<JobKind>();
    job.trial.value = wire.get<std::int64_t>();
    job.candidate = get_candidate(wire);
    job.followers.resize(wire.get_count(kLeastCandidateBytes));
    for (Candidate& follower : job.followers) follower = get_candidate(wire);
    job.may_end_early = wire.get<bool>();
    job.probe = wire.get<ProbeKind>();
    return job;
}

/// Of one candidate; followers have none of their own.
void put_part(WireWriter& wire, const ShardResult& result) {
    wire.put_text(result.payload);
    wire.put_text(result.failure);
    wire.put(result.sample_units);
}

ShardResult get_part(ByteReader& wire) {
    ShardResult result;
    result.payload = wire.get_text();
    result.failure = wire.get_text();
    result.sample_units = wire.get<std::int64_t>();
    return result;
}

void put(WireWriter& wire, const ShardResult& result) {
    put_part(wire, result);
    wire.put_varint(result.followers.size());
    for (const ShardResult& follower : result.followers) put_part(wire, follower);
}

ShardResult get_result(ByteReader& wire) {
    ShardResult result = get_part(wire);
    result.followers.resize(wire.get_count(kLeastPartBytes));
    for (ShardResult& follower : result.followers) follower = get_part(wire);
    return result;
}

void put(WireWriter& wire, const Assign& assign) {
    wire.put(Kind::assign);
    wire.put(assign.item);
    put(wire, assign.job);
    wire.put(assign.first_shard);
    wire.put(assign.last_shard);
    wire.put_text(assign.calibration);
    wire.put_text(assign.difficulty);
}

void put(WireWriter& wire, const Done& done) {
    wire.put(Kind::done);
    wire.put(done.item);
    wire.put(done.shard);
    put(wire, done.result);
    wire.put(done.wall_s);
    wire.put(done.broken_code);
    wire.put_text(done.broken);
}

void put(WireWriter& wire, const Stop&) { wire.put(Kind::stop); }

// Bytes that decode may still make no sense: an enum beyond its last value, an empty range of shards.
bool is_meaningful(const Assign& assign) {
    return assign.job.kind <= JobKind::probe && assign.job.probe <= ProbeKind::output_error &&
           assign.first_shard >= 0 && assign.first_shard < assign.last_shard;
}

/// Times and work go into the journal, and the code becomes the program's own: none of them is taken unseen.
bool is_meaningful(const Done& done) {
    constexpr std::array kCodes{ExitCode::ok, ExitCode::usage, ExitCode::model,
                                ExitCode::io, ExitCode::mpi,   ExitCode::internal};
    const bool is_code = std::any_of(kCodes.begin(), kCodes.end(), [&](ExitCode code) {
        return done.broken_code == static_cast<std::int32_t>(code);
    });
    const auto is_counted = [](const ShardResult& result) { return result.sample_units >= 0; };
    return is_code && std::isfinite(done.wall_s) && done.wall_s >= 0 && is_counted(done.result) &&
           std::all_of(done.result.followers.begin(), done.result.followers.end(), is_counted);
}

Assign get_assign(ByteReader& wire) {
    Assign assign;
    assign.item = wire.get<std::int64_t>();
    assign.job = get_job(wire);
    assign.first_shard = wire.get<std::int64_t>();
    assign.last_shard = wire.get<std::int64_t>();
    assign.calibration = wire.get_text();
    assign.difficulty = wire.get_text();
    return assign;
}

Done get_done(ByteReader& wire) {
    Done done;
    done.item = wire.get<std::int64_t>();
    done.shard = wire.get<std::int64_t>();
    done.result = get_result(wire);
    done.wall_s = wire.get<double>();
    done.broken_code = wire.get<std::int32_t>();
    done.broken = wire.get_text();
    return done;
}

}  // namespace

std::string encode(const Message& message) {
    WireWriter wire;
    wire.put(kProtocolVersion);
    std::visit([&](const auto& m) { put(wire, m); }, message);
    return wire.take();
}

// The reader remembers that it ran off the end, so one check after all fields is enough.
std::optional<Message> decode(std::string_view bytes) {
    ByteReader wire(bytes);
    if (wire.get<std::uint8_t>() != kProtocolVersion) return std::nullopt;
    // Nothing is returned for any fault; the caller knows the sender's rank and writes the message.
    const Kind kind = wire.get<Kind>();
    Message message = Stop{};
    if (kind == Kind::assign) {
        message = get_assign(wire);
    } else if (kind == Kind::done) {
        message = get_done(wire);
    } else if (kind != Kind::stop) {
        return std::nullopt;
    }
    if (!wire.ok() || !wire.at_end()) return std::nullopt;
    const auto* assign = std::get_if<Assign>(&message);
    if (assign != nullptr && !is_meaningful(*assign)) return std::nullopt;
    const auto* done = std::get_if<Done>(&message);
    if (done != nullptr && !is_meaningful(*done)) return std::nullopt;
    return message;
}

}  // namespace halftone::tune
