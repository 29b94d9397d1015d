// F1: 2 TP / (2 TP + FP + FN), from the counts of true positives, false positives and false negatives of each class.
// Position counts: a prediction is right only if it is right for its own sample. (LPOT compares the two bags of words
// "predictions" and "labels" as multisets, so that wrong answers in the right number score 1.)
#include <algorithm>

#include "base/enum_names.hpp"
#include "base/error.hpp"
#include "config/reader.hpp"
#include "metric/class_pairs.hpp"
#include "metric/counts.hpp"

namespace halftone {
namespace {

/// What becomes of the classes' F1: that of class 1 alone, their mean, the F1 of all counts together, or their mean
/// weighted by how often each class is the right one.
enum class F1Average { automatic, binary, macro, micro, weighted };
constexpr EnumNames<F1Average, 5> kF1AverageNames{{{{F1Average::automatic, "auto"},
                                                    {F1Average::binary, "binary"},
                                                    {F1Average::macro, "macro"},
                                                    {F1Average::micro, "micro"},
                                                    {F1Average::weighted, "weighted"}}}};

/// More classes than any data set has: the counts of each class must stay cheap to send.
constexpr std::int64_t kMostF1Classes = 1 << 20;

double f1_of(std::int64_t hits, std::int64_t false_positives, std::int64_t false_negatives) {
    const std::int64_t all = 2 * hits + false_positives + false_negatives;
    // A class that never occurs and is never predicted has no F1; it counts 0, as in scikit-learn.
    return all == 0 ? 0 : 2 * static_cast<double>(hits) / static_cast<double>(all);
}

class F1State final : public CountAccumulator {
public:
    F1State(const ClassPairs& pairs, std::int64_t classes, F1Average average)
        : CountAccumulator(static_cast<std::size_t>(3 * classes)),
          pairs_(pairs),
          classes_(classes),
          average_(average) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const ClassPairs::Pair pair = pairs_.read(answer);
        std::map<std::size_t, std::int64_t> added;
        for (std::size_t i = 0; i < pair.answer.size(); ++i) {
            const std::size_t said = index_of(pair.answer[i], answer.id);
            const std::size_t wanted = index_of(pair.wanted[i], answer.id);
            // A wrong answer counts twice: against the class that was said, and against the one that was right.
            if (said == wanted) {
                ++added[3 * said + kHits];
            } else {
                ++added[3 * said + kFalsePositives];
                ++added[3 * wanted + kFalseNegatives];
            }
        }
        keep(answer.id, added);
        return std::nullopt;  // F1 is no mean over samples
    }

private:
    double value_of(const Totals& counts) const override {
        // The positive class of two is class 1, as in scikit-learn.
        if (average_ == F1Average::binary) return of_class(counts, 1);
        if (average_ == F1Average::micro) return of_all(counts);
        double sum = 0;
        double weights = 0;
        for (std::int64_t c = 0; c < classes_; ++c) {
            const auto first = static_cast<std::size_t>(3 * c);
            const std::int64_t wanted = counts[first + kHits] + counts[first + kFalseNegatives];
            // Classes that neither labels nor predictions name are none of the data set's.
            if (wanted + counts[first + kFalsePositives] == 0) continue;
            const double weight = average_ == F1Average::weighted ? static_cast<double>(wanted) : 1.0;
            sum += weight * of_class(counts, c);
            weights += weight;
        }
        return weights > 0 ? sum / weights : 0;
    }

    static constexpr std::size_t kHits = 0;  ///< positions in the three counts of a class
    static constexpr std::size_t kFalsePositives = 1;
    static constexpr std::size_t kFalseNegatives = 2;

    [[nodiscard]] std::size_t index_of(std::int64_t c, std::int64_t sample) const {
        if (c >= 0 && c < classes_) return static_cast<std::size_t>(c);
        throw DataError("sample " + std::to_string(sample) + ": class " + std::to_string(c) + " lies outside the " +
                        std::to_string(classes_) + " classes of F1 (num_classes)");
    }
    [[nodiscard]] static double of_class(const Totals& counts, std::int64_t c) {
        const auto first = static_cast<std::size_t>(3 * c);
        return f1_of(counts[first + kHits], counts[first + kFalsePositives], counts[first + kFalseNegatives]);
    }
    [[nodiscard]] static double of_all(const Totals& counts) {
        std::int64_t sums[3] = {};
        for (std::size_t i = 0; i < counts.size(); ++i) sums[i % 3] += counts[i];
        return f1_of(sums[kHits], sums[kFalsePositives], sums[kFalseNegatives]);
    }

    ClassPairs pairs_;
    std::int64_t classes_;
    F1Average average_;
};

class F1 final : public Metric {
public:
    F1(double threshold, std::int64_t classes, F1Average average)
        : pairs_(threshold), classes_(classes), average_(average) {}

    void bind(const MetricFields& fields) override {
        pairs_.bind(fields);
        // The counts have a fixed length, so the number of classes must be known before the first sample.
        if (classes_ == 0) classes_ = std::max<std::int64_t>(pairs_.classes(), 0);
        if (classes_ == 0) throw ConfigError("it needs num_classes: neither output nor target says how many there are");
        if (average_ == F1Average::automatic) average_ = classes_ == 2 ? F1Average::binary : F1Average::macro;
        if (average_ == F1Average::binary && classes_ != 2) {
            throw ConfigError("its average 'binary' needs two classes, there are " + std::to_string(classes_));
        }
    }
    std::unique_ptr<Accumulator> start() const override {
        return std::make_unique<F1State>(pairs_, classes_, average_);
    }

private:
    ClassPairs pairs_;
    std::int64_t classes_;  ///< 0: the fields decide
    F1Average average_;
};

}  // namespace

std::unique_ptr<Metric> make_f1(const ConfigNode& node) {
    Reader reader(node);
    const double threshold = reader.number("threshold", 0.5);
    const std::int64_t classes = reader.integer("num_classes", 0, 2, kMostF1Classes);
    const F1Average average = reader.word("average", kF1AverageNames, F1Average::automatic);
    reader.finish();
    return std::make_unique<F1>(threshold, classes, average);
}

}  // namespace halftone
