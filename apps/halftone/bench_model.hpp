#pragma once
// What `halftone bench` measures: a model in the wanted precision, and something to put into it.

#include <string>

#include "exec/session.hpp"
#include "graph/graph.hpp"

namespace halftone::app {

/// @param precision  as-is, fp32, int8 (every unit that can be, with ranges of random inputs: for speed, not accuracy)
/// @throws ConfigError  not available yet (bf16), or what the file cannot be (fp32 of a quantized file)
[[nodiscard]] Graph bench_graph(const std::string& bytes, const std::string& name, const std::string& precision);

/// Seeded values: uniform in [-1, 1) for reals, zeros for integers.
void fill_inputs(Session& session, std::size_t inputs);

}  // namespace halftone::app
