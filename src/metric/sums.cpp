// The bytes of a state are the same for the same samples: counts are integers, and ExactSum saves its normal form.
#include "metric/sums.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"

namespace halftone {

std::string SumAccumulator::save() const {
    WireWriter wire;
    wire.put(samples_);
    wire.put_all(counts_);
    wire.put_varint(sums_.size());
    for (const ExactSum& sum : sums_) sum.save(wire);
    return wire.take();
}

void SumAccumulator::merge(std::string_view saved) {
    // Another rank's bytes are input: the layout of the state is not taken for granted.
    ByteReader wire(saved, "the state of a metric");
    const auto samples = wire.get<std::int64_t>("a number of samples");
    const auto counts = wire.get_all<std::int64_t>("counts");
    const auto sums = wire.get_varint(UINT64_MAX, "a number of sums");
    // Nothing that counts samples or elements is negative or so large that a run's sum could overflow.
    const auto is_count = [](std::int64_t count) { return count >= 0 && count < (std::int64_t{1} << 53U); };
    wire.expect(is_count(samples) && std::all_of(counts.begin(), counts.end(), is_count), "counts");
    wire.require<MpiError>();
    if (counts.size() != counts_.size() || sums != sums_.size()) {
        throw MpiError("a shard's scores are those of another metric");
    }
    for (ExactSum& sum : sums_) {
        ExactSum theirs;
        theirs.load(wire);
        wire.require<MpiError>();
        sum.merge(theirs);
    }
    wire.require_end<MpiError>();
    for (std::size_t i = 0; i < counts.size(); ++i) counts_[i] += counts[i];
    samples_ += samples;
}

double ShareAccumulator::value() const {
    HALFTONE_CHECK(samples_ > 0, "a share needs samples");
    return static_cast<double>(counts_[0]) / static_cast<double>(samples_);
}

std::optional<Interval> ShareAccumulator::bounds(std::int64_t unseen) const {
    // Divided by all samples, seen or not: that is what the share will be a share of.
    const auto all = static_cast<double>(samples_ + unseen);
    return Interval{static_cast<double>(counts_[0]) / all, static_cast<double>(counts_[0] + unseen) / all};
}

}  // namespace halftone
