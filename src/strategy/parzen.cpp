#include "strategy/parzen.hpp"

#include <cmath>

namespace halftone {

Parzen::Parzen(const std::vector<std::size_t>& places, double prior_weight) : prior_weight_(prior_weight) {
    for (const std::size_t count : places) counts_.emplace_back(count, 0.0);
}

void Parzen::add(const std::vector<std::uint16_t>& point) {
    for (std::size_t c = 0; c < counts_.size(); ++c) counts_[c][point[c]] += 1;
    observations_ += 1;
}

// The prior counts as prior_weight observations that are spread evenly over the places. Without it a place that was
// never seen would have probability 0, and the ratio of two densities could be 0 / 0.
double Parzen::probability(std::size_t coordinate, std::uint16_t place) const {
    const std::vector<double>& counts = counts_[coordinate];
    const double prior = prior_weight_ / static_cast<double>(counts.size());
    return (counts[place] + prior) / (observations_ + prior_weight_);
}

// Coordinates are independent, so the density is a product; as a sum of logarithms it cannot become 0 by underflow.
double Parzen::log_density(const std::vector<std::uint16_t>& point) const {
    double sum = 0;
    for (std::size_t c = 0; c < counts_.size(); ++c) sum += std::log(probability(c, point[c]));
    return sum;
}

// By inversion: walks along the cumulative probabilities. The last place takes what rounding leaves over.
std::vector<std::uint16_t> Parzen::sample(Rng& random) const {
    std::vector<std::uint16_t> point;
    for (std::size_t c = 0; c < counts_.size(); ++c) {
        double rest = random.uniform();
        std::uint16_t place = 0;
        while (place + 1U < counts_[c].size()) {
            rest -= probability(c, place);
            if (rest < 0) break;
            ++place;
        }
        point.push_back(place);
    }
    return point;
}

}  // namespace halftone
