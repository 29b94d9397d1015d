#pragma once
// Sizes that differ from sample to sample: which shapes the inputs of a model take for a sample, and what they were
// before the sample was padded.

#include <cstdint>
#include <vector>

#include "data/dataset.hpp"
#include "eval/sample_feed.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// By graph input: the shape that it takes, with the batch as the graph has it. Samples of equal shapes can run in one
/// session. Empty: the shapes that the graph has.
using InputShapes = std::vector<Shape>;

/// What a session runs: one shape of its inputs, and how many samples together.
struct SessionShape {
    InputShapes inputs{};
    std::int64_t rows = 1;  ///< of the batch

    friend bool operator==(const SessionShape&, const SessionShape&) = default;
};

class OpenShapes {
public:
    /// Nothing differs: every sample has the shapes of the graph.
    OpenShapes() = default;
    /// A size counts as open also where all samples have one size that is not the graph's: the graph may be bound to
    /// what another data set says.
    /// @param fields  which field of a sample feeds each input
    OpenShapes(const Graph& graph, const Pipeline& data, const InputFields& fields);

    /// Returns whether no size of the data set differs from sample to sample, padding left aside.
    [[nodiscard]] bool is_empty() const { return declared_.empty(); }
    /// Returns the shapes that a sample takes. A size that the model's file fixes stays: a sample that does not fit it
    /// is refused where it is fed. Empty if is_empty().
    [[nodiscard]] InputShapes of(const Sample& sample) const;
    /// Returns the shapes that the sample would take without padding; empty if nothing of it is padding.
    [[nodiscard]] InputShapes unpadded(const Sample& sample) const;
    /// Returns whether the model fixes how many samples run together.
    [[nodiscard]] bool has_fixed_batch() const;
    /// Returns how many samples of these shapes run together at most: `batch` for those of the typical size, and fewer
    /// of larger ones, so that a batch takes about as much memory whatever the size of its samples.
    [[nodiscard]] std::int64_t most_rows(const InputShapes& shapes, std::int64_t batch) const;
    /// Returns the graph's own shapes with open sizes times factor / divisor, at least 1: to see what follows from
    /// them.
    [[nodiscard]] InputShapes scaled(std::int64_t factor, std::int64_t divisor) const;

private:
    template <class ShapeOfField>
    [[nodiscard]] InputShapes shapes(const ShapeOfField& shape_of) const;

    InputFields fields_;
    std::vector<Shape> declared_;             ///< by graph input, as the graph is bound
    std::vector<std::vector<bool>> is_open_;  ///< by graph input and dimension: whether samples decide its size
};

/// Returns whether a dimension behind the first one of some input differs from sample to sample.
[[nodiscard]] bool has_open_sizes(const std::vector<Field>& inputs);

/// Returns what the samples of a data set look like to a model whose sizes must be bound: the schema's inputs, with the
/// sizes of a typical sample in the place of those that differ. Typical is the middle one, by its number of elements,
/// of the first 32 that can be read. If none can be, the sizes stay open.
[[nodiscard]] std::vector<Field> typical_inputs(const Pipeline& data);

}  // namespace halftone
