// Loss: the mean over samples of what the model itself calls its loss, its output. Of an output with several elements
// their sum counts, as in LPOT. Lower is better.
#include <numeric>

#include "base/check.hpp"
#include "config/reader.hpp"
#include "metric/numbers.hpp"
#include "metric/sums.hpp"

namespace halftone {
namespace {

class LossState final : public SumAccumulator {
public:
    LossState() : SumAccumulator(1, 0) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const std::vector<double> losses = to_numbers(answer.outputs[0]);
        const double loss = std::accumulate(losses.begin(), losses.end(), 0.0);
        sums_[0].add(loss);
        ++samples_;
        return loss;
    }
    double value() const override {
        HALFTONE_CHECK(samples_ > 0, "a mean needs samples");
        return sums_[0].value() / static_cast<double>(samples_);
    }
};

class Loss final : public Metric {
public:
    Takes targets() const override { return Takes::none; }
    Direction direction() const override { return Direction::lower_is_better; }
    void bind(const MetricFields& /*fields*/) override {}  // every output has a sum
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<LossState>(); }
};

}  // namespace

std::unique_ptr<Metric> make_loss(const ConfigNode& node) {
    Reader(node).finish();  // it has no settings
    return std::make_unique<Loss>();
}

}  // namespace halftone
