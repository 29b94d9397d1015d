// Any bytes as what ranks send each other of calibration and errors: statistics of a value, tables of statistics and of
// ranges, sums of errors. The first byte chooses. Refused with a DataError or an MpiError, or written again as the same
// value.
#include "base/error.hpp"
#include "calib/observer.hpp"
#include "calib/table.hpp"
#include "eval/difficulty.hpp"
#include "eval/error_probe.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

template <class Value>
void check_decoded(std::string_view bytes) {
    const Value value = Value::decode(bytes);
    expect(Value::decode(value.encode()).encode() == value.encode(), "a table reads back as another table");
    if constexpr (requires { value.merge(value); }) {
        Value sum = value;
        sum.merge(value);
        (void)sum.encode();
    }
}

void run_tables(std::string_view bytes) {
    if (bytes.empty()) return;
    const char kind = bytes.front();
    bytes.remove_prefix(1);
    try {
        switch (kind) {
            case 's':
                return check_decoded<ValueStatistics>(bytes);
            case 'c':
                return check_decoded<CalibrationTable>(bytes);
            case 'r':
                return check_decoded<RangeTable>(bytes);
            case 'e':
                (void)merge_errors({std::string(bytes), std::string(bytes)});
                return;
            case 'd':
                (void)hardest_first(std::string(bytes));
                return;
            default:
                return;
        }
    } catch (const DataError&) {
        return;
    } catch (const MpiError&) {
        return;  // what another rank sent is damaged
    }
}

std::map<std::string, std::string> table_seeds() {
    CalibrationTable table;
    table.at("x").observe(std::vector<float>{-1.5F, 0.0F, 0.25F, 2.0F});
    table.at("/0/relu_out").observe(std::vector<float>{0.0F, 1e-30F, 3e30F});
    const RangeTable ranges(table, {RangeRule{}, RangeRule{Algorithm::percentile, 99.9F}});
    return {{"statistics", "s" + table.values().at("x").encode()},
            {"calibration", "c" + table.encode()},
            {"ranges", "r" + ranges.encode()},
            {"errors", "e" + encode_errors({ErrorSums{}, ErrorSums{}}, 10)},
            {"difficulty", "d0a3z"}};
}

}  // namespace

FuzzTarget make_tables_target() { return {.run = &run_tables, .seeds = &table_seeds}; }

}  // namespace halftone::fuzz
