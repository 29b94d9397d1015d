// topk: the share of samples whose label is among the k largest outputs. Of equal outputs the lowest index wins.
// NaN ranks below every number: an output of NaNs alone therefore picks the lowest indices.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "metric/metric.hpp"

namespace halftone {
namespace {

/// Whether class `a` ranks before class `b` in a row of outputs.
bool ranks_before(std::span<const float> row, std::size_t a, std::size_t b) {
    if (row[a] > row[b]) return true;
    if (row[a] == row[b]) return a < b;
    const bool a_is_nan = std::isnan(row[a]);
    const bool b_is_nan = std::isnan(row[b]);
    if (a_is_nan != b_is_nan) return b_is_nan;
    return a_is_nan && a < b;
}

class TopK final : public Metric {
public:
    explicit TopK(std::int64_t k) : k_(k) {}

    MetricState empty() const override { return {.sums = {}, .counts = {0}, .samples = 0}; }

    void update(MetricState& state, TensorView output, std::span<const std::int64_t> labels) const override {
        const Rows rows = check(output, labels);
        // Rows behind the last label are padding of a batch; they count for nothing.
        for (std::size_t row = 0; row < labels.size(); ++row) {
            if (rank_of(rows[row], rows.label(row)) < k_) ++state.counts[0];
        }
        state.samples += static_cast<std::int64_t>(labels.size());
    }

    std::vector<float> margins(TensorView output, std::span<const std::int64_t> labels) const override {
        const Rows rows = check(output, labels);
        std::vector<float> margins;
        for (std::size_t row = 0; row < labels.size(); ++row) {
            margins.push_back(margin_of(rows[row], rows.label(row)));
        }
        return margins;
    }

    double value(const MetricState& state) const override {
        HALFTONE_CHECK(state.samples > 0, "a share needs samples");
        return static_cast<double>(state.counts[0]) / static_cast<double>(state.samples);
    }
    Direction direction() const override { return Direction::higher_is_better; }
    // The count of hits is what early termination bounds, and what an interval of the share is made of.
    std::optional<std::int64_t> correct(const MetricState& state) const override { return state.counts[0]; }

private:
    /// The outputs of each sample, with its label.
    struct Rows {
        std::span<const float> values;
        std::size_t classes;
        std::span<const std::int64_t> labels;
        [[nodiscard]] std::span<const float> operator[](std::size_t row) const {
            return values.subspan(row * classes, classes);
        }
        [[nodiscard]] std::size_t label(std::size_t row) const { return static_cast<std::size_t>(labels[row]); }
    };

    /// @throws DataError when outputs or labels are not such that they can be ranked
    static Rows check(TensorView output, std::span<const std::int64_t> labels) {
        const Shape& shape = output.type.shape;
        // The model decides what its output is, so a misfit is an error of the input and not of the program.
        if (output.type.dtype != DType::f32 || shape.rank() < 2) {
            throw DataError("topk needs an fp32 output [samples, classes], the model's is " +
                            std::string(to_string(output.type.dtype)) + " " + shape.to_text());
        }
        if (std::cmp_less(shape[0], labels.size())) {
            throw DataError("topk needs an output with a row for each sample, the model's is " + shape.to_text() +
                            " for " + std::to_string(labels.size()) + " samples");
        }
        const auto classes = static_cast<std::size_t>(shape[0] == 0 ? 0 : output.elements() / shape[0]);
        for (const std::int64_t label : labels) {
            if (label < 0 || static_cast<std::size_t>(label) >= classes) {
                throw DataError("label " + std::to_string(label) + " lies outside the model's " +
                                std::to_string(classes) + " classes");
            }
        }
        return {output.as<float>(), classes, labels};
    }

    /// How many classes rank before the label. Counting is linear; sorting a row would do more than is asked.
    static std::int64_t rank_of(std::span<const float> row, std::size_t label) {
        std::int64_t rank = 0;
        for (std::size_t other = 0; other < row.size(); ++other) rank += ranks_before(row, other, label) ? 1 : 0;
        return rank;
    }

    /// Of the label over the k-th best other class; -1 for a wrong answer.
    [[nodiscard]] float margin_of(std::span<const float> row, std::size_t label) const {
        if (rank_of(row, label) >= k_) return -1;
        std::vector<float> others;
        for (std::size_t c = 0; c < row.size(); ++c) {
            if (c != label && !std::isnan(row[c])) others.push_back(row[c]);
        }
        if (std::cmp_less(others.size(), k_)) return std::numeric_limits<float>::max();  // it cannot become wrong
        const auto rival = others.begin() + (k_ - 1);
        // The k-th best other class is the one that the label must stay in front of.
        std::nth_element(others.begin(), rival, others.end(), std::greater<>());
        return std::max(row[label] - *rival, 0.0F);
    }

    std::int64_t k_;
};

std::int64_t read_k(const ConfigNode& node) {
    if (node.kind == ConfigNode::Kind::scalar) {
        // The short form "topk: 5".
        const auto k = parse_int(node.scalar);
        if (!k || *k < 1) fail_at(node, "must be an integer > 0, got '" + node.scalar + "'");
        return *k;
    }
    Reader reader(node);
    const std::int64_t k = reader.integer("k", 1, 1);
    reader.finish();
    return k;
}

}  // namespace

std::unique_ptr<Metric> make_topk(const ConfigNode& node) { return std::make_unique<TopK>(read_k(node)); }

}  // namespace halftone
