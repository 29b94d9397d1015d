#pragma once
// study.json: the facts for study.h5 that the journal does not hold, written when a run starts: how the run was
// started, its units and their options. All of it follows from config, model and data, so a resumed run writes it
// again.

#include <cstdint>
#include <string>

#include "config/run_config.hpp"
#include "exec/prepared_model.hpp"
#include "graph/capability.hpp"
#include "space/search_space.hpp"

namespace halftone::study {

/// How and with what program a run was started.
struct RunStart {
    std::string version;      ///< of Halftone
    std::string git;          ///< commit that the program was built from
    std::string onednn, mpi;  ///< versions of the libraries
    std::string command;      ///< the command line
    std::string directory;    ///< where the command was given; paths in it are relative to this folder
    int ranks = 1;
    std::size_t model_bytes = 0;  ///< size of the model file
};

/// Returns the text of study.json. Its fields are documented in src/study/README.md.
/// @param capability  one entry for each unit of `model`, in the same order
[[nodiscard]] std::string study_facts(const RunConfig& config, const PreparedModel& model,
                                      const CapabilityTable& capability, const SearchSpace& space,
                                      const RunStart& start);

/// Returns how many bytes the unit's weight takes in the exported file under `config`, with its scales and zero points.
[[nodiscard]] std::int64_t weight_bytes(const Graph& graph, const Unit& unit, const UnitConfig& config);

}  // namespace halftone::study
