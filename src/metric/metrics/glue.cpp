// GLUE: each task's own figure. cola: Matthews' correlation; mrpc: mean of accuracy and F1 of class 1; sts-b: mean of
// Pearson's and Spearman's correlation; every other task: accuracy. Source: Wang et al. 2018, section 3.
//
//   GlueShareState         accuracy tasks: a share of samples, with bounds and judgements
//   GlueTableState         cola, mrpc: the four counts of two classes
//   GlueCorrelationState   sts-b: all pairs of numbers, because ranks are known only when all are there
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/enum_names.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "config/reader.hpp"
#include "metric/class_pairs.hpp"
#include "metric/counts.hpp"
#include "metric/numbers.hpp"
#include "metric/resampling.hpp"
#include "metric/sums.hpp"

namespace halftone {
namespace {

enum class GlueKind { accuracy, accuracy_and_f1, matthews, correlation };

/// The names as LPOT and the GLUE benchmark write them.
constexpr EnumNames<GlueKind, 11> kGlueTasks{{{{GlueKind::matthews, "cola"},
                                               {GlueKind::accuracy, "sst-2"},
                                               {GlueKind::accuracy, "sst2"},
                                               {GlueKind::accuracy_and_f1, "mrpc"},
                                               {GlueKind::correlation, "sts-b"},
                                               {GlueKind::correlation, "stsb"},
                                               {GlueKind::accuracy, "qqp"},
                                               {GlueKind::accuracy, "mnli"},
                                               {GlueKind::accuracy, "qnli"},
                                               {GlueKind::accuracy, "rte"},
                                               {GlueKind::accuracy, "wnli"}}}};

/// The answer and the label of a sample, which has one of each.
std::pair<std::int64_t, std::int64_t> glue_classes(const ClassPairs& pairs, const SampleAnswer& answer) {
    const ClassPairs::Pair pair = pairs.read_known(answer);
    if (pair.answer.size() == 1) return {pair.answer[0], pair.wanted[0]};
    throw DataError("sample " + std::to_string(answer.id) + ": GLUE needs one label for a sample");
}

class GlueShareState final : public ShareAccumulator {
public:
    explicit GlueShareState(const ClassPairs& pairs) : pairs_(pairs) {}
    std::optional<double> add(const SampleAnswer& answer) override {
        const auto [said, wanted] = glue_classes(pairs_, answer);
        return count(said == wanted);
    }

private:
    ClassPairs pairs_;
};

class GlueTableState final : public CountAccumulator {
public:
    GlueTableState(const ClassPairs& pairs, GlueKind kind) : CountAccumulator(4), pairs_(pairs), kind_(kind) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const auto [said, wanted] = glue_classes(pairs_, answer);
        if (said < 0 || said > 1 || wanted < 0 || wanted > 1) {
            throw DataError("sample " + std::to_string(answer.id) +
                            ": this task of GLUE has the classes 0 and 1, got " +
                            std::to_string(said < 0 || said > 1 ? said : wanted));
        }
        // Row by row: the right class, then the class that was said.
        keep(answer.id, {{static_cast<std::size_t>(2 * wanted + said), 1}});
        return std::nullopt;  // neither F1 nor a correlation is a mean over samples
    }

private:
    double value_of(const Totals& counts) const override {
        const auto at = [&](std::size_t wanted, std::size_t said) {
            return static_cast<double>(counts[2 * wanted + said]);
        };
        const double hits = at(1, 1);
        const double both = at(0, 0);
        const double false_positives = at(0, 1);
        const double false_negatives = at(1, 0);
        if (kind_ == GlueKind::matthews) {
            // Counts of one class only have no correlation; scikit-learn says 0.
            const double product = (hits + false_positives) * (hits + false_negatives) * (both + false_positives) *
                                   (both + false_negatives);
            return product > 0 ? (hits * both - false_positives * false_negatives) / std::sqrt(product) : 0;
        }
        const double all = 2 * hits + false_positives + false_negatives;
        const double f1 = all > 0 ? 2 * hits / all : 0;
        const double samples = hits + both + false_positives + false_negatives;
        return (f1 + (hits + both) / samples) / 2;
    }

    ClassPairs pairs_;
    GlueKind kind_;
};

/// Pearson's correlation of two lists; NaN where one of them is constant. The sums are exact, so that the order of the
/// samples does not matter.
double pearson(const std::vector<double>& a, const std::vector<double>& b) {
    const auto mean_of = [](const std::vector<double>& values) {
        ExactSum sum;
        for (const double value : values) sum.add(value);
        return sum.value() / static_cast<double>(values.size());
    };
    const double mean_a = mean_of(a);
    const double mean_b = mean_of(b);
    ExactSum products;
    ExactSum squares_a;
    ExactSum squares_b;
    for (std::size_t i = 0; i < a.size(); ++i) {
        products.add((a[i] - mean_a) * (b[i] - mean_b));
        squares_a.add((a[i] - mean_a) * (a[i] - mean_a));
        squares_b.add((b[i] - mean_b) * (b[i] - mean_b));
    }
    return products.value() / std::sqrt(squares_a.value() * squares_b.value());
}

/// The rank of each value, from 1; equal values share the mean of their ranks.
std::vector<double> ranks_of(const std::vector<double>& values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // An unstable sort will do: equal values get the same rank, whatever their order.
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first;  // of a run of equal values, exclusive
        while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
        for (std::size_t i = first; i < last; ++i) ranks[order[i]] = static_cast<double>(first + last + 1) / 2;
        first = last;
    }
    return ranks;
}

