// Accuracy: the share of elements whose class is right. A sample is one element (binary, multiclass) or several
// (multilabel, pixels, tokens); all elements of all samples count alike. A label that
// the model cannot say is refused: it would lower the share of fp32 and of every candidate, and nobody would see why.
#include "base/check.hpp"
#include "config/reader.hpp"
#include "metric/class_pairs.hpp"
#include "metric/sums.hpp"

namespace halftone {
namespace {

class AccuracyState final : public SumAccumulator {
public:
    explicit AccuracyState(const ClassPairs& pairs) : SumAccumulator(0, 2), pairs_(pairs) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const ClassPairs::Pair pair = pairs_.read_known(answer);
        std::int64_t right = 0;
        for (std::size_t i = 0; i < pair.answer.size(); ++i) right += pair.answer[i] == pair.wanted[i] ? 1 : 0;
        const auto elements = static_cast<std::int64_t>(pair.answer.size());
        // Counts of elements, so that a large sample weighs more than a small one.
        counts_[kRight] += right;
        counts_[kElements] += elements;
        ++samples_;
        if (!pairs_.has_fixed_size()) return std::nullopt;
        return static_cast<double>(right) / static_cast<double>(elements);
    }

    double value() const override {
        HALFTONE_CHECK(counts_[kElements] > 0, "a share needs elements");
        return static_cast<double>(counts_[kRight]) / static_cast<double>(counts_[kElements]);
    }
    // Elements of one sample are no independent draws, so their count must not pass for a count of samples.
    std::optional<std::int64_t> correct() const override {
        return counts_[kElements] == samples_ ? std::optional(counts_[kRight]) : std::nullopt;
    }
    std::optional<Interval> bounds(std::int64_t unseen) const override {
        // How many elements the unseen samples have is known only if all have the same number of them.
        if (!pairs_.has_fixed_size() || samples_ == 0) return std::nullopt;
        const std::int64_t unseen_elements = counts_[kElements] / samples_ * unseen;
        const auto all = static_cast<double>(counts_[kElements] + unseen_elements);
        return Interval{static_cast<double>(counts_[kRight]) / all,
                        static_cast<double>(counts_[kRight] + unseen_elements) / all};
    }

private:
    static constexpr std::size_t kRight = 0;  ///< positions in counts_
    static constexpr std::size_t kElements = 1;
    ClassPairs pairs_;
};

class Accuracy final : public Metric {
public:
    explicit Accuracy(double threshold) : pairs_(threshold) {}
    void bind(const MetricFields& fields) override { pairs_.bind(fields); }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<AccuracyState>(pairs_); }
    std::optional<double> level_of_guessing() const override {
        // Of one number the threshold makes two classes. kSymbolic, which is negative, stands for an unknown number.
        if (pairs_.classes() < 2) return std::nullopt;
        return 1.0 / static_cast<double>(pairs_.classes());
    }

private:
    ClassPairs pairs_;
};

}  // namespace

std::unique_ptr<Metric> make_accuracy(const ConfigNode& node) {
    Reader reader(node);
    const double threshold = reader.number("threshold", 0.5);
    reader.finish();
    return std::make_unique<Accuracy>(threshold);
}

}  // namespace halftone
