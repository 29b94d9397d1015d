#include "comm/agreement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <vector>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/error.hpp"
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
    const std::vector<Bytes> names = comm.gather(RankId{0}, isa);
    std::string differing;
    for (std::size_t r = 1; r < names.size(); ++r) {
        if (names[r] != names[0]) differing += fmt::format(", rank {}: {}", r, names[r]);
    }
    if (differing.empty()) return;
    throw ConfigError(
        fmt::format("the ranks run with different instruction sets (rank 0: {}{}); set cluster.isa and "
                    "ONEDNN_MAX_CPU_ISA to one that all have",
                    names[0], differing));
}

}  // namespace halftone
