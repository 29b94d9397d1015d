#include "strategy/subspace.hpp"

namespace halftone {
namespace {

/// Draws in a row that repeat earlier candidates before the rest is looked for.
constexpr int kMostRepeatedDraws = 100;
/// Spaces up to this size are searched for what is left; larger ones are never exhausted by drawing.
constexpr long double kMostListed = 1'000'000;

}  // namespace

Subspace::Subspace(const SearchSpace& space, Options options) : space_(space) {
    for (const Decision& decision : space.decisions()) {
        std::vector<std::uint16_t>& admitted = choices_.emplace_back();
        for (std::size_t o = 0; o < decision.options.size(); ++o) {
            if (options == Options::all || decision.options[o].is_quantized()) {
                admitted.push_back(static_cast<std::uint16_t>(o));
            }
        }
        if (admitted.empty()) admitted.push_back(0);
    }
}

// The calibration size is the first coordinate: two candidates that differ only in it have different ranges.
std::size_t Subspace::places(std::size_t dimension) const {
    return dimension == 0 ? space_.calibration_sizes().size() : choices_[dimension - 1].size();
}

long double Subspace::size() const {
    long double size = 1;
    for (std::size_t d = 0; d < dimensions(); ++d) size *= static_cast<long double>(places(d));
    return size;
}

// A number in a mixed base: the last coordinate is the fastest digit, as in SearchSpace::at.
Point Subspace::at(std::uint64_t index) const {
    Point point(dimensions());
    for (std::size_t d = dimensions(); d-- > 0;) {
        point[d] = static_cast<std::uint16_t>(index % places(d));
        index /= places(d);
    }
    return point;
}

Point Subspace::draw(Rng& random) const {
    Point point;
    for (std::size_t d = 0; d < dimensions(); ++d) point.push_back(static_cast<std::uint16_t>(random.below(places(d))));
    return point;
}

Candidate Subspace::candidate(const Point& point) const {
    std::vector<std::uint16_t> choice;
    for (std::size_t u = 0; u < choices_.size(); ++u) choice.push_back(choices_[u][point[u + 1]]);
    return space_.make(point[0], std::move(choice));
}

// Different points may have the same effect, so a space can be exhausted long before its last point is drawn. In a
// small space the rest is looked for from a drawn number on, which keeps the choice about even; in a large one a
// hundred repetitions in a row mean that hardly anything new is left.
std::optional<Point> Subspace::draw_new(Rng& random, const History& history) const {
    for (int repetitions = 0; repetitions < kMostRepeatedDraws; ++repetitions) {
        Point point = draw(random);
        if (!history.was_asked(candidate(point))) return point;
    }
    if (size() > kMostListed) return std::nullopt;
    const auto points = static_cast<std::uint64_t>(size());
    const std::uint64_t start = random.below(points);
    for (std::uint64_t step = 0; step < points; ++step) {
        Point point = at((start + step) % points);
        if (!history.was_asked(candidate(point))) return point;
    }
    return std::nullopt;
}

}  // namespace halftone
