#pragma once
// How a model takes samples and what it answers for each: which field feeds which input, how many samples run together,
// and where a sample's part of each output is. Decided once, before any sample is run.

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "eval/sample_feed.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// How the outputs of a graph are divided among the samples of a batch.
class OutputRows {
public:
    /// @param batch  samples that run together in the sessions whose outputs will be divided
    OutputRows(const Graph& graph, std::int64_t batch);

    /// Returns what the model answers for one sample, by graph output: without the batch dimension.
    [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
    /// Returns whether every output has a row for each sample of the batch. If not, samples must run one by one.
    [[nodiscard]] bool can_divide() const { return can_divide_; }
    /// Returns whether an output has a row for each sample. If not, all of it belongs to the only sample.
    [[nodiscard]] bool has_rows(std::size_t output) const { return has_rows_[output]; }

private:
    std::vector<Field> fields_;
    std::vector<bool> has_rows_;  ///< by output: whether its first dimension counts the samples
    bool can_divide_ = true;
};

/// Returns how many samples run together: `wanted`; or the number that the model fixes; or 1 where an input or an
/// output has no row for each sample, or where ranges are found at run time: they span the whole batch, so that a
/// sample's answer would depend on its neighbours. Of samples that differ in size, it is how many of the typical size
/// run together (eval/open_shapes.hpp).
/// @param samples  what the data sets yield; a sample that is a whole input, batch included, runs alone
[[nodiscard]] std::int64_t executor_batch(const Graph& graph, const std::vector<const Schema*>& samples,
                                          std::int64_t wanted);

/// What samples may have otherwise than the graph's inputs.
struct FeedRules {
    bool cuts_fractions = false;  ///< real values may feed a uint8 input, as Pipeline::cuts_fractions says
    /// Sizes that the model's file leaves open may be others than those that the graph is bound to: those are another
    /// data set's. Sessions are then made for both (eval/shaped_sessions.hpp).
    bool has_sizes_of_another = false;
};

/// Returns the rules for one data set. @param other  the other one of the config; null: there is none
[[nodiscard]] FeedRules feed_rules(const Graph& graph, const Pipeline& samples, const Pipeline* other);

/// Returns whether samples have the sizes that the graph is bound to, as far as both have a number.
[[nodiscard]] bool has_bound_sizes(const Graph& graph, const Schema& samples);

/// Returns which field feeds each input of the graph. Fields meet inputs by name, else by order.
/// @param batch    samples that run together
/// @param section  of the config that holds the dataloader, for the message
/// @param rules    what may be otherwise than the graph has it
/// @throws ConfigError when a field's shape or type does not fit its input; the message shows the schemas of both
[[nodiscard]] InputFields fitting_fields(const Graph& graph, const Schema& samples, std::int64_t batch,
                                         const std::string& section, const FeedRules& rules = {});

}  // namespace halftone
