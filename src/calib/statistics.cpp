// Statistics of one value: extremes, a count, and a histogram of integers, so that parts may be merged in any order.
//
//   limit_above, grow_to   the histogram's range, a power of two that doubles when a value lies outside
//   measure, find_bins     loops over elements: the extremes of a block, then the bin of each element
//   observe, include       count elements of a tensor, or a range that is known otherwise
//   merge                  adds another histogram, after both have the same range
//   encode, decode         bytes for other ranks; what decode reads is checked against itself
#include "calib/statistics.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/wire.hpp"
#include "calib/damage.hpp"
#include "tensor/simd_clones.hpp"

namespace halftone {
namespace {

// More observations than any calibration makes. The counts of thousands of shards with so many still fit 64 bits.
constexpr std::uint64_t kMostObservations = std::uint64_t{1} << 48U;

constexpr int kCentre = ValueStatistics::kBins / 2;
// No histogram is narrower, so that a bin's width and its inverse are normal floats and scaling by them is exact.
constexpr double kSmallestLimit = 0x1.0p-64;
constexpr std::size_t kBlock = 2048;  // values handled at once: their bin indices stay in the first-level cache
constexpr std::int32_t kInfinityBits = 0x7f800000;

/// The power of two above |x|: a function of the values alone, so that any order of observing ends in the same bins.
double limit_above(float magnitude) {
    int exponent = 0;
    const double mantissa = std::frexp(static_cast<double>(magnitude), &exponent);
    return mantissa == 0 ? kSmallestLimit : std::max(std::ldexp(1.0, exponent), kSmallestLimit);
}

/// Integers ordered as the floats that have these bits (-0 below +0). Its own inverse.
constexpr std::int32_t ordered(std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

struct Extent {
    std::int32_t lowest = std::numeric_limits<std::int32_t>::max();
    std::int32_t highest = std::numeric_limits<std::int32_t>::min();
    std::int32_t magnitude = 0;  ///< bits of the greatest |x|; from kInfinityBits on some value is not finite
};

// Comparing bits as integers: unlike float minima these vectorise, and -0 and NaN have a place.
HALFTONE_SIMD_CLONES void measure(const float* values, std::size_t n, Extent* extent) {
    Extent e = *extent;
    for (std::size_t i = 0; i < n; ++i) {
        const auto bits = std::bit_cast<std::int32_t>(values[i]);
        const std::int32_t key = ordered(bits);
        e.lowest = key < e.lowest ? key : e.lowest;
        e.highest = key > e.highest ? key : e.highest;
        const std::int32_t magnitude = bits & 0x7fffffff;
        e.magnitude = magnitude > e.magnitude ? magnitude : e.magnitude;
    }
    *extent = e;
}

// floor(x / width), as truncation and a correction by an exact comparison: a product that underflows would lose the
// sign that decides between the two bins beside 0.
HALFTONE_SIMD_CLONES void find_bins(const float* values, std::size_t n, float width, std::int32_t* indices) {
    const float inverse = 1.0F / width;
    for (std::size_t i = 0; i < n; ++i) {
        const auto truncated = static_cast<std::int32_t>(values[i] * inverse);
        indices[i] = truncated + kCentre - (values[i] < static_cast<float>(truncated) * width ? 1 : 0);
    }
}

float from_ordered(std::int32_t key) { return std::bit_cast<float>(ordered(key)) + 0.0F; }  // -0 becomes +0

/// Adds counts to bins and clears them.
void fold(std::vector<std::int64_t>& counts, std::vector<std::int64_t>& bins) {
    for (std::size_t i = 0; i < counts.size(); ++i) bins[i] += std::exchange(counts[i], 0);
}

}  // namespace

std::int64_t ValueStatistics::observe(std::span<const float> values) {
    std::int64_t left_out = 0;
    std::array<float, kBlock> finite;
    std::array<std::int32_t, kBlock> indices;
    // Neighbours often share a bin (zeros after a Relu); counting them in turns hides the latency of an increment.
    std::vector<std::int64_t> second;
    if (values.size() >= 4 * std::size_t{kBins}) second.resize(kBins);
    while (!values.empty()) {
        auto block = values.first(std::min(kBlock, values.size()));
        values = values.subspan(block.size());
        Extent extent;
        measure(block.data(), block.size(), &extent);
        if (extent.magnitude >= kInfinityBits) {
            const auto is_finite = [](float x) { return std::isfinite(x); };
            const auto end = std::copy_if(block.begin(), block.end(), finite.begin(), is_finite);
            const auto kept = static_cast<std::size_t>(end - finite.begin());
            left_out += static_cast<std::int64_t>(block.size() - kept);
            block = std::span(finite).first(kept);
            if (block.empty()) continue;
            extent = {};
            measure(block.data(), block.size(), &extent);
        }
        const double limit = limit_above(std::bit_cast<float>(extent.magnitude));
        if (limit > limit_) {
            if (!bins_.empty()) fold(second, bins_);
            grow_to(limit);
        }
        include({from_ordered(extent.lowest), from_ordered(extent.highest)}, static_cast<std::int64_t>(block.size()));
        find_bins(block.data(), block.size(), static_cast<float>(bin_width()), indices.data());
        std::int64_t* even_bins = bins_.data();
        std::int64_t* odd_bins = second.empty() ? bins_.data() : second.data();
        std::size_t i = 0;
        for (; i + 1 < block.size(); i += 2) {
            ++even_bins[indices[i]];
            ++odd_bins[indices[i + 1]];
        }
        if (i < block.size()) ++even_bins[indices[i]];
    }
    if (!bins_.empty()) fold(second, bins_);
    return left_out;
}

void ValueStatistics::include(Range values, std::int64_t count) {
    min_ = is_empty() ? values.low : std::min(min_, values.low);
    max_ = is_empty() ? values.high : std::max(max_, values.high);
    count_ += count;
}

void ValueStatistics::grow_to(double limit) {
    if (bins_.empty()) {
        bins_.resize(kBins);
        limit_ = limit;
    }
    if (limit <= limit_) return;
    const int doublings = std::ilogb(limit / limit_);
    const int shift = std::min(doublings, 30);  // more would leave 31 bits; the result is the two bins beside 0 by then
    std::vector<std::int64_t> wider(kBins);
    for (int i = 0; i < kBins; ++i) {
        const int target = kCentre + ((i - kCentre) >> shift);
        wider[static_cast<std::size_t>(target)] += bins_[static_cast<std::size_t>(i)];
    }
    bins_ = std::move(wider);
    limit_ = limit;
}

void ValueStatistics::merge(const ValueStatistics& other) {
    if (other.is_empty()) return;
    ValueStatistics narrower = other;
    grow_to(other.limit_);
    narrower.grow_to(limit_);
    for (std::size_t i = 0; i < bins_.size(); ++i) bins_[i] += narrower.bins_[i];
    include({other.min_, other.max_}, other.count_);
}

std::string ValueStatistics::encode() const {
    WireWriter writer;
    writer.put_varint(static_cast<std::uint64_t>(count_));
    if (is_empty()) return writer.take();
    writer.put(min_);
    writer.put(max_);
    const auto is_used = [](std::int64_t count) { return count != 0; };
    const auto first = std::find_if(bins_.begin(), bins_.end(), is_used);
    const auto last = std::find_if(bins_.rbegin(), bins_.rend(), is_used).base();
    for (auto bin = first; bin != last;) {
        writer.put_varint(static_cast<std::uint64_t>(*bin));
        if (*bin++ != 0) continue;
        const auto next = std::find_if(bin, last, is_used);
        writer.put_varint(static_cast<std::uint64_t>(next - bin));
        bin = next;
    }
    return writer.take();
}

ValueStatistics ValueStatistics::decode(std::string_view bytes) {
    constexpr std::string_view kWhat = "calibration statistics";
    ByteReader reader(bytes, kWhat);
    ValueStatistics statistics;
    statistics.count_ = static_cast<std::int64_t>(reader.get_varint(kMostObservations));
    if (statistics.is_empty()) {
        reader.require_end<DataError>();
        return statistics;
    }
    statistics.min_ = reader.get<float>();
    statistics.max_ = reader.get<float>();
    reader.require<DataError>();
    const bool are_finite = std::isfinite(statistics.min_) && std::isfinite(statistics.max_);
    require_undamaged(are_finite && statistics.min_ <= statistics.max_, kWhat,
                      "minimum and maximum are finite and ordered");
    statistics.grow_to(limit_above(std::max(std::abs(statistics.min_), std::abs(statistics.max_))));
    // The first and the last used bin are those of the minimum and the maximum, so neither is written.
    const std::array<float, 2> ends{statistics.min_, statistics.max_};
    std::array<std::int32_t, 2> places{};
    find_bins(ends.data(), ends.size(), static_cast<float>(statistics.bin_width()), places.data());
    auto uncounted = static_cast<std::uint64_t>(statistics.count_);
    for (std::int32_t bin = places[0]; bin <= places[1]; ++bin) {
        const std::uint64_t count = reader.get_varint(uncounted);
        uncounted -= count;
        statistics.bins_[static_cast<std::size_t>(bin)] = static_cast<std::int64_t>(count);
        const bool is_outermost = bin == places[0] || bin == places[1];
        reader.require<DataError>();
        require_undamaged(count != 0 || !is_outermost, kWhat, "the outermost bins are used");
        if (count == 0) {
            bin += static_cast<std::int32_t>(reader.get_varint(static_cast<std::uint64_t>(places[1] - bin - 1)));
        }
    }
    require_undamaged(uncounted == 0, kWhat, "the bins add up to the count");
    reader.require_end<DataError>();
    return statistics;
}

}  // namespace halftone
