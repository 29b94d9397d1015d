#include "rehearsal/rank_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/wire.hpp"
#include "config/config_faults.hpp"
#include "data/dataset.hpp"
#include "eval/from_config.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone {
namespace {

/// The same hash as a run compares (apps/halftone/ranks.cpp).
std::string hash_of(const DataloaderConfig& dataloader) { return hex16(Pipeline(dataloader).identity_hash()); }

void look_at_data(const RunConfig& config, RankFacts& facts) {
    try {
        if (const DataloaderConfig* data = calibration_data(config)) facts.calibration = hash_of(*data);
        if (config.evaluation) facts.evaluation = hash_of(config.evaluation->dataloader);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& error) {
        facts.fault = error.what();
    }
}

}  // namespace

RankFacts look_at_this_rank(const std::string& config_text, const std::string& config_path,
                            const std::vector<std::string>& overrides, const KnownNames& known) {
    RankFacts facts;
    facts.host = host_name();
    facts.isa = isa_name();
    facts.memory_limit = process_budget().byte_limit();
    const TolerantReading reading = read_run_config_tolerantly(config_text, config_path, overrides, known);
    if (reading.config && reading.faults.empty() && reading.config->not_available.empty())
        look_at_data(*reading.config, facts);
    return facts;
}

std::string encode_rank(const RankFacts& facts) {
    WireWriter wire;
    for (const std::string* text : {&facts.host, &facts.isa, &facts.calibration, &facts.evaluation, &facts.fault})
        wire.put_text(*text);
    wire.put(facts.memory_limit);
    return wire.take();
}

RankFacts decode_rank(std::string_view bytes) {
    ByteReader wire(bytes, "what a rank found");
    RankFacts facts;
    for (std::string* text : {&facts.host, &facts.isa, &facts.calibration, &facts.evaluation, &facts.fault})
        *text = wire.get_text();
    facts.memory_limit = wire.get<std::uint64_t>();
    wire.require_end<MpiError>();
    return facts;
}

void compare_ranks(const std::vector<RankFacts>& ranks, FaultList& faults) {
    if (ranks.empty()) return;
    const RankFacts& first = ranks.front();
    for (const RankFacts& rank : ranks) {
        // The host is the place, so that several ranks on one machine say it once.
        const std::string host = "host " + rank.host;
        const auto add = [&](FaultKind kind, ExitCode code, std::string what) {
            faults.add({.kind = kind, .code = code, .where = host, .what = std::move(what)});
        };
        if (rank.isa != first.isa) {
            add(FaultKind::config, ExitCode::usage,
                fmt::format("the instruction set is {} here and {} on host {}; cluster.isa says how to make them equal",
                            rank.isa, first.isa, first.host));
        }
        // What rank 0 cannot read is among its own faults.
        if (!rank.fault.empty() && first.fault.empty()) add(FaultKind::data, ExitCode::model, rank.fault);
        if (!rank.fault.empty() || !first.fault.empty()) continue;
        for (const auto& [name, mine, theirs] : {std::tuple{"calibration", &rank.calibration, &first.calibration},
                                                 std::tuple{"evaluation", &rank.evaluation, &first.evaluation}}) {
            if (*mine == *theirs) continue;
            add(FaultKind::data, ExitCode::model,
                fmt::format("the {} data are not those of host {}; the files on the nodes must have the same content",
                            name, first.host));
        }
    }
}

std::string hosts_text(const std::vector<RankFacts>& ranks) {
    std::vector<std::pair<std::string, int>> hosts;
    for (const RankFacts& rank : ranks) {
        const auto known =
            std::find_if(hosts.begin(), hosts.end(), [&](const auto& h) { return h.first == rank.host; });
        if (known == hosts.end())
            hosts.emplace_back(rank.host, 1);
        else
            ++known->second;
    }
    std::vector<std::string> parts;
    for (const auto& [host, count] : hosts)
        parts.push_back(parts.empty() ? fmt::format("{} {} on {}", count, count == 1 ? "rank" : "ranks", host)
                                      : fmt::format("{} on {}", count, host));
    return join(parts, ", ");
}

}  // namespace halftone
