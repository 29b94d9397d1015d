#pragma once
// NumberPairs: what metrics compare that go element by element (MSE, RMSE, MAE, PSNR): an output with a target of the
// same shape, or with the fp32 model's own output.

#include <cmath>
#include <cstddef>
#include <vector>

#include "metric/metric.hpp"

namespace halftone {

class NumberPairs {
public:
    /// @param compares_label  false: the fp32 model's output stands for the target
    explicit NumberPairs(bool compares_label) : compares_label_(compares_label) {}

    [[nodiscard]] Takes targets() const { return compares_label_ ? Takes::one : Takes::none; }
    [[nodiscard]] bool needs_baseline_outputs() const { return !compares_label_; }
    /// @throws ConfigError, with the reason, if the shapes cannot hold the same elements
    void bind(const MetricFields& fields);
    /// Returns whether every sample has the same number of elements, so that the mean over elements is the mean over
    /// samples of each sample's mean.
    [[nodiscard]] bool has_fixed_size() const { return has_fixed_size_; }

    struct Pair {
        std::vector<double> answer;
        std::vector<double> wanted;  ///< as long as `answer`, which is not empty
        /// Returns the sum over all elements of term(answer - wanted), added up in their order.
        template <class Term>
        [[nodiscard]] double sum_of(Term term) const {
            double sum = 0;
            for (std::size_t i = 0; i < answer.size(); ++i) sum += term(answer[i] - wanted[i]);
            return sum;
        }
        [[nodiscard]] double squared_error() const {
            return sum_of([](double difference) { return difference * difference; });
        }
        [[nodiscard]] double absolute_error() const {
            return sum_of([](double difference) { return std::abs(difference); });
        }
    };
    /// @throws DataError, naming the sample, if the two differ in size or are empty
    [[nodiscard]] Pair read(const SampleAnswer& answer) const;

private:
    bool compares_label_;
    bool has_fixed_size_ = false;
};

}  // namespace halftone
