#pragma once
// What commands of several ranks share: inputs that only rank 0 reads, and the stop flag.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "comm/agreement.hpp"
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

/// Collective: rank 0 reads config and model, once, and refuses what `check` refuses; all get the texts.
/// @throws Error on every rank when rank 0 cannot
[[nodiscard]] RunInputs read_inputs(Communicator& comm, Agreement& agreement, const std::string& config_path,
                                    const std::vector<std::string>& overrides,
                                    const std::function<void(const RunConfig&)>& check);

}  // namespace halftone::app
