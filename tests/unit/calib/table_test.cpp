#include "calib/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/error.hpp"

namespace halftone {
namespace {

CalibrationTable table_of(const std::string& name, const std::vector<float>& values) {
    CalibrationTable table;
    table.at(name).observe(values);
    return table;
}

TEST(CalibrationTable, MergesValueByValue) {
    CalibrationTable merged = table_of("x", {1.0F});
    merged.merge(table_of("x", {-2.0F}));
    merged.merge(table_of("y", {3.0F}));
    CalibrationTable expected = table_of("x", {1.0F, -2.0F});
    expected.at("y").observe(std::array{3.0F});
    EXPECT_EQ(merged, expected);
}

TEST(CalibrationTable, AnEncodingReadsBack) {
    CalibrationTable table = table_of("conv1_output", {1.0F, 2.0F, -5.5F});
    table.at("never observed");
    EXPECT_EQ(CalibrationTable::decode(table.encode()), table);
    EXPECT_EQ(CalibrationTable::decode(CalibrationTable().encode()), CalibrationTable());
}

TEST(CalibrationTable, ACutEncodingIsADataError) {
    const std::string good = table_of("x", {1.0F, 2.0F}).encode();
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_THROW((void)CalibrationTable::decode(good.substr(0, size)), DataError) << "cut at " << size;
    }
    EXPECT_THROW((void)CalibrationTable::decode(good + '\0'), DataError);
}

TEST(RangeTable, HoldsARangeForEachValueAndAlgorithm) {
    CalibrationTable table = table_of("x", {-1.0F, 2.0F});
    table.at("empty");
    const RangeTable ranges(table, {{Algorithm::minmax}, {Algorithm::kl}});
    EXPECT_EQ(ranges.range("x", {Algorithm::minmax}), (Range{-1.0F, 2.0F}));
    EXPECT_EQ(ranges.range("empty", {Algorithm::kl}), (Range{0, 0}));
    EXPECT_THROW((void)ranges.range("z", {Algorithm::kl}), InternalError);
    EXPECT_THROW((void)ranges.range("x", {Algorithm::mse}), InternalError);
}

TEST(RangeTable, AnEncodingReadsBackAndACutOneIsADataError) {
    const RangeTable ranges(table_of("x", {-1.0F, 2.0F}), {{Algorithm::minmax}, {Algorithm::kl}});
    const std::string good = ranges.encode();
    EXPECT_EQ(RangeTable::decode(good), ranges);
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_THROW((void)RangeTable::decode(good.substr(0, size)), DataError) << "cut at " << size;
    }
}

}  // namespace
}  // namespace halftone
