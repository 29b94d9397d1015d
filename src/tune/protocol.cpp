#include "tune/protocol.hpp"

#include "base/wire.hpp"

namespace halftone::tune {
namespace {

enum class Kind : std::uint8_t { assign = 1, done = 2, stop = 3 };

void put(WireWriter& wire, const Job& job) {
    wire.put(job.kind);
    wire.put(job.trial.value);
    wire.put(job.candidate.calibration);
    wire.put_all(job.candidate.choice);
    wire.put(job.candidate.hash);
}

Job get_job(WireReader& wire) {
    Job job;
    job.kind = wire.get<JobKind>();
    job.trial.value = wire.get<std::int64_t>();
    job.candidate.calibration = wire.get<std::int64_t>();
    job.candidate.choice = wire.get_all<std::uint16_t>();
    job.candidate.hash = wire.get<std::uint64_t>();
    return job;
}

void put(WireWriter& wire, const Assign& assign) {
    wire.put(Kind::assign);
    wire.put(assign.item);
    put(wire, assign.job);
    wire.put(assign.first_shard);
    wire.put(assign.last_shard);
    wire.put_text(assign.calibration);
}

void put(WireWriter& wire, const Done& done) {
    wire.put(Kind::done);
    wire.put(done.item);
    wire.put(done.shard);
    wire.put_text(done.result.payload);
    wire.put_text(done.result.failure);
    wire.put(done.result.sample_units);
    wire.put(done.wall_s);
    wire.put(done.broken_code);
    wire.put_text(done.broken);
}

void put(WireWriter& wire, const Stop&) { wire.put(Kind::stop); }

bool is_meaningful(const Assign& assign) {
    return assign.job.kind <= JobKind::evaluate && assign.first_shard >= 0 && assign.first_shard < assign.last_shard;
}

Assign get_assign(WireReader& wire) {
    Assign assign;
    assign.item = wire.get<std::int64_t>();
    assign.job = get_job(wire);
    assign.first_shard = wire.get<std::int64_t>();
    assign.last_shard = wire.get<std::int64_t>();
    assign.calibration = wire.get_text();
    return assign;
}

Done get_done(WireReader& wire) {
    Done done;
    done.item = wire.get<std::int64_t>();
    done.shard = wire.get<std::int64_t>();
    done.result.payload = wire.get_text();
    done.result.failure = wire.get_text();
    done.result.sample_units = wire.get<std::int64_t>();
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

std::optional<Message> decode(std::string_view bytes) {
    WireReader wire(bytes);
    if (wire.get<std::uint8_t>() != kProtocolVersion) return std::nullopt;
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
    return message;
}

}  // namespace halftone::tune
