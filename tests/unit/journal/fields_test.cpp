// The field lists of records (journal/fields.hpp), key by key: every field survives writing and reading, and a key that
// is missing or of the wrong type is named in the refusal.
#include "journal/fields.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.hpp"
#include "support/journal_records.hpp"

namespace halftone::journal {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

Json json_of(const Record& record) {
    Json json = Json::parse(to_line(record));
    json.erase("crc");
    return json;
}

/// The object as a line with a right crc.
std::string line_of_json(const Json& json) {
    std::string line = json.dump();
    line.pop_back();
    return fmt::format("{},\"crc\":\"{:08x}\"}}", line, crc32c(line));
}

std::string refusal_of(const Json& json) {
    const auto parsed = parse_line(line_of_json(json));
    return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed) : "(accepted)";
}

/// Paths of all keys of an object and of the first element of each list in it.
void collect_keys(const Json& json, const Json::json_pointer& here, std::vector<Json::json_pointer>& keys) {
    if (json.is_array() && !json.empty()) collect_keys(json.front(), here / std::size_t{0}, keys);
    if (!json.is_object()) return;
    for (const auto& [key, value] : json.items()) {
        keys.push_back(here / key);
        if (key != "metrics") collect_keys(value, here / key, keys);  // below it stand names of the user's
    }
}

std::vector<Json::json_pointer> keys_of(const Json& json) {
    std::vector<Json::json_pointer> keys;
    collect_keys(json, Json::json_pointer(), keys);
    return keys;
}

/// Keys that may be missing: of failures, of trials that ended early, of metrics that count, of outputs that are no
/// numbers, of journals of version 0.1.0, and of the errors of the model's output.
const std::set<std::string> kOptional{"failure",   "bounds",    "correct",    "metrics", "loss",
                                      "loss_ci95", "nonfinite", "latency_ms", "choice",  "unit"};

bool is_optional(const Json& json, const Json::json_pointer& key) {
    if (key.back() == "unit" && json["type"] != "sensitivity") return false;  // a change always has a unit
    return kOptional.contains(key.back());
}

class FieldLists : public testing::TestWithParam<Record> {};

TEST_P(FieldLists, EveryFieldReadsBackAsItWas) {
    const std::string line = to_line(GetParam());
    const auto parsed = parse_line(line);
    ASSERT_TRUE(std::holds_alternative<Record>(parsed)) << line << '\n' << std::get<std::string>(parsed);
    EXPECT_EQ(std::get<Record>(parsed), GetParam());
    EXPECT_EQ(to_line(std::get<Record>(parsed)), line);
}

TEST_P(FieldLists, AMissingKeyIsNamed) {
    const Json json = json_of(GetParam());
    for (const auto& key : keys_of(json)) {
        Json damaged = json;
        damaged.at(key.parent_pointer()).erase(key.back());
        const std::string wanted = is_optional(json, key) ? "(accepted)" : "key '" + key.back() + "' is missing";
        EXPECT_EQ(refusal_of(damaged), wanted) << key.to_string();
    }
}

TEST_P(FieldLists, AKeyOfTheWrongTypeIsNamed) {
    const Json json = json_of(GetParam());
    for (const auto& key : keys_of(json)) {
        Json damaged = json;
        damaged.at(key) = Json{{"a", "b"}};  // no field is an object
        EXPECT_THAT(refusal_of(damaged), HasSubstr("key '" + key.back() + "' must ")) << key.to_string();
    }
}

TEST_P(FieldLists, AnUnknownKeyIsIgnored) {
    Json json = json_of(GetParam());
    json["later"] = {1, 2};
    EXPECT_EQ(std::get<Record>(parse_line(line_of_json(json))), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Records, FieldLists, testing::ValuesIn(full_records()),
                         [](const auto& test) { return json_of(test.param)["type"].template get<std::string>(); });

TEST(FieldListsTogether, EveryTypeOfRecordIsTested) { EXPECT_EQ(full_records().size(), std::variant_size_v<Record>); }

TEST(FieldListsTogether, AConversionBeyond32BitsIsRefused) {
    Json json = json_of(LatencyTable{.unit_ms = {}, .conversions = {{}}, .rest_ms = 0});
    json["borders"][0]["producer"] = std::int64_t{1} << 40;
    EXPECT_EQ(refusal_of(json), "key 'producer' must be an integer of 32 bits");
}

TEST(Difference, NamesTheFirstFieldThatDiffersTheSeedBeforeAll) {
    const Header header = sample_header();
    EXPECT_EQ(difference(header, header), "");
    Header other = header;
    other.space = "0000000000000000";
    EXPECT_EQ(difference(header, other), "space: journal has 8f7e6d5c4b3a2918, this run has 0000000000000000");
    other.version = "0.2.0";
    EXPECT_THAT(difference(header, other), HasSubstr("version: "));
    other.seed = 1;
    EXPECT_EQ(difference(header, other), "seed: journal has 9527, this run has 1");
}

}  // namespace
}  // namespace halftone::journal
