#include "calib/table.hpp"

#include <cmath>
#include <iterator>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "calib/damage.hpp"
#include "calib/observer.hpp"

namespace halftone {
namespace {

constexpr std::uint8_t kTableVersion = 1;
constexpr std::uint8_t kRangesVersion = 2;  // 2: algorithms are words
// The fewest bytes of an entry: two lengths in the one table; two lengths and three floats in the other.
constexpr std::size_t kLeastTableEntry = 2;
constexpr std::size_t kLeastRangesEntry = 14;

}  // namespace

// Integers add up in any order, so tables may be merged as they come in.
void CalibrationTable::merge(const CalibrationTable& later) {
    for (const auto& [name, statistics] : later.values_) values_[name].merge(statistics);
}

std::string CalibrationTable::encode() const {
    WireWriter writer;
    writer.put(kTableVersion);
    writer.put_varint(values_.size());
    for (const auto& [name, statistics] : values_) {
        writer.put_text(name);
        writer.put_text(statistics.encode());
    }
    return writer.take();
}

CalibrationTable CalibrationTable::decode(std::string_view bytes) {
    constexpr std::string_view kWhat = "calibration table";
    ByteReader reader(bytes, kWhat);
    require_undamaged(reader.get<std::uint8_t>() == kTableVersion, kWhat, "the version is 1");
    CalibrationTable table;
    for (std::size_t left = reader.get_count(kLeastTableEntry); left > 0; --left) {
        const std::string name = reader.get_text();
        // Entries come in the order of the map. So a table has exactly one form: equal tables have equal bytes.
        const auto [place, is_new] = table.values_.emplace(name, ValueStatistics::decode(reader.get_view()));
        require_undamaged(is_new && std::next(place) == table.values_.end(), kWhat, "names are in order");
    }
    reader.require_end<DataError>();
    return table;
}

RangeTable::RangeTable(const CalibrationTable& table, const std::vector<RangeRule>& rules) {
    for (const RangeRule& rule : rules) {
        // One pass over the samples serves every rule: the statistics are the same, only the choice of the range
        // differs.
        const auto observer = make_observer(rule);
        HALFTONE_CHECK(observer != nullptr, "an observer for " + to_text(rule));
        for (const auto& [name, statistics] : table.values()) {
            ranges_[{name, rule}] = observer->range(statistics);
        }
    }
}

Range RangeTable::range(const std::string& value, const RangeRule& rule) const {
    const auto found = ranges_.find({value, rule});
    HALFTONE_CHECK(found != ranges_.end(), "a calibrated range of " + value + " by " + to_text(rule));
    return found->second;
}

// Every rule gets the same range: the correction does not depend on how the range was chosen.
void RangeTable::replace(const std::string& value, Range range) {
    for (auto& [key, known] : ranges_) {
        if (key.first == value) known = range;
    }
}

std::string RangeTable::encode() const {
    WireWriter writer;
    writer.put(kRangesVersion);
    writer.put_varint(ranges_.size());
    for (const auto& [key, range] : ranges_) {
        writer.put_text(key.first);
        writer.put_text(key.second.algorithm.word());
        writer.put(key.second.percentile);
        writer.put(range.low);
        writer.put(range.high);
    }
    return writer.take();
}

RangeTable RangeTable::decode(std::string_view bytes) {
    constexpr std::string_view kWhat = "range table";
    ByteReader reader(bytes, kWhat);
    require_undamaged(reader.get<std::uint8_t>() == kRangesVersion, kWhat, "the version is 2");
    RangeTable table;
    for (std::size_t left = reader.get_count(kLeastRangesEntry); left > 0; --left) {
        std::string name = reader.get_text();
        RangeRule rule;
        const auto algorithm = kAlgorithmWords.parse(reader.get_view());
        rule.percentile = reader.get<float>();
        const auto low = reader.get<float>();
        const auto high = reader.get<float>();
        reader.require<DataError>();
        require_undamaged(algorithm.has_value(), kWhat, "algorithms are known");
        rule.algorithm = *algorithm;
        require_undamaged(rule.percentile >= 0 && rule.percentile <= 100, kWhat, "percentiles lie within 0 and 100");
        // A range that is infinite or turned around would become a scale of NaN much later, far from the message that
        // caused it.
        require_undamaged(std::isfinite(low) && std::isfinite(high) && low <= high, kWhat,
                          "ranges are finite and ordered");
        const auto [place, is_new] = table.ranges_.emplace(std::pair(std::move(name), rule), Range{low, high});
        require_undamaged(is_new && std::next(place) == table.ranges_.end(), kWhat, "names are in order");
    }
    reader.require_end<DataError>();
    return table;
}

}  // namespace halftone
