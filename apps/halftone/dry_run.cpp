// tune --dry-run: every rank looks at its host; rank 0 rehearses the run and prints what was found.

#include <fmt/format.h>

#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "commands.hpp"
#include "import/model_source.hpp"
#include "ranks.hpp"
#include "rehearsal/rehearsal.hpp"
#include "setup.hpp"
#include "strategy/context.hpp"
#include "strategy/strategies.hpp"
#include "workspace_folder.hpp"

namespace halftone::app {
namespace {

/// The same functions as those of a real run, so that a rehearsal cannot judge otherwise.
RehearsalServices rehearsal_services(const TuneOptions& options) {
    return {.known = known_names(),
            .read_config = [&] { return read_config_text(options.config); },
            .read_model =
                [](const RunConfig& config) {
                    if (is_imported(config)) return read_config_model(config);
                    return chosen_part(config, read_model(config.model_path, ""));
                },
            .check_machine = check_isa,
            .workspace = [&](const RunConfig& config) { return workspace_folder(options, config); },
            .make_strategy =
                [](const RunConfig& config, const SearchSpace& space, const Goal& goal, double baseline,
                   const LatencySource& latency) {
                    return make_strategy(config.tuning.strategy.name,
                                         strategy_context(config, space, goal, baseline, latency));
                }};
}

/// Returns the exit code. The faults go to stderr, what was found to stdout.
int rehearse_and_print(const TuneOptions& options, int ranks, std::vector<RankFacts> rank_facts) {
    const RehearsalRequest request{.config_path = options.config,
                                   .overrides = options.overrides,
                                   .resume = options.resume,
                                   .ranks = ranks,
                                   .rank_facts = std::move(rank_facts)};
    const auto files = make_posix_file_system();
    const Rehearsal rehearsal = rehearse(request, rehearsal_services(options), *files, SystemClock());
    for (const Fault& fault : rehearsal.faults) report_error(fault.to_text());
    fmt::print("{}", options.as_json ? rehearsal_json(rehearsal) + "\n" : rehearsal_text(rehearsal));
    return exit_code_of(rehearsal);
}

/// Collective: returns on rank 0 what every rank found; nothing where there is one rank. The config is read by rank 0
/// alone, as in a run; where it cannot be read, the ranks say only what they are.
std::vector<RankFacts> look_at_ranks(const TuneOptions& options, Communicator& comm) {
    if (comm.size() == 1) return {};
    std::string config;
    if (comm.rank() == RankId{0}) {
        try {
            config = read_config_text(options.config);
        } catch (const Error&) {
            config.clear();  // the rehearsal names it
        }
    }
    const std::string shared = comm.broadcast(RankId{0}, config);
    const RankFacts mine = look_at_this_rank(shared, options.config, options.overrides, known_names());
    std::vector<RankFacts> all;
    for (const std::string& bytes : comm.gather(RankId{0}, encode_rank(mine))) all.push_back(decode_rank(bytes));
    return all;
}

}  // namespace

int run_rehearsal(const TuneOptions& options, Communicator& comm) {
    std::vector<RankFacts> ranks = look_at_ranks(options, comm);
    WireWriter code;
    if (comm.rank() == RankId{0}) {
        int result = 0;
        try {
            result = rehearse_and_print(options, comm.size(), std::move(ranks));
        } catch (const InternalError&) {
            throw;
        } catch (const Error& error) {  // the other ranks wait for the code
            report_error(error.what());
            result = static_cast<int>(error.code());
        }
        code.put(result);
    }
    return code_of_rank_0(comm, code);
}

}  // namespace halftone::app