class GlueCorrelationState final : public Accumulator {
public:
    std::optional<double> add(const SampleAnswer& answer) override {
        const std::vector<double> said = to_numbers(answer.outputs[0]);
        const std::vector<double> wanted = to_numbers(number_view(answer.targets[0], answer.id));
        const std::string sample = "sample " + std::to_string(answer.id);
        if (said.size() != 1 || wanted.size() != 1) throw DataError(sample + ": sts-b needs one output and one score");
        if (!std::isfinite(wanted[0])) throw DataError(sample + ": its score is no number");
        // A model that answers NaN or infinity has no correlation with anything; 0 keeps the others' ranks.
        said_.push_back(std::isfinite(said[0]) ? said[0] : 0);
        wanted_.push_back(wanted[0]);
        return std::nullopt;
    }
    std::string save() const override {
        WireWriter wire;
        wire.put_all(said_);
        wire.put_all(wanted_);
        return wire.take();
    }
    void merge(std::string_view saved) override {
        ByteReader wire(saved, "the state of GLUE");
        const auto said = wire.get_all<double>("answers");
        const auto wanted = wire.get_all<double>("scores");
        const auto are_finite = [](const std::vector<double>& values) {
            return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
        };
        wire.expect(said.size() == wanted.size(), "a score for each answer");
        wire.expect(are_finite(said) && are_finite(wanted), "numbers");
        wire.require_end<MpiError>();
        said_.insert(said_.end(), said.begin(), said.end());
        wanted_.insert(wanted_.end(), wanted.begin(), wanted.end());
    }
    double value() const override {
        HALFTONE_CHECK(!said_.empty(), "GLUE needs samples");
        return correlation(said_, wanted_);
    }
    std::vector<double> resampled() const override {
        // A draw of n samples is sorted twice, which takes about 20 steps for each of them.
        constexpr std::size_t kStepsOfASort = 20;
        if (said_.size() > kMostResamplingSteps / kStepsOfASort) return {};
        // Ranks change with every draw, so each draw is a list of its own.
        return resampled_values(said_.size(), [&](const DrawnTimes& times) {
            std::vector<double> said;
            std::vector<double> wanted;
            for (std::size_t i = 0; i < times.size(); ++i) {
                said.insert(said.end(), static_cast<std::size_t>(times[i]), said_[i]);
                wanted.insert(wanted.end(), static_cast<std::size_t>(times[i]), wanted_[i]);
            }
            return correlation(said, wanted);
        });
    }
    std::int64_t samples() const override { return static_cast<std::int64_t>(said_.size()); }

private:
    static double correlation(const std::vector<double>& said, const std::vector<double>& wanted) {
        // Spearman's correlation is Pearson's of the ranks.
        return (pearson(said, wanted) + pearson(ranks_of(said), ranks_of(wanted))) / 2;
    }

    std::vector<double> said_, wanted_;  ///< one of each for each sample
};

class Glue final : public Metric {
public:
    explicit Glue(GlueKind kind) : kind_(kind) {}

    void bind(const MetricFields& fields) override {
        if (kind_ != GlueKind::correlation) {
            pairs_.bind(fields);
            if (pairs_.kind() == ClassKind::multilabel) throw ConfigError("it needs one label for each sample");
            const std::int64_t classes = pairs_.classes();
            if (kind_ == GlueKind::accuracy || classes == 2 || classes == kSymbolic) return;
            throw ConfigError("its task has two classes, the output has " + std::to_string(classes));
        }
        if (fields.targets[0].is_text) throw ConfigError("it needs a target of numbers");
        if (may_be_alike(fields.outputs[0].type.shape, Shape{}) &&
            may_be_alike(fields.targets[0].type.shape, Shape{})) {
            return;
        }
        throw ConfigError("its task sts-b needs one output and one score for each sample");
    }
    std::unique_ptr<Accumulator> start() const override {
        if (kind_ == GlueKind::accuracy) return std::make_unique<GlueShareState>(pairs_);
        if (kind_ == GlueKind::correlation) return std::make_unique<GlueCorrelationState>();
        return std::make_unique<GlueTableState>(pairs_, kind_);
    }

private:
    static constexpr double kThreshold = 0.5;  ///< of outputs with one number for two classes
    GlueKind kind_;
    ClassPairs pairs_{kThreshold};
};

}  // namespace

std::unique_ptr<Metric> make_glue(const ConfigNode& node) {
    Reader reader(node);
    const std::string task = reader.text("task", "mrpc");
    const auto kind = kGlueTasks.parse(task);
    if (!kind) reader.fail("task", "must be one of: " + kGlueTasks.allowed());
    reader.finish();
    return std::make_unique<Glue>(*kind);
}

}  // namespace halftone
