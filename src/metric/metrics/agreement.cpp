// agreement: how well a model answers as the fp32 model does. It needs no labels, so any data will do to begin with.
//
//   by: argmax   the share of samples whose largest output is the same; with `axis`, the share of positions
//   by: sqnr     10 log10(sum of squares of fp32's outputs / sum of squared differences) in decibels, over all samples
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/check.hpp"
#include "base/enum_names.hpp"
#include "base/error.hpp"
#include "config/reader.hpp"
#include "metric/numbers.hpp"
#include "metric/sums.hpp"

namespace halftone {
namespace {

enum class AgreementBy { argmax, sqnr };
constexpr EnumNames<AgreementBy, 2> kAgreementNames{{{{AgreementBy::argmax, "argmax"}, {AgreementBy::sqnr, "sqnr"}}}};

/// What fp32 itself scores by sqnr, where there is no noise at all. It is finite, so that a loss can be told: an
/// allowed absolute loss of 70 means that 30 dB are enough.
constexpr double kMostDecibels = 100;

void require_same_size(const SampleAnswer& answer) {
    if (answer.outputs[0].type.shape == answer.baseline[0].type.shape && answer.outputs[0].elements() > 0) return;
    throw DataError("sample " + std::to_string(answer.id) + ": the output is " +
                    answer.outputs[0].type.shape.to_text() + ", fp32's is " + answer.baseline[0].type.shape.to_text());
}

/// One answer for a sample: the position of the largest of all its outputs.
class SameLargestState final : public ShareAccumulator {
public:
    std::optional<double> add(const SampleAnswer& answer) override {
        require_same_size(answer);
        const std::vector<double> mine = to_numbers(answer.outputs[0]);
        const std::vector<double> fp32 = to_numbers(answer.baseline[0]);
        return count(arg_max(mine, 0, 1, mine.size()) == arg_max(fp32, 0, 1, fp32.size()));
    }
};

/// One answer for each position of the other dimensions: pixels, tokens.
class SameAlongAxisState final : public SumAccumulator {
public:
    SameAlongAxisState(std::size_t axis, bool has_fixed_size)
        : SumAccumulator(0, 2), axis_(axis), has_fixed_size_(has_fixed_size) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        require_same_size(answer);
        const Shape& shape = answer.outputs[0].type.shape;
        const auto mine = arg_max_along(to_numbers(answer.outputs[0]), shape, axis_);
        const auto fp32 = arg_max_along(to_numbers(answer.baseline[0]), shape, axis_);
        std::int64_t same = 0;
        for (std::size_t i = 0; i < mine.size(); ++i) same += mine[i] == fp32[i] ? 1 : 0;
        counts_[0] += same;
        counts_[1] += static_cast<std::int64_t>(mine.size());
        ++samples_;
        if (!has_fixed_size_) return std::nullopt;
        return static_cast<double>(same) / static_cast<double>(mine.size());
    }
    double value() const override {
        HALFTONE_CHECK(counts_[1] > 0, "a share needs positions");
        return static_cast<double>(counts_[0]) / static_cast<double>(counts_[1]);
    }

private:
    std::size_t axis_;
    bool has_fixed_size_;
};

class SqnrState final : public SumAccumulator {
public:
    SqnrState() : SumAccumulator(2, 0) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        require_same_size(answer);
        const std::vector<double> mine = to_numbers(answer.outputs[0]);
        const std::vector<double> fp32 = to_numbers(answer.baseline[0]);
        // Sums over all samples, so that loud samples count more: the ratio of the whole evaluation set.
        double signal = 0;
        double noise = 0;
        for (std::size_t i = 0; i < mine.size(); ++i) {
            signal += fp32[i] * fp32[i];
            noise += (mine[i] - fp32[i]) * (mine[i] - fp32[i]);
        }
        sums_[0].add(signal);
        sums_[1].add(noise);
        ++samples_;
        return std::nullopt;  // the ratio of two sums is no mean over samples
    }
    double value() const override {
        HALFTONE_CHECK(samples_ > 0, "a ratio needs samples");
        // Noise of 0 is an infinite ratio, and a tiny one a useless number: both are "as fp32".
        const double noise = sums_[1].value();
        if (noise == 0) return kMostDecibels;
        return std::min(10 * std::log10(sums_[0].value() / noise), kMostDecibels);
    }
};

class Agreement final : public Metric {
public:
    Agreement(AgreementBy by, std::optional<std::int64_t> axis) : by_(by), axis_(axis) {}

    Takes targets() const override { return Takes::none; }
    bool needs_baseline_outputs() const override { return true; }
    void bind(const MetricFields& fields) override {
        const Shape& shape = fields.outputs[0].type.shape;
        has_fixed_size_ = shape.is_static();
        if (by_ == AgreementBy::sqnr) return;
        if (axis_ && *axis_ >= static_cast<std::int64_t>(shape.rank())) {
            throw ConfigError("its axis " + std::to_string(*axis_) + " counts from 0 behind the batch; the output is " +
                              shape.to_text());
        }
        if (has_fixed_size_ && shape.elements() < 2) {
            throw ConfigError("the largest of one number is always the same; use by: sqnr");
        }
    }
    std::unique_ptr<Accumulator> start() const override {
        if (by_ == AgreementBy::sqnr) return std::make_unique<SqnrState>();
        // Without an axis all outputs of a sample are one line of classes, as in topk.
        if (!axis_) return std::make_unique<SameLargestState>();
        return std::make_unique<SameAlongAxisState>(static_cast<std::size_t>(*axis_), has_fixed_size_);
    }
    // How far the largest output of fp32 lies above the second: where they are close, a candidate differs first.
    std::optional<float> margin(const SampleAnswer& answer) const override {
        if (by_ == AgreementBy::sqnr || axis_) return std::nullopt;
        std::vector<double> fp32 = to_numbers(answer.baseline[0]);
        // NaN is never the largest, and would break the order of the sort.
        std::erase_if(fp32, [](double value) { return std::isnan(value); });
        if (fp32.size() < 2) return std::numeric_limits<float>::max();
        std::partial_sort(fp32.begin(), fp32.begin() + 2, fp32.end(), std::greater<>());
        return static_cast<float>(fp32[0] - fp32[1]);
    }

private:
    AgreementBy by_;
    std::optional<std::int64_t> axis_;
    bool has_fixed_size_ = false;
};

}  // namespace

std::unique_ptr<Metric> make_agreement(const ConfigNode& node) {
    Reader reader(node);
    const AgreementBy by = reader.word("by", kAgreementNames, AgreementBy::argmax);
    std::optional<std::int64_t> axis;
    if (reader.child("axis") != nullptr) axis = reader.integer("axis", 0, 0);
    reader.finish();
    return std::make_unique<Agreement>(by, axis);
}

}  // namespace halftone
