#pragma once
// CalibrationTable: statistics per value name, built once and merged in shard order. RangeTable: the ranges derived
// from it, small enough to send to every rank.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calib/statistics.hpp"
#include "tensor/quant_params.hpp"

namespace halftone {

class CalibrationTable {
public:
    ValueStatistics& at(const std::string& value) { return values_[value]; }
    [[nodiscard]] const std::map<std::string, ValueStatistics>& values() const { return values_; }
    void merge(const CalibrationTable& later);
    [[nodiscard]] std::string encode() const;
    [[nodiscard]] static CalibrationTable decode(std::string_view bytes);  ///< @throws DataError
    friend bool operator==(const CalibrationTable&, const CalibrationTable&) = default;

private:
    std::map<std::string, ValueStatistics> values_;
};

/// Ranges of every value for every rule in use, one table per calibration size.
class RangeTable {
public:
    RangeTable() = default;
    /// Computes the ranges. @pre the rules' algorithms have observers
    RangeTable(const CalibrationTable& table, const std::vector<RangeRule>& rules);

    /// @throws InternalError when value or rule is not in the table
    [[nodiscard]] Range range(const std::string& value, const RangeRule& rule) const;
    /// Sets the range of a value for all rules. @pre the value is in the table
    void replace(const std::string& value, Range range);
    [[nodiscard]] const std::map<std::pair<std::string, RangeRule>, Range>& ranges() const { return ranges_; }
    [[nodiscard]] std::string encode() const;
    [[nodiscard]] static RangeTable decode(std::string_view bytes);  ///< @throws DataError
    friend bool operator==(const RangeTable&, const RangeTable&) = default;

private:
    std::map<std::pair<std::string, RangeRule>, Range> ranges_;
};

}  // namespace halftone
