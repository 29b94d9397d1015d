// ROC: the area under the receiver operating characteristic, that is, the probability that a sample of class 1 has a
// higher score than one of class 0; equal scores count half (Mann and Whitney). The state is every score with its
// class, because the rank of a score is known only when all are there. Counting pairs in integers makes the value
// exact.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "config/reader.hpp"
#include "metric/metric.hpp"
#include "metric/numbers.hpp"
#include "metric/resampling.hpp"

namespace halftone {
namespace {

/// Positions of the scores, the lowest score first. Indices are sorted and not pairs: scores and classes stay in the
/// two lists that travel.
std::vector<std::size_t> roc_order(const std::vector<double>& scores) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
    return order;
}

/// Returns the area from all scores and their classes (0 or 1); NaN unless both classes occur.
/// @param times  how often each score counts; empty: once
double area_under_roc(const std::vector<double>& scores, const std::vector<std::uint8_t>& classes,
                      const std::vector<std::size_t>& order, const DrawnTimes& times = {}) {
    std::int64_t negatives_below = 0;
    std::int64_t positives = 0;
    double twice_won = 0;  // pairs won count 2 and ties 1; integers, exact up to 2^53
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first;  // of a run of equal scores, exclusive
        std::int64_t here[2] = {};
        for (; last < order.size() && scores[order[last]] == scores[order[first]]; ++last) {
            here[classes[order[last]]] += times.empty() ? 1 : times[order[last]];
        }
        // Against each of these positives: all lower negatives are won, and those of the same score are ties.
        twice_won += static_cast<double>(here[1]) * static_cast<double>(2 * negatives_below + here[0]);
        negatives_below += here[0];
        positives += here[1];
        first = last;
    }
    // With one class alone there is no pair, and no area.
    const double pairs = static_cast<double>(positives) * static_cast<double>(negatives_below);
    return pairs > 0 ? twice_won / (2 * pairs) : std::numeric_limits<double>::quiet_NaN();
}

class RocState final : public Accumulator {
public:
    std::optional<double> add(const SampleAnswer& answer) override {
        // A sample has one label, or one for each element of its output.
        const std::vector<double> outputs = to_numbers(answer.outputs[0]);
        const std::vector<double> labels = to_numbers(number_view(answer.targets[0], answer.id));
        // Two outputs for one label are the scores of class 0 and class 1.
        const bool is_pair = outputs.size() == 2 && labels.size() == 1;
        if (!is_pair && (outputs.size() != labels.size() || outputs.empty())) {
            throw DataError("sample " + std::to_string(answer.id) + ": ROC has " + std::to_string(outputs.size()) +
                            " scores for " + std::to_string(labels.size()) + " labels");
        }
        for (std::size_t i = 0; i < labels.size(); ++i) {
            const std::int64_t label = to_class(labels[i], answer.id);
            if (label != 0 && label != 1) {
                throw DataError("sample " + std::to_string(answer.id) + ": ROC needs labels 0 and 1, got " +
                                std::to_string(label));
            }
            const double score = is_pair ? outputs[1] : outputs[i];
            // NaN compares with nothing; as the lowest score it helps neither class to a good area.
            scores_.push_back(std::isnan(score) ? -std::numeric_limits<double>::infinity() : score);
            classes_.push_back(static_cast<std::uint8_t>(label));
        }
        ++samples_;
        return std::nullopt;
    }

    std::string save() const override {
        WireWriter wire;
        wire.put(samples_);
        wire.put_all(scores_);
        wire.put_all(classes_);
        return wire.take();
    }

    void merge(std::string_view saved) override {
        ByteReader wire(saved, "the state of ROC");
        const auto samples = wire.get<std::int64_t>("a number of samples");
        const auto scores = wire.get_all<double>("scores");
        const auto classes = wire.get_all<std::uint8_t>("classes");
        wire.expect(samples >= 0 && samples < (std::int64_t{1} << 53U), "a number of samples");
        wire.expect(scores.size() == classes.size(), "a class for each score");
        const auto is_good = [](std::uint8_t c) { return c <= 1; };
        wire.expect(std::all_of(classes.begin(), classes.end(), is_good), "classes 0 and 1");
        // A NaN would break the order of the sort.
        wire.expect(std::none_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); }), "numbers");
        wire.require_end<MpiError>();
        samples_ += samples;
        scores_.insert(scores_.end(), scores.begin(), scores.end());
        classes_.insert(classes_.end(), classes.begin(), classes.end());
    }

    double value() const override {
        HALFTONE_CHECK(samples_ > 0, "ROC needs samples");
        return area_under_roc(scores_, classes_, roc_order(scores_));
    }
    std::vector<double> resampled() const override {
        // Several scores of one sample would have to be drawn together, and whose they are is not kept.
        if (std::cmp_not_equal(scores_.size(), samples_) || scores_.size() > kMostResamplingSteps) return {};
        const std::vector<std::size_t> order = roc_order(scores_);
        return resampled_values(
            scores_.size(), [&](const DrawnTimes& times) { return area_under_roc(scores_, classes_, order, times); });
    }
    std::int64_t samples() const override { return samples_; }

private:
    std::int64_t samples_ = 0;
    std::vector<double> scores_;
    std::vector<std::uint8_t> classes_;  ///< 0 or 1, one for each score
};

class Roc final : public Metric {
public:
    void bind(const MetricFields& fields) override {
        const Field& output = fields.outputs[0];
        const Field& target = fields.targets[0];
        if (target.is_text) throw ConfigError("it needs labels 0 and 1");
        // A softmax over two classes, or one score for each label.
        const Shape out = squeezed(output.type.shape);
        const bool is_pair = out == Shape{2} && squeezed(target.type.shape).rank() == 0;
        if (is_pair || may_be_alike(output.type.shape, target.type.shape)) return;
        throw ConfigError("it needs one score for each label, or two (class 0, class 1)");
    }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<RocState>(); }
};

}  // namespace

std::unique_ptr<Metric> make_roc(const ConfigNode& node) {
    Reader(node).finish();  // it has no settings
    return std::make_unique<Roc>();
}

}  // namespace halftone
