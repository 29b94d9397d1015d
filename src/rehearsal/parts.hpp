#pragma once
// Private to this room: the parts of a run that can be tried one by one.

#include <memory>
#include <optional>

#include "data/dataset.hpp"
#include "exec/prepared_model.hpp"
#include "rehearsal/rehearsal.hpp"

namespace halftone::rehearsal {

/// Makes data set and transforms of a dataloader section and reads its first samples. Every part that is wrong becomes
/// a fault. Returns null if there was one.
/// @param section      "quantization.calibration" or "evaluation.accuracy"
/// @param is_replaced  the data set is a stand-in for one that cannot be read: only the transforms are looked at
/// @param facts        what the samples hold, where they can be read
[[nodiscard]] std::unique_ptr<Pipeline> try_data(const DataloaderConfig& config, const std::string& section,
                                                 bool is_replaced, FaultList& faults, DataFacts& facts);

/// Looks at all parts of the model's file and prepares the model. Returns nothing if it has faults.
/// @param sizes     of open dimensions
/// @param has_data  the data sets could be read; if not, sizes that they would have given are not called missing
/// @param facts     inputs, outputs and counts, as far as they are known
[[nodiscard]] std::optional<PreparedModel> try_model(const RunConfig& config, const SharedBytes& bytes,
                                                     const InputSizes& sizes, bool has_data, FaultList& faults,
                                                     ModelFacts& facts);

}  // namespace halftone::rehearsal
