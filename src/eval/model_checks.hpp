#pragma once
// Does a model fit its data sets, and can its output be scored? Asked once, before any sample is run.

#include "data/dataset.hpp"
#include "exec/prepared_model.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Checks that a data set can feed the model.
/// @param pipeline  null: there is nothing to check
/// @param section   of the config, for the message
/// @throws ConfigError when the samples' type is not that of one row of the input
/// @throws ModelError  when the model has several inputs, or a scalar as input
void check_fits(const PreparedModel& model, const Pipeline* pipeline, const char* section);

/// Checks that scores can be computed from the graph's first output.
/// @throws ModelError when it is not fp32 with a row for each sample
void check_output(const Graph& graph);

}  // namespace halftone
