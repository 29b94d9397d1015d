// Statistics of one value: extremes, a count, and a histogram of integers, so that parts may be merged in any order.
//
//   limit_above, layout_for    the histogram's range, a power of two that doubles when a value lies outside
//   measure, find_bins         loops over elements: the extremes of a block, then the bin of each element
//   observe, include           count elements of a tensor, or a range that is known otherwise
//   grow_to, merge             bins of a wider range; adds another histogram, after both have the same range
//   used_bins, histogram       the counts as observers read them: fine bins, or equally wide ones
//   encode, decode             bytes for other ranks; what decode reads is checked against itself
//
// The bins are a function of the values alone, never of their order: the limit follows from the largest magnitude, the
// lowest octave from the smallest one, and the resolution of an octave from its distance to the limit.
#include "calib/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/wire.hpp"
#include "calib/bin_layout.hpp"
#include "calib/damage.hpp"
#include "tensor/simd_clones.hpp"

namespace halftone {
namespace {

// More observations than any calibration makes. The counts of thousands of shards with so many still fit 64 bits.
constexpr std::uint64_t kMostObservations = std::uint64_t{1} << 48U;

// No histogram is narrower, so that a bin's width is a normal float.
constexpr double kSmallestLimit = 0x1.0p-64;
constexpr double kSmallestEdge = 0x1.0p-78;  // of BinLayout::kLowestOctave
constexpr int kExponentBias = 127;
constexpr std::size_t kBlock = 2048;  // values handled at once: their bin indices stay in the first-level cache
constexpr std::int32_t kInfinityBits = 0x7f800000;
constexpr std::uint32_t kLowestBits = std::uint32_t{BinLayout::kLowestOctave} << BinLayout::kMantissaBits;
static_assert(ValueStatistics::kBins == 4 << BinLayout::kFinestBits, "the finest octave is half of one side");

/// The power of two above |x|: a function of the values alone, so that any order of observing ends in the same bins.
double limit_above(float magnitude) {
    int exponent = 0;
    const double mantissa = std::frexp(static_cast<double>(magnitude), &exponent);
    return mantissa == 0 ? kSmallestLimit : std::max(std::ldexp(1.0, exponent), kSmallestLimit);
}

BinLayout layout_for(double limit, int lowest_octave) { return {lowest_octave, std::ilogb(limit) - 1 + kExponentBias}; }

struct Extent {
    std::int32_t lowest = std::numeric_limits<std::int32_t>::max();   ///< key of the minimum
    std::int32_t highest = std::numeric_limits<std::int32_t>::min();  ///< key of the maximum
    std::int32_t magnitude = 0;  ///< bits of the greatest |x|; from kInfinityBits on some value is not finite
    /// Of magnitudes from kLowestBits on, the least one, less kLowestBits; others wrap around and are greater.
    std::uint32_t least = std::numeric_limits<std::uint32_t>::max();

    [[nodiscard]] int lowest_octave() const {
        if (least >= static_cast<std::uint32_t>(kInfinityBits)) return BinLayout::kNoOctave;
        return static_cast<int>((least + kLowestBits) >> BinLayout::kMantissaBits);
    }
};

// Comparing bits as integers: unlike float minima these vectorise, and -0 and NaN have a place.
HALFTONE_SIMD_CLONES void measure(const float* values, std::size_t n, Extent* extent) {
    Extent e = *extent;
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t bits = std::bit_cast<std::int32_t>(values[i]) & 0x7fffffff;
        const std::int32_t key = BinLayout::key_of(values[i]);
        e.lowest = key < e.lowest ? key : e.lowest;
        e.highest = key > e.highest ? key : e.highest;
        e.magnitude = bits > e.magnitude ? bits : e.magnitude;
        const std::uint32_t above = static_cast<std::uint32_t>(BinLayout::magnitude_of(key)) - kLowestBits;
        e.least = above < e.least ? above : e.least;
    }
    *extent = e;
}

HALFTONE_SIMD_CLONES void find_bins(const float* values, std::size_t n, const BinLayout& layout,
                                    std::int32_t* indices) {
    for (std::size_t i = 0; i < n; ++i) indices[i] = layout.index_of(BinLayout::key_of(values[i]));
}

/// Adds counts to bins and clears them.
void fold(std::vector<std::int64_t>& counts, std::vector<std::int64_t>& bins) {
    for (std::size_t i = 0; i < counts.size(); ++i) bins[i] += std::exchange(counts[i], 0);
}

/// Calls visit(position, low, high) for each bin of one side, from zero outwards.
template <typename Visit>
void for_each_position(const BinLayout& layout, Visit visit) {
    visit(0, 0.0, kSmallestEdge);
    std::int32_t position = 1;
    for (int octave = layout.lowest; octave <= layout.top; ++octave) {
        const int bins = 1 << layout.bits_of(octave);
        const double begin = std::ldexp(1.0, octave - kExponentBias);
        const double width = begin / bins;
        for (int i = 0; i < bins; ++i) visit(position++, begin + i * width, begin + (i + 1) * width);
    }
}

}  // namespace

