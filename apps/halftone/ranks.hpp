#pragma once
// What commands of several ranks share: inputs that only rank 0 reads, and the stop flag.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/shared_bytes.hpp"
#include "base/wire.hpp"
#include "comm/agreement.hpp"
#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "eval/workbench.hpp"

namespace halftone::app {

/// Set by SIGUSR1, SIGTERM and SIGINT once catch_signals() was called.
[[nodiscard]] std::atomic<bool>& stop_requested();
/// The signals end a run at the next work item. Every rank catches them, so that a signal which mpirun forwards to all
/// kills no worker; only rank 0 acts on the flag.
void catch_signals();

/// What rank 0 read, for all ranks: the texts everything else is made from.
struct RunInputs {
    std::string config_text;
    SharedBytes model_bytes;
};

/// Collective: rank 0 reads config and model, once, and refuses what `check` refuses; all get the texts.
/// @throws Error on every rank when rank 0 cannot
[[nodiscard]] RunInputs read_inputs(Communicator& comm, Agreement& agreement, const std::string& config_path,
                                    const std::vector<std::string>& overrides,
                                    const std::function<void(const RunConfig&)>& check);

/// Collective: refuses ranks whose copies of the data, or whose search space, are not rank 0's. Call it within
/// Agreement::after, when every rank has its workbench. @throws Error on rank 0
void check_same_workbench(Communicator& comm, const Workbench& bench);

/// Collective: returns the exit code of rank 0 on every rank. @param code  holds an int on rank 0, nothing elsewhere
[[nodiscard]] int code_of_rank_0(Communicator& comm, WireWriter& code);

}  // namespace halftone::app
