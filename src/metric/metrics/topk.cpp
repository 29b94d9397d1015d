// topk: the share of samples whose label is among the k largest outputs. Of equal outputs the lowest index wins.
// NaN ranks below every number: an output of NaNs alone therefore picks the lowest indices.

#include <cmath>

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
        const Shape& shape = output.type.shape;
        if (output.type.dtype != DType::f32 || shape.rank() < 2) {
            throw DataError("topk needs an fp32 output [samples, classes], the model's is " +
                            std::string(to_string(output.type.dtype)) + " " + shape.to_text());
        }
        HALFTONE_CHECK(static_cast<std::int64_t>(labels.size()) <= shape[0], "an output row for each label");
        const auto classes = static_cast<std::size_t>(shape[0] == 0 ? 0 : output.elements() / shape[0]);
        const auto values = output.as<float>();
        for (std::size_t row = 0; row < labels.size(); ++row) {
            if (labels[row] < 0 || static_cast<std::size_t>(labels[row]) >= classes) {
                throw DataError("label " + std::to_string(labels[row]) + " lies outside the model's " +
                                std::to_string(classes) + " classes");
            }
            const auto label = static_cast<std::size_t>(labels[row]);
            if (rank_of(values.subspan(row * classes, classes), label) < k_) ++state.counts[0];
        }
        state.samples += static_cast<std::int64_t>(labels.size());
    }

    double value(const MetricState& state) const override {
        HALFTONE_CHECK(state.samples > 0, "a share needs samples");
        return static_cast<double>(state.counts[0]) / static_cast<double>(state.samples);
    }
    Direction direction() const override { return Direction::higher_is_better; }
    std::optional<std::int64_t> correct(const MetricState& state) const override { return state.counts[0]; }

private:
    static std::int64_t rank_of(std::span<const float> row, std::size_t label) {
        std::int64_t rank = 0;
        for (std::size_t other = 0; other < row.size(); ++other) rank += ranks_before(row, other, label) ? 1 : 0;
        return rank;
    }

    std::int64_t k_;
};

std::int64_t read_k(const ConfigNode& node) {
    if (node.kind == ConfigNode::Kind::scalar) {
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