std::int64_t ValueStatistics::observe(std::span<const float> values) {
    std::int64_t left_out = 0;
    std::array<float, kBlock> finite;
    std::array<std::int32_t, kBlock> indices;
    BinLayout layout =
        bins_.empty() ? layout_for(kSmallestLimit, BinLayout::kNoOctave) : layout_for(limit_, lowest_octave_);
    // Neighbours often share a bin (zeros after a Relu); counting them in turns hides the latency of an increment.
    const bool counts_in_turns = values.size() >= 4 * std::size_t{kBins};
    std::vector<std::int64_t> second(counts_in_turns ? bins_.size() : 0);
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
        if (bins_.empty() || limit > limit_ || extent.lowest_octave() < lowest_octave_) {
            fold(second, bins_);
            grow_to(limit, extent.lowest_octave());
            layout = layout_for(limit_, lowest_octave_);
            if (counts_in_turns) second.resize(bins_.size());
        }
        include({BinLayout::value_of(extent.lowest), BinLayout::value_of(extent.highest)},
                static_cast<std::int64_t>(block.size()));
        find_bins(block.data(), block.size(), layout, indices.data());
        std::int64_t* even_bins = bins_.data();
        std::int64_t* odd_bins = counts_in_turns ? second.data() : bins_.data();
        std::size_t i = 0;
        for (; i + 1 < block.size(); i += 2) {
            ++even_bins[indices[i]];
            ++odd_bins[indices[i + 1]];
        }
        if (i < block.size()) ++even_bins[indices[i]];
    }
    fold(second, bins_);
    return left_out;
}

void ValueStatistics::include(Range values, std::int64_t count) {
    min_ = is_empty() ? values.low : std::min(min_, values.low);
    max_ = is_empty() ? values.high : std::max(max_, values.high);
    count_ += count;
}

/// Makes room for values up to a limit and down to an octave. A doubled limit takes a bit of resolution from the upper
/// octaves, so that pairs of their bins become one; a bin is never cut.
void ValueStatistics::grow_to(double limit, int lowest_octave) {
    const bool is_first = bins_.empty();
    const double new_limit = is_first ? limit : std::max(limit, limit_);
    const int new_octave = is_first ? lowest_octave : std::min(lowest_octave, lowest_octave_);
    if (!is_first && new_limit == limit_ && new_octave == lowest_octave_) return;
    const BinLayout wider = layout_for(new_limit, new_octave);
    std::vector<std::int64_t> bins(2 * static_cast<std::size_t>(wider.side));
    if (!is_first) {
        const BinLayout own = layout_for(limit_, lowest_octave_);
        for_each_position(own, [&](std::int32_t position, double low, double) {
            const std::int32_t target = wider.position_of(BinLayout::key_of(static_cast<float>(low)));
            bins[wider.index_of_position(target)] += bins_[own.index_of_position(position)];
            bins[wider.index_of_position(~target)] += bins_[own.index_of_position(~position)];
        });
    }
    bins_ = std::move(bins);
    limit_ = new_limit;
    lowest_octave_ = new_octave;
}

void ValueStatistics::merge(const ValueStatistics& other) {
    if (other.is_empty()) return;
    ValueStatistics narrower = other;
    grow_to(other.limit_, other.lowest_octave_);
    narrower.grow_to(limit_, lowest_octave_);
    for (std::size_t i = 0; i < bins_.size(); ++i) bins_[i] += narrower.bins_[i];
    include({other.min_, other.max_}, other.count_);
}

std::vector<ValueStatistics::Bin> ValueStatistics::used_bins() const {
    std::vector<Bin> negative;
    std::vector<Bin> used;
    if (is_empty()) return used;
    const BinLayout layout = layout_for(limit_, lowest_octave_);
    for_each_position(layout, [&](std::int32_t position, double low, double high) {
        const std::int64_t below_zero = bins_[layout.index_of_position(~position)];
        const std::int64_t above_zero = bins_[layout.index_of_position(position)];
        if (below_zero != 0) negative.push_back({-high, -low, below_zero});
        if (above_zero != 0) used.push_back({low, high, above_zero});
    });
    used.insert(used.begin(), negative.rbegin(), negative.rend());
    return used;
}

