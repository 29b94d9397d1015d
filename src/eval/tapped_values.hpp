#pragma once
// One pass of the samples through a graph that looks at some of its values, padding left out.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "eval/sample_source.hpp"
#include "eval/used_rows.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Called with the index of a name in `values`, the value of one batch, and its elements that belong to samples.
using TappedValueVisitor = std::function<void(std::size_t, const TensorView&, const std::vector<UsedRun>&)>;

/// Runs the first `count` samples batch by batch and shows each of the named values to `visit`, in their order. The
/// sessions live for this one pass. @pre the graph has all values
void for_each_tapped_value(const Graph& graph, const std::vector<std::string>& values, SampleSource& samples,
                           std::int64_t count, const TappedValueVisitor& visit);

/// Called with the index of a name in `values`, and one row of the value: its elements along the last dimension.
using TappedRowVisitor = std::function<void(std::size_t, std::span<const float>)>;

/// The same row by row. A row of which a part is padding is left out. @pre the values are fp32, and their last
/// dimension is known
void for_each_tapped_row(const Graph& graph, const std::vector<std::string>& values, SampleSource& samples,
                         std::int64_t count, const TappedRowVisitor& visit);

/// Returns what a Collector has taken from the rows of each value. Collector(size of a row) has add_row(row) and
/// take().
/// @pre as for_each_tapped_row
template <class Collector>
[[nodiscard]] auto collect_tapped_rows(const Graph& graph, const std::vector<std::string>& values,
                                       SampleSource& samples, std::int64_t count) {
    std::vector<Collector> collectors;
    for (const std::string& name : values) {
        const Shape& shape = graph.value(graph.find_value(name).value()).type.shape;
        collectors.emplace_back(static_cast<std::size_t>(shape[shape.rank() - 1]));
    }
    for_each_tapped_row(graph, values, samples, count,
                        [&](std::size_t t, std::span<const float> row) { collectors[t].add_row(row); });
    std::map<std::string, decltype(std::declval<Collector&>().take())> by_name;
    for (std::size_t t = 0; t < values.size(); ++t) by_name.emplace(values[t], collectors[t].take());
    return by_name;
}

}  // namespace halftone
