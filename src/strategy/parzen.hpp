#pragma once
// Parzen estimators over categorical coordinates, as the tree-structured Parzen estimator uses them. Source: Bergstra,
// Bardenet, Bengio, Kegl, Algorithms for Hyper-Parameter Optimization (2011), section 4.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.hpp"

namespace halftone {

/// A density over points whose coordinates are independent. The probability of a place (a value of a coordinate) is
///   p(place) = (count + prior_weight / places) / (observations + prior_weight),
/// that is, the observed shares, mixed with a prior that is even over the places.
class Parzen {
public:
    /// @param places        number of places of each coordinate
    /// @param prior_weight  how many observations the prior is worth. @pre prior_weight > 0
    Parzen(const std::vector<std::size_t>& places, double prior_weight);
    void add(const std::vector<std::uint16_t>& point);

    [[nodiscard]] double probability(std::size_t coordinate, std::uint16_t place) const;
    [[nodiscard]] double log_density(const std::vector<std::uint16_t>& point) const;
    [[nodiscard]] std::vector<std::uint16_t> sample(Rng& random) const;

private:
    std::vector<std::vector<double>> counts_;  ///< [coordinate][place]
    double prior_weight_;
    double observations_ = 0;
};

}  // namespace halftone
