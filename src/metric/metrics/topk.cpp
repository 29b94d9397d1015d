// topk: the share of samples whose label is among the k largest outputs. Of equal outputs the lowest index wins.
// NaN ranks below every number: an output of NaNs alone therefore picks the lowest indices.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "metric/numbers.hpp"
#include "metric/sums.hpp"

namespace halftone {
namespace {

/// Whether class `a` ranks before class `b` in a sample's outputs.
template <class Number>
bool ranks_before(std::span<const Number> row, std::size_t a, std::size_t b) {
    if (row[a] > row[b]) return true;
    if (row[a] == row[b]) return a < b;
    const bool a_is_nan = std::isnan(row[a]);
    const bool b_is_nan = std::isnan(row[b]);
    if (a_is_nan != b_is_nan) return b_is_nan;
    return a_is_nan && a < b;
}

/// How many classes rank before the label. Counting is linear; sorting a row would do more than is asked.
template <class Number>
std::int64_t rank_of(std::span<const Number> row, std::size_t label) {
    // Beyond every k: no answer is right by chance.
    if (std::isnan(row[label])) return std::numeric_limits<std::int64_t>::max();
    std::int64_t rank = 0;
    for (std::size_t other = 0; other < row.size(); ++other) rank += ranks_before(row, other, label) ? 1 : 0;
    return rank;
}

/// By how much the label's output lies above the k-th best of the others; -1 for a wrong answer.
template <class Number>
float top_k_margin(std::span<const Number> row, std::size_t label, std::int64_t k) {
    if (rank_of(row, label) >= k) return -1;
    std::vector<Number> others;
    for (std::size_t c = 0; c < row.size(); ++c) {
        if (c != label && !std::isnan(row[c])) others.push_back(row[c]);
    }
    if (std::cmp_less(others.size(), k)) return std::numeric_limits<float>::max();  // it cannot become wrong
    const auto rival = others.begin() + (k - 1);
    // The k-th best other class is the one that the label must stay in front of.
    std::nth_element(others.begin(), rival, others.end(), std::greater<>());
    return static_cast<float>(std::max(row[label] - *rival, Number{0}));
}

/// Calls `body` with the outputs of one sample. Almost every model gives fp32, which is then not copied.
template <class Body>
auto with_row(const TensorView& output, Body&& body) {
    if (output.type.dtype == DType::f32) return body(output.as<float>());
    const std::vector<double> numbers = to_numbers(output);
    return body(std::span<const double>(numbers));
}

/// Returns the class that the sample's label names: an integer, or the position of the 1 in a one-hot label.
std::size_t label_of(const SampleAnswer& answer) {
    // Labels come in any element type; data sets of pictures have int64, arrays from Python often int32 or uint8.
    const std::vector<double> numbers = to_numbers(number_view(answer.targets[0], answer.id));
    const std::int64_t classes = answer.outputs[0].elements();
    const bool is_one_hot = numbers.size() > 1;
    if (numbers.empty() || (is_one_hot && std::cmp_not_equal(numbers.size(), classes))) {
        throw DataError("sample " + std::to_string(answer.id) + ": the label has " + std::to_string(numbers.size()) +
                        " numbers, the model " + std::to_string(classes) + " classes");
    }
    const std::int64_t label = is_one_hot ? arg_max(numbers, 0, 1, numbers.size()) : to_class(numbers[0], answer.id);
    require_class(label, classes, answer.id);
    return static_cast<std::size_t>(label);
}

class TopKState final : public ShareAccumulator {
public:
    explicit TopKState(std::int64_t k) : k_(k) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const std::size_t label = label_of(answer);
        return count(with_row(answer.outputs[0], [&](auto row) { return rank_of(row, label) < k_; }));
    }

private:
    std::int64_t k_;
};

class TopK final : public Metric {
public:
    explicit TopK(std::int64_t k) : k_(k) {}

    void bind(const MetricFields& fields) override {
        const Field& output = fields.outputs[0];
        const Field& target = fields.targets[0];
        // The data set of a text may hold anything; labels of a picture are one number, or one for each class.
        // An integer output is an answer already, and has no second best: that is Accuracy's case.
        if (output.type.shape.rank() == 0 || is_integer(output.type.dtype)) {
            throw ConfigError("it needs an output with one real number for each class");
        }
        if (target.is_text) throw ConfigError("it needs a label that is a number");
        if (squeezed(target.type.shape).rank() > 0 && !may_be_alike(target.type.shape, output.type.shape)) {
            throw ConfigError("it needs a label of one number, or of one number for each class (one-hot)");
        }
        // Of an open dimension nobody knows the number of classes, and so nobody knows what guesses reach.
        classes_ = output.type.shape.is_static() ? output.type.shape.elements() : 0;
    }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<TopKState>(k_); }
    std::optional<float> margin(const SampleAnswer& answer) const override {
        const std::size_t label = label_of(answer);
        return with_row(answer.outputs[0], [&](auto row) { return top_k_margin(row, label, k_); });
    }
    std::optional<double> level_of_guessing() const override {
        if (classes_ <= k_) return std::nullopt;
        return static_cast<double>(k_) / static_cast<double>(classes_);
    }

private:
    std::int64_t k_;
    std::int64_t classes_ = 0;  ///< numbers of the output; 0: unknown
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
