#include "comm/agreement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <vector>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/wire.hpp"

namespace halftone {
namespace {

/// What a rank says of its step: an exit code (0: the step did not fail) and the error's message.
Bytes step_report(const std::function<void()>& step) {
    int code = 0;
    std::string message;
    try {
        step();
    } catch (const Error& error) {
        code = static_cast<int>(error.code());
        message = error.what();
    } catch (const std::bad_alloc&) {
        // The step asked for more than this machine has: no bug, and the other ranks must not wait for this one.
        code = static_cast<int>(ExitCode::model);
        message = out_of_memory_text();
    }
    WireWriter report;
    report.put(code);
    report.put_text(message);
    return report.take();
}

/// The report of the lowest rank that failed; empty if none did.
std::string_view first_failure(const std::vector<Bytes>& reports) {
    for (const Bytes& report : reports) {
        ByteReader reader(report);
        // A report that cannot be read is no success.
        if (reader.get<int>() != 0 || !reader.ok()) return report;
    }
    return {};
}

struct RankReport {
    std::string host;
    std::vector<std::string> values;
};

RankReport read_report(std::string_view bytes, std::size_t values) {
    ByteReader reader(bytes, "a rank's fingerprints");
    RankReport report;
    report.host = reader.get_text();
    for (std::size_t i = 0; i < values; ++i) report.values.push_back(reader.get_text());
    reader.require_end<MpiError>();
    return report;
}

}  // namespace

void Agreement::after(const std::function<void()>& step) {
    const std::vector<Bytes> reports = comm_.gather(RankId{0}, step_report(step));
    // Only rank 0 has the reports. It sends the one that counts to everybody, so that all ranks throw the same error:
    // the program's exit code must not depend on whose code mpirun happens to see first.
    const Bytes failed = comm_.broadcast(RankId{0}, Bytes(first_failure(reports)));
    if (failed.empty()) return;
    ByteReader failure(failed, "the report of a failed rank");
    const auto code = static_cast<ExitCode>(failure.get<int>());
    const std::string message = failure.get_text();
    failure.require_end<MpiError>();
    throw Error(code, message);
}

std::uint64_t smallest_of_ranks(Communicator& comm, std::uint64_t value) {
    WireWriter own;
    own.put(value);
    std::uint64_t smallest = value;
    for (const Bytes& other : comm.gather(RankId{0}, own.take())) {
        smallest = std::min(smallest, ByteReader(other).get<std::uint64_t>());
    }
    WireWriter common;
    common.put(smallest);
    const Bytes agreed = comm.broadcast(RankId{0}, common.take());
    return ByteReader(agreed).get<std::uint64_t>();
}

void check_same_isa(Communicator& comm, const std::string& isa) {
    WireWriter mine;
    mine.put_text(host_name());
    mine.put_text(isa);
    const std::vector<Bytes> reports = comm.gather(RankId{0}, mine.take());
    std::string differing;
    std::string hosts;
    for (std::size_t r = 1; r < reports.size(); ++r) {
        const RankReport theirs = read_report(reports[r], 1);
        if (theirs.values[0] == isa) continue;
        differing += fmt::format(", rank {}: {}", r, theirs.values[0]);
        hosts += fmt::format(", rank {} on {}", r, theirs.host);
    }
    if (differing.empty()) return;
    throw ConfigError(fmt::format(
        "the ranks run with different instruction sets (rank 0: {}{}), rank 0 on host {}{}; set cluster.isa "
        "and ONEDNN_MAX_CPU_ISA to one that all have",
        isa, differing, host_name(), hosts));
}

void check_same_fingerprints(Communicator& comm, const std::string& host, const std::vector<Fingerprint>& mine) {
    WireWriter report;
    report.put_text(host);
    for (const Fingerprint& fingerprint : mine) report.put_text(fingerprint.value);
    const std::vector<Bytes> reports = comm.gather(RankId{0}, report.take());
    // One line for each rank and thing that differs. The code is that of the first in the list: what comes first
    // explains what follows, as another instruction set explains another search space.
    std::string lines;
    const Fingerprint* first = nullptr;
    for (std::size_t f = 0; f < mine.size(); ++f) {
        for (std::size_t r = 1; r < reports.size(); ++r) {
            const RankReport theirs = read_report(reports[r], mine.size());
            if (theirs.values[f] == mine[f].value) continue;
            if (first == nullptr) first = &mine[f];
            lines += fmt::format("{}{} differs on rank {} (host {}): {}; rank 0 (host {}) has {}",
                                 lines.empty() ? "" : "\n       ", mine[f].what, r, theirs.host, theirs.values[f], host,
                                 mine[f].value);
        }
    }
    if (first == nullptr) return;
    throw Error(first->code, lines + (first->advice.empty() ? "" : "; " + first->advice));
}

}  // namespace halftone
