#pragma once
// From samples to the inputs of a graph: which field feeds which input, and the bytes of a row.

#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset.hpp"
#include "exec/session.hpp"

namespace halftone {

/// By graph input: the position of the field that feeds it in Sample::inputs. Empty: the fields in their order.
using InputFields = std::vector<std::size_t>;

/// Returns which field feeds each input of the graph, by name, else by order.
/// @throws ConfigError showing both schemas when neither holds
[[nodiscard]] InputFields fields_of(const Graph& graph, const Schema& schema);

/// Returns the buffers of all inputs of a session, by graph input.
[[nodiscard]] std::vector<MutableView> inputs_of(const Session& session);

/// Writes a sample into one row of a batch, converted to the types of the inputs.
/// @param inputs  by graph input; each holds `rows` rows, one behind the other
/// @throws DataError naming the sample and the field when a value does not fit the input
void put_sample(const Sample& sample, const InputFields& fields, std::int64_t row, std::int64_t rows,
                std::span<const MutableView> inputs);

/// Compares the shapes of a sample with the inputs that it feeds, without running anything. Before a sample is read,
/// nobody knows the sizes that differ from sample to sample.
/// @throws DataError naming the sample and the field, as put_sample
void check_sample(const Sample& sample, const InputFields& fields, const Graph& graph);

/// Writes zeros into the rows from `first` on. They are computed like the others, and must not be what was there
/// before.
void clear_rows(std::int64_t first, std::int64_t rows, std::span<const MutableView> inputs);

/// Reads the samples of `range` into the first rows of a batch of `rows`, and zeros into the others.
/// @throws DataError as Pipeline::read and put_sample
void read_samples(const Pipeline& data, SampleRange range, const InputFields& fields, std::int64_t rows,
                  std::span<const MutableView> inputs);

}  // namespace halftone