UniformHistogram ValueStatistics::histogram_within(double limit) const {
    if (is_empty()) return {};
    HALFTONE_CHECK(limit <= limit_ && limit >= kSmallestLimit, "a histogram lies within the values' limit");
    const BinLayout layout = layout_for(limit_, lowest_octave_);
    const int side = 2 << layout.bits_of(std::ilogb(limit) - 1 + kExponentBias);
    UniformHistogram histogram{.limit = limit,
                               .bin_width = limit / side,
                               .bins = std::vector<std::int64_t>(2 * static_cast<std::size_t>(side))};
    for (const Bin& bin : used_bins()) {
        if (bin.low < -limit) {
            histogram.below += bin.count;
        } else if (bin.low >= limit) {
            histogram.above += bin.count;
        } else {
            // Divided by a power of two, so exact, for edges of kept bins are multiples of narrower ones' widths.
            const auto i = static_cast<std::int64_t>(std::floor(bin.low / histogram.bin_width)) + side;
            histogram.bins[static_cast<std::size_t>(i)] += bin.count;
        }
    }
    return histogram;
}

std::string ValueStatistics::encode() const {
    WireWriter writer;
    writer.put_varint(static_cast<std::uint64_t>(count_));
    if (is_empty()) return writer.take();
    writer.put(min_);
    writer.put(max_);
    const int top = layout_for(limit_, BinLayout::kNoOctave).top;
    writer.put_varint(lowest_octave_ > top ? 0U : static_cast<std::uint64_t>(top + 1 - lowest_octave_));
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

namespace {

constexpr std::string_view kStatisticsText = "calibration statistics";

/// Is there a value in the lowest octave that the bytes claim? Else the same values would have two encodings.
bool is_octave_used(const BinLayout& layout, const std::vector<std::int64_t>& bins) {
    for (std::int32_t position = 1; position <= 1 << layout.bits_of(layout.lowest); ++position) {
        const auto above_zero = layout.index_of_position(position);
        if (bins[above_zero] != 0 || bins[layout.index_of_position(~position)] != 0) return true;
    }
    return false;
}

/// Reads the counts of the bins from that of the minimum to that of the maximum.
void read_bins(ByteReader& reader, std::pair<std::int32_t, std::int32_t> ends, std::uint64_t uncounted,
               std::vector<std::int64_t>& bins) {
    for (std::int32_t bin = ends.first; bin <= ends.second; ++bin) {
        const std::uint64_t count = reader.get_varint(uncounted);
        uncounted -= count;
        bins[static_cast<std::size_t>(bin)] = static_cast<std::int64_t>(count);
        const bool is_outermost = bin == ends.first || bin == ends.second;
        reader.require<DataError>();
        require_undamaged(count != 0 || !is_outermost, kStatisticsText, "the outermost bins are used");
        if (count == 0) {
            bin += static_cast<std::int32_t>(reader.get_varint(static_cast<std::uint64_t>(ends.second - bin - 1)));
        }
    }
    require_undamaged(uncounted == 0, kStatisticsText, "the bins add up to the count");
}

}  // namespace

ValueStatistics ValueStatistics::decode(std::string_view bytes) {
    ByteReader reader(bytes, kStatisticsText);
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
    require_undamaged(are_finite && statistics.min_ <= statistics.max_, kStatisticsText,
                      "minimum and maximum are finite and ordered");
    const double limit = limit_above(std::max(std::abs(statistics.min_), std::abs(statistics.max_)));
    const int top = layout_for(limit, BinLayout::kNoOctave).top;
    const auto octaves =
        static_cast<int>(reader.get_varint(static_cast<std::uint64_t>(top + 1 - BinLayout::kLowestOctave)));
    reader.require<DataError>();
    const int lowest_octave = octaves == 0 ? BinLayout::kNoOctave : top + 1 - octaves;
    Extent extent;
    const std::array<float, 2> ends{statistics.min_, statistics.max_};
    measure(ends.data(), ends.size(), &extent);
    require_undamaged(extent.lowest_octave() >= lowest_octave, kStatisticsText,
                      "no value lies below the lowest octave");
    statistics.grow_to(limit, lowest_octave);
    // The first and the last used bin are those of the minimum and the maximum, so neither is written.
    const BinLayout layout = layout_for(limit, lowest_octave);
    read_bins(reader, {layout.index_of(extent.lowest), layout.index_of(extent.highest)},
              static_cast<std::uint64_t>(statistics.count_), statistics.bins_);
    require_undamaged(octaves == 0 || is_octave_used(layout, statistics.bins_), kStatisticsText,
                      "the lowest octave holds a value");
    reader.require_end<DataError>();
    return statistics;
}

}  // namespace halftone
