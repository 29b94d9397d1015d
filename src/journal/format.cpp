#include "journal/format.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"

namespace halftone::journal {
namespace {

using Json = nlohmann::ordered_json;

// ---- writing ----

void put_result(Json& json, const Result& result) {
    if (!result.failure.empty()) json["failure"] = result.failure;
    // A number nobody measured would be read as one, so a failed trial has none.
    json["accuracy"] = result.failure.empty() && std::isfinite(result.accuracy) ? Json(result.accuracy) : Json(nullptr);
    if (result.correct) json["correct"] = *result.correct;
    json["samples"] = result.samples;
    json["sample_units"] = result.sample_units;
    json["wall_s"] = result.wall_s;
    json["worker"] = result.worker;
}

Json to_json(const Header& header) {
    return {{"type", "header"},    {"format", kFormat},    {"version", header.version}, {"strategy", header.strategy},
            {"seed", header.seed}, {"isa", header.isa},    {"config", header.config},   {"model", header.model},
            {"data", header.data}, {"space", header.space}};
}

Json to_json(const Baseline& baseline) {
    Json json{{"type", "baseline"}};
    put_result(json, baseline.result);
    return json;
}

Json to_json(const Trial& trial) {
    Json json{{"type", "trial"}, {"trial", trial.trial}, {"candidate", trial.candidate}, {"stage", trial.stage}};
    json["changed"] = Json::array();
    for (const Change& change : trial.changed)
        json["changed"].push_back(Json{{"unit", change.unit}, {"to", change.to}});
    json["verdict"] = trial.verdict;
    put_result(json, trial.result);
    json["elapsed_ms"] = trial.elapsed_ms;
    return json;
}

Json to_json(const Partial& partial) {
    Json json{{"type", "partial"}, {"of", partial.of}, {"candidate", partial.candidate}};
    put_result(json, partial.result);
    return json;
}

Json to_json(const Resume& resume) { return {{"type", "resume"}, {"trials", resume.trials}, {"ranks", resume.ranks}}; }

Json to_json(const End& end) {
    return {{"type", "end"},
            {"reason", end.reason},
            {"trials", end.trials},
            {"best", end.best},
            {"goal_met", end.goal_met},
            {"sample_units", end.sample_units},
            {"elapsed_ms", end.elapsed_ms}};
}

// ---- reading ----

/// Why a line is no record; caught in parse_line and returned as text.
struct Refused {
    std::string why;
};

const Json& value_of(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end()) throw Refused{fmt::format("key '{}' is missing", key)};
    return *found;
}

std::string text_of(const Json& json, const char* key) {
    const Json& value = value_of(json, key);
    if (!value.is_string()) throw Refused{fmt::format("key '{}' must be a text", key)};
    return value.get<std::string>();
}

std::int64_t integer_of(const Json& json, const char* key) {
    const Json& value = value_of(json, key);
    const bool fits = !value.is_number_unsigned() ||
                      std::cmp_less_equal(value.get<std::uint64_t>(), std::numeric_limits<std::int64_t>::max());
    if (!value.is_number_integer() || !fits) throw Refused{fmt::format("key '{}' must be an integer of 64 bits", key)};
    return value.get<std::int64_t>();
}

double number_of(const Json& json, const char* key) {
    const Json& value = value_of(json, key);
    if (!value.is_number()) throw Refused{fmt::format("key '{}' must be a number", key)};
    return value.get<double>();
}

bool truth_of(const Json& json, const char* key) {
    const Json& value = value_of(json, key);
    if (!value.is_boolean()) throw Refused{fmt::format("key '{}' must be true or false", key)};
    return value.get<bool>();
}

Result result_of(const Json& json) {
    Result result;
    if (json.contains("failure")) result.failure = text_of(json, "failure");
    if (!value_of(json, "accuracy").is_null()) {
        result.accuracy = number_of(json, "accuracy");
    } else if (result.failure.empty()) {
        result.accuracy = std::numeric_limits<double>::quiet_NaN();
    }
    if (json.contains("correct")) result.correct = integer_of(json, "correct");
    result.samples = integer_of(json, "samples");
    result.sample_units = integer_of(json, "sample_units");
    result.wall_s = number_of(json, "wall_s");
    result.worker = integer_of(json, "worker");
    return result;
}

Header header_of(const Json& json) {
    if (const std::int64_t format = integer_of(json, "format"); format != kFormat) {
        throw Refused{fmt::format("journal format {} is unknown; this program reads {}", format, kFormat)};
    }
    return {text_of(json, "version"), text_of(json, "strategy"), integer_of(json, "seed"), text_of(json, "isa"),
            text_of(json, "config"),  text_of(json, "model"),    text_of(json, "data"),    text_of(json, "space")};
}

Trial trial_of(const Json& json) {
    Trial trial;
    trial.trial = integer_of(json, "trial");
    trial.candidate = text_of(json, "candidate");
    trial.stage = text_of(json, "stage");
    const Json& changed = value_of(json, "changed");
    if (!changed.is_array()) throw Refused{"key 'changed' must be a list"};
    for (const Json& change : changed) {
        if (!change.is_object()) throw Refused{"key 'changed' must be a list of objects"};
        trial.changed.push_back({text_of(change, "unit"), text_of(change, "to")});
    }
    trial.verdict = text_of(json, "verdict");
    trial.result = result_of(json);
    trial.elapsed_ms = integer_of(json, "elapsed_ms");
    return trial;
}

Record record_of(const Json& json) {
    if (!json.is_object()) throw Refused{"the line is not a JSON object"};
    const std::string type = text_of(json, "type");
    if (type == "header") return header_of(json);
    if (type == "baseline") return Baseline{result_of(json)};
    if (type == "trial") return trial_of(json);
    if (type == "partial") return Partial{integer_of(json, "of"), text_of(json, "candidate"), result_of(json)};
    if (type == "resume") return Resume{integer_of(json, "trials"), integer_of(json, "ranks")};
    if (type == "end") {
        return End{text_of(json, "reason"),    integer_of(json, "trials"),       integer_of(json, "best"),
                   truth_of(json, "goal_met"), integer_of(json, "sample_units"), integer_of(json, "elapsed_ms")};
    }
    throw Refused{fmt::format("record type '{}' is unknown", type)};
}

// ---- the checksum ----

/// What follows the checked text: `,"crc":"` 8 hex digits `"}`.
std::string crc_tail(std::string_view checked) { return fmt::format(",\"crc\":\"{:08x}\"}}", crc32c(checked)); }
const std::size_t kCrcTailSize = crc_tail("").size();
constexpr std::string_view kCrcKey = ",\"crc\":\"";

}  // namespace

std::string to_line(const Record& record) {
    const Json json = std::visit([](const auto& r) { return to_json(r); }, record);
    // Names come from models and messages from anywhere: bytes that are no UTF-8 become U+FFFD instead of an exception.
    std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    line.pop_back();  // the closing brace comes after the crc
    return line + crc_tail(line);
}

std::variant<Record, std::string> parse_line(std::string_view line) {
    if (line.size() < kCrcTailSize || line.substr(line.size() - kCrcTailSize, kCrcKey.size()) != kCrcKey) {
        return "the line does not end with its crc";
    }
    const std::string_view checked = line.substr(0, line.size() - kCrcTailSize);
    const std::string_view tail = line.substr(checked.size());
    // Compared as text, so that one record has one spelling and a flip of a letter's case is found too.
    if (const std::string expected = crc_tail(checked); tail != expected) {
        return fmt::format("the crc does not fit: the line has {}, its text gives {}", tail.substr(kCrcKey.size(), 8),
                           std::string_view(expected).substr(kCrcKey.size(), 8));
    }
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) return "the line is not JSON";
    try {
        return record_of(json);
    } catch (const Refused& refused) {
        return refused.why;
    }
}

}  // namespace halftone::journal
