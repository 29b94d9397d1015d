#pragma once
// What commands of several ranks share: inputs read once, failures of one told to all, the stop flag.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/wire.hpp"
#include "comm/communicator.hpp"
#include "config/run_config.hpp"

namespace halftone::app {

/// Set by SIGUSR1, SIGTERM and SIGINT once catch_signals() was called.
[[nodiscard]] std::atomic<bool>& stop_requested();
/// The signals end a run at the next work item. Every rank catches them, so that a signal which mpirun forwards to all
/// kills no worker; only rank 0 acts on the flag.
void catch_signals();

/// What rank 0 read, for all ranks: the texts everything else is made from.
struct RunInputs {
    std::string config_text, model_bytes;
};
/// Never mix instruction sets in one search: the same candidate would score differently.
/// @throws ConfigError
void check_same_isa(Communicator& comm);

/// All ranks agree to go on, or all leave with the code of the lowest failing rank, whose message rank 0 shows.
class Agreement {
public:
    explicit Agreement(Communicator& comm) : comm_(comm) {}

    /// Runs `step` on this rank and compares notes. @throws Error on every rank when any failed
    template <class Step>
    void after(Step&& step) {
        int code = 0;
        std::string message;
        try {
            step();
        } catch (const Error& error) {
            code = static_cast<int>(error.code());
            message = error.what();
        }
        WireWriter mine;
        mine.put(code);
        mine.put_text(message);
        WireWriter verdict;
        const auto reports = comm_.gather(RankId{0}, mine.take());
        if (comm_.rank() == RankId{0}) verdict.put_text(first_failure(reports));
        const Bytes common = comm_.broadcast(RankId{0}, verdict.take());
        const std::string failed_report = WireReader(common).get_text();
        if (failed_report.empty()) return;
        WireReader failure(failed_report);
        const auto failed_code = static_cast<ExitCode>(failure.get<int>());
        throw Error(failed_code, failure.get_text());
    }

private:
    static std::string first_failure(const std::vector<Bytes>& reports);
    Communicator& comm_;
};

/// Collective: rank 0 reads config and model, once, and refuses what `check` refuses; all get the texts.
/// @throws Error on every rank when rank 0 cannot
[[nodiscard]] RunInputs read_inputs(Communicator& comm, Agreement& agreement, const std::string& config_path,
                                    const std::vector<std::string>& overrides,
                                    const std::function<void(const RunConfig&)>& check);

}  // namespace halftone::app
