#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "metric/exact_sum.hpp"

namespace halftone {
namespace {

constexpr double kHuge = std::numeric_limits<double>::max();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

ExactSum sum_of(const std::vector<double>& values) {
    ExactSum sum;
    for (const double value : values) sum.add(value);
    return sum;
}

std::string bytes_of(const ExactSum& sum) {
    WireWriter wire;
    sum.save(wire);
    return wire.take();
}

TEST(ExactSum, LosesNothing) {
    EXPECT_EQ(sum_of({}).value(), 0);
    EXPECT_EQ(sum_of({0.1, 0.2}).value(), 0.1 + 0.2);
    EXPECT_EQ(sum_of({1e300, 1, -1e300}).value(), 1) << "doubles would say 0";
    EXPECT_EQ(sum_of({-1e300, -1, 1e300}).value(), -1);
    EXPECT_EQ(sum_of({kTiny, kTiny}).value(), 2 * kTiny);
    EXPECT_EQ(sum_of({kHuge, -kHuge, -3}).value(), -3);
    EXPECT_EQ(sum_of({kHuge, kHuge, -kHuge}).value(), kHuge) << "the sum may be larger than any double in between";
    EXPECT_EQ(sum_of({-0.5}).value(), -0.5);
}

TEST(ExactSum, KeepsInfinitiesAndNaNsInAnyOrder) {
    EXPECT_EQ(sum_of({1, HUGE_VAL, 2}).value(), HUGE_VAL);
    EXPECT_EQ(sum_of({-HUGE_VAL, 2}).value(), -HUGE_VAL);
    EXPECT_TRUE(std::isnan(sum_of({-HUGE_VAL, 2, HUGE_VAL}).value()));
    EXPECT_TRUE(std::isnan(sum_of({std::nan(""), HUGE_VAL}).value()));
}

TEST(ExactSum, IsTheSameInEveryOrderAndGrouping) {
    Rng rng(5);
    std::vector<double> values;
    long double reference = 0;
    for (int i = 0; i < 2000; ++i) {
        values.push_back(rng.normal() * std::ldexp(1.0, static_cast<int>(rng.below(60)) - 30));
        reference += values.back();
    }
    const ExactSum whole = sum_of(values);
    EXPECT_NEAR(whole.value(), static_cast<double>(reference), 1e-9 * std::abs(static_cast<double>(reference)));
    std::vector<double> reversed(values.rbegin(), values.rend());
    EXPECT_EQ(bytes_of(sum_of(reversed)), bytes_of(whole));
    ExactSum merged = sum_of({values.begin(), values.begin() + 700});
    merged.merge(sum_of({values.begin() + 700, values.end()}));
    EXPECT_EQ(bytes_of(merged), bytes_of(whole));
    EXPECT_EQ(merged.value(), whole.value());
}

TEST(ExactSum, IsReadBackAsItWas) {
    for (const auto& values : std::vector<std::vector<double>>{
             {}, {1.5}, {-1.5}, {kHuge, kHuge}, {-kHuge, -kHuge}, {kTiny}, {HUGE_VAL}, {std::nan("")}}) {
        const std::string bytes = bytes_of(sum_of(values));
        ByteReader wire(bytes, "a sum");
        ExactSum read;
        read.load(wire);
        EXPECT_TRUE(wire.ok() && wire.at_end()) << wire.fault();
        EXPECT_EQ(bytes_of(read), bytes);
    }
}

TEST(ExactSum, NoticesDamage) {
    const std::string bytes = bytes_of(sum_of({1.5}));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ByteReader wire(std::string_view(bytes).substr(0, size), "a sum");
        ExactSum read;
        read.load(wire);
        EXPECT_FALSE(wire.ok()) << size;
    }
    WireWriter wide;  // a limb that would overflow when two are added
    wide.put(std::uint8_t{0});
    wide.put_varint(3);
    wide.put_varint(1);
    wide.put(std::numeric_limits<std::int64_t>::max());
    const std::string damaged = wide.take();
    ByteReader wire(damaged, "a sum");
    ExactSum read;
    read.load(wire);
    EXPECT_FALSE(wire.ok());
}

}  // namespace
}  // namespace halftone
