#pragma once
// Does a model fit its data sets, and can its output be scored? Asked once, before any sample is run.

#include "data/dataset.hpp"
#include "eval/sample_feed.hpp"
#include "exec/prepared_model.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Checks that a data set can feed the model: fields meet the model's inputs by name, else by order.
/// @param pipeline  null: there is nothing to check, and the result is empty
/// @param section   of the config, for the message
/// @return which field feeds each input
/// @throws ConfigError when a field's shape is not that of one row of its input, or its type cannot become the input's;
///         the message shows the schemas of both
/// @throws ModelError  when the model has a scalar as input
InputFields check_fits(const PreparedModel& model, const Pipeline* pipeline, const char* section);

/// Checks that scores can be computed from the graph's first output.
/// @throws ModelError when it is not fp32 with a row for each sample
void check_output(const Graph& graph);

}  // namespace halftone
