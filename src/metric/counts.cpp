// Most samples add to few counts (one or two classes of a thousand), so only these are kept and sent.
#include "metric/counts.hpp"

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "metric/resampling.hpp"

namespace halftone {
namespace {

/// No sample has so many elements; sums over all samples, drawn any number of times, stay below 2^63.
constexpr std::uint64_t kMostAdded = std::uint64_t{1} << 32U;

}  // namespace

void CountAccumulator::keep(std::int64_t sample, const std::map<std::size_t, std::int64_t>& added) {
    // A sample that comes twice replaces itself, so it counts once.
    samples_[sample] = Added(added.begin(), added.end());
}

void CountAccumulator::keep_all(std::int64_t sample, const Totals& added) {
    Added& kept = samples_[sample];
    kept.clear();
    for (std::size_t i = 0; i < added.size(); ++i) {
        if (added[i] != 0) kept.emplace_back(i, added[i]);
    }
}

std::string CountAccumulator::save() const {
    WireWriter wire;
    wire.put_varint(samples_.size());
    for (const auto& [sample, added] : samples_) {
        wire.put(sample);
        wire.put_varint(added.size());
        for (const auto& [position, count] : added) {
            wire.put_varint(position);
            wire.put_varint(static_cast<std::uint64_t>(count));
        }
    }
    return wire.take();
}

void CountAccumulator::merge(std::string_view saved) {
    ByteReader wire(saved, "the counts of a shard");
    // get_count compares the number with the bytes that are left, so a damaged one cannot ask for memory.
    const std::size_t samples = wire.get_count(sizeof(std::int64_t) + 1, "a number of samples");
    for (std::size_t i = 0; i < samples; ++i) {
        const auto sample = wire.get<std::int64_t>("a sample number");
        Added added(wire.get_count(2, "a number of counts"));
        for (auto& [position, count] : added) {
            position = static_cast<std::size_t>(wire.get_varint(UINT64_MAX, "a count's position"));
            count = static_cast<std::int64_t>(wire.get_varint(kMostAdded, "a count"));
            wire.expect(position < counts_, "a count of this metric");
        }
        wire.require<MpiError>();
        samples_[sample] = std::move(added);
    }
    wire.require_end<MpiError>();
}

double CountAccumulator::value() const {
    HALFTONE_CHECK(!samples_.empty(), "a metric of counts needs samples");
    Totals totals(counts_);
    for (const auto& [sample, added] : samples_) {
        for (const auto& [position, count] : added) totals[position] += count;
    }
    return value_of(totals);
}

std::vector<double> CountAccumulator::resampled() const {
    std::size_t steps = counts_;
    for (const auto& [sample, added] : samples_) steps += added.size() + 1;
    if (steps > kMostResamplingSteps) return {};
    return resampled_values(samples_.size(), [&](const DrawnTimes& times) {
        Totals totals(counts_);
        // `times` says how often each sample was drawn, in the order of the sample numbers, which is that of the map.
        auto drawn = times.begin();
        for (const auto& [sample, added] : samples_) {
            for (const auto& [position, count] : added) totals[position] += *drawn * count;
            ++drawn;
        }
        return value_of(totals);
    });
}

}  // namespace halftone
