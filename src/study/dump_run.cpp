// A dump over ranks: calibrate_together, prepare_together, write_together, in this order. The ranks share nothing but
// messages and the folder, in which each part is one rank's business. What may fail on one rank stands inside
// Agreement::after, so that no rank waits in a collective call for another that has left.
#include "study/dump_run.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/wire.hpp"

namespace halftone::study {
namespace {

/// Rank 0 puts the shards' answers into their order, which does not depend on the number of ranks: rank r answered the
/// shards r, r + size, r + 2 size, …, in this order.
std::vector<std::string> payloads_in_shard_order(const std::vector<Bytes>& gathered, std::int64_t shards) {
    std::vector<std::string> payloads(static_cast<std::size_t>(shards));
    for (std::size_t r = 0; r < gathered.size(); ++r) {
        ByteReader wire(gathered[r], "a rank's calibration");
        for (std::size_t s = r; s < payloads.size(); s += gathered.size()) payloads[s] = wire.get_text();
        wire.require_end<MpiError>();
    }
    return payloads;
}

/// Rank r takes every size-th of the missing parts. @return whether it wrote all of them
bool write_own_parts(const Communicator& comm, DumpWork& work, const std::vector<std::size_t>& missing,
                     const std::string& folder, const std::atomic<bool>& stop) {
    for (auto i = static_cast<std::size_t>(comm.rank().value); i < missing.size();
         i += static_cast<std::size_t>(comm.size())) {
        // A part is whole or not there, so between two parts is the only place where stopping loses no work.
        if (stop) return false;
        work.write_part(missing[i], folder);
        log::debug("dump", "part {} of {} written", missing[i], work.layout().shards.size());
    }
    return true;
}

/// Whether every rank says so.
bool all_agree(Communicator& comm, bool mine) {
    bool all = true;
    for (const Bytes& vote : comm.gather(RankId{0}, Bytes(mine ? "1" : "0"))) all = all && vote == "1";
    return comm.broadcast(RankId{0}, all ? "1" : "0") == "1";
}

}  // namespace

void calibrate_together(Communicator& comm, Agreement& agreement, ModelEvaluator& evaluator) {
    const std::int64_t shards = evaluator.shards(JobKind::calibrate);
    WireWriter mine;
    agreement.after([&] {
        Job job;
        job.kind = JobKind::calibrate;
        // Statistics of shards are merged in the order of the shards, so the ranges are the same for any number of
        // ranks.
        for (std::int64_t s = comm.rank().value; s < shards; s += comm.size()) {
            mine.put_text(evaluator.run(job, s).payload);
        }
    });
    const auto gathered = comm.gather(RankId{0}, mine.take());
    Bytes merged;
    agreement.after([&] {
        if (comm.rank() != RankId{0}) return;
        merged = evaluator.merge_calibration(payloads_in_shard_order(gathered, shards));
    });
    evaluator.install_calibration(comm.broadcast(RankId{0}, merged));
}

std::vector<std::size_t> prepare_together(Communicator& comm, Agreement& agreement, const DumpWork& work,
                                          const DumpTarget& target) {
    WireWriter plan;
    agreement.after([&] {
        if (comm.rank() != RankId{0}) return;
        const auto files = make_posix_file_system();
        DumpFolder folder(*files, target.folder, target.resume);
        const DumpSize size{.outputs = work.activation_bytes(), .weights = work.weight_bytes()};
        fmt::print("{}", folder.size_line(work.layout(), size));
        std::fflush(stdout);  // the user sees the size before the work begins, or before the refusal
        const auto missing = folder.prepare(work.layout(), size, target.max_bytes);
        plan.put_all(std::vector<std::uint64_t>(missing.begin(), missing.end()));
    });
    const Bytes common = comm.broadcast(RankId{0}, plan.take());
    ByteReader wire(common, "the list of missing parts");
    const auto missing = wire.get_all<std::uint64_t>();
    wire.require_end<MpiError>();
    return {missing.begin(), missing.end()};
}

bool write_together(Communicator& comm, Agreement& agreement, DumpWork& work, const std::vector<std::size_t>& missing,
                    const std::string& folder, const std::atomic<bool>& stop) {
    bool is_done = false;
    agreement.after([&] { is_done = write_own_parts(comm, work, missing, folder, stop); });
    return all_agree(comm, is_done);
}

}  // namespace halftone::study
