#include "journal/format.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"

namespace halftone::journal {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, double ErrorNumbers::*>, 10> kErrorFields{
    {{"error", &ErrorNumbers::error},
     {"reference", &ErrorNumbers::reference},
     {"quantized", &ErrorNumbers::quantized},
     {"product", &ErrorNumbers::product},
     {"sum", &ErrorNumbers::sum},
     {"quantized_sum", &ErrorNumbers::quantized_sum},
     {"min", &ErrorNumbers::min},
     {"max", &ErrorNumbers::max},
     {"quantized_min", &ErrorNumbers::quantized_min},
     {"quantized_max", &ErrorNumbers::quantized_max}}};

// ---- writing ----

void put_result(Json& json, const Result& result) {
    if (!result.failure.empty()) json["failure"] = result.failure;
    // A number nobody measured would be read as one, so a failed trial has none.
    json["accuracy"] = result.failure.empty() && std::isfinite(result.accuracy) ? Json(result.accuracy) : Json(nullptr);
    if (result.bounds) json["bounds"] = {result.bounds->first, result.bounds->second};
    if (result.correct) json["correct"] = *result.correct;
    json["samples"] = result.samples;
    json["sample_units"] = result.sample_units;
    json["wall_s"] = result.wall_s;
    json["worker"] = result.worker;
}

void put_choice(Json& json, const Choice& choice) {
    if (choice.options.empty()) return;
    json["calibration"] = choice.calibration;
    json["choice"] = choice.options;
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
    if (trial.latency_ms) json["latency_ms"] = *trial.latency_ms;
    json["elapsed_ms"] = trial.elapsed_ms;
    put_choice(json, trial.choice);
    return json;
}

Json to_json(const Partial& partial) {
    Json json{{"type", "partial"}, {"of", partial.of}, {"candidate", partial.candidate}};
    put_result(json, partial.result);
    return json;
}

Json to_json(const Completion& completion) {
    Json json{{"type", "completion"}, {"of", completion.of}, {"candidate", completion.candidate}};
    put_result(json, completion.result);
    return json;
}

Json to_json(const Difficulty& difficulty) { return {{"type", "difficulty"}, {"samples", difficulty.samples}}; }

Json to_json(const Sensitivity& sensitivity) {
    Json json{{"type", "sensitivity"},    {"probe", sensitivity.probe},         {"stage", sensitivity.stage},
              {"kind", sensitivity.kind}, {"candidate", sensitivity.candidate}, {"samples", sensitivity.samples}};
    if (!sensitivity.failure.empty()) json["failure"] = sensitivity.failure;
    put_choice(json, sensitivity.choice);
    json["values"] = Json::array();
    for (const ErrorNumbers& v : sensitivity.values) {
        Json value = Json::object();
        if (!v.unit.empty()) value["unit"] = v.unit;
        for (const auto& [key, field] : kErrorFields) value[key] = v.*field;
        value["count"] = v.count;
        json["values"].push_back(std::move(value));
    }
    return json;
}

Json to_json(const LatencyTable& table) {
    Json json{{"type", "latency_table"}, {"unit_ms", table.unit_ms}};
    json["borders"] = Json::array();
    for (const LatencyTable::Border& border : table.borders) {
        json["borders"].push_back(Json{{"producer", border.producer},
                                       {"consumer", border.consumer},
                                       {"quantize_ms", border.quantize_ms},
                                       {"dequantize_ms", border.dequantize_ms}});
    }
    json["rest_ms"] = table.rest_ms;
    return json;
}

Json to_json(const Finalists& finalists) {
    Json json{{"type", "finalists"}, {"entries", Json::array()}, {"chosen", finalists.chosen}};
    for (const Finalists::Entry& entry : finalists.entries) {
        json["entries"].push_back(Json{{"trial", entry.trial},
                                       {"candidate", entry.candidate},
                                       {"median_ms", entry.median_ms},
                                       {"low_ms", entry.low_ms},
                                       {"high_ms", entry.high_ms}});
    }
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

/// @throws Refused unless it is a list, of objects where `of_objects`
const Json& list_of(const Json& json, const char* key, bool of_objects) {
    const Json& list = value_of(json, key);
    if (!list.is_array()) throw Refused{fmt::format("key '{}' must be a list", key)};
    for (const Json& element : list) {
        if (of_objects && !element.is_object()) throw Refused{fmt::format("key '{}' must be a list of objects", key)};
    }
    return list;
}

std::vector<double> numbers_of(const Json& list, const char* key) {
    std::vector<double> numbers;
    if (!list.is_array()) throw Refused{fmt::format("key '{}' must hold lists of numbers", key)};
    for (const Json& number : list) {
        if (!number.is_number()) throw Refused{fmt::format("key '{}' must hold numbers", key)};
        numbers.push_back(number.get<double>());
    }
    return numbers;
}

Result result_of(const Json& json) {
    Result result;
    if (json.contains("failure")) result.failure = text_of(json, "failure");
    if (!value_of(json, "accuracy").is_null()) {
        result.accuracy = number_of(json, "accuracy");
    } else if (result.failure.empty()) {
        result.accuracy = std::numeric_limits<double>::quiet_NaN();
    }
    if (json.contains("bounds")) {
        const std::vector<double> bounds = numbers_of(value_of(json, "bounds"), "bounds");
        if (bounds.size() != 2) throw Refused{"key 'bounds' must hold two numbers"};
        result.bounds.emplace(bounds[0], bounds[1]);
    }
    if (json.contains("correct")) result.correct = integer_of(json, "correct");
    result.samples = integer_of(json, "samples");
    result.sample_units = integer_of(json, "sample_units");
    result.wall_s = number_of(json, "wall_s");
    result.worker = integer_of(json, "worker");
    return result;
}

/// Journals of earlier versions have none.
Choice choice_of(const Json& json) {
    if (!json.contains("choice")) return {};
    Choice choice{.calibration = integer_of(json, "calibration"), .options = {}};
    for (const Json& option : list_of(json, "choice", false)) {
        if (!option.is_number_integer()) throw Refused{"key 'choice' must hold integers"};
        choice.options.push_back(option.get<std::int64_t>());
    }
    return choice;
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
    for (const Json& change : list_of(json, "changed", true)) {
        trial.changed.push_back({text_of(change, "unit"), text_of(change, "to")});
    }
    trial.verdict = text_of(json, "verdict");
    trial.result = result_of(json);
    if (json.contains("latency_ms")) trial.latency_ms = number_of(json, "latency_ms");
    trial.elapsed_ms = integer_of(json, "elapsed_ms");
    trial.choice = choice_of(json);
    return trial;
}

Sensitivity sensitivity_of(const Json& json) {
    Sensitivity sensitivity{.probe = integer_of(json, "probe"),
                            .stage = text_of(json, "stage"),
                            .kind = text_of(json, "kind"),
                            .candidate = text_of(json, "candidate"),
                            .samples = integer_of(json, "samples"),
                            .failure = json.contains("failure") ? text_of(json, "failure") : "",
                            .values = {},
                            .choice = choice_of(json)};
    for (const Json& value : list_of(json, "values", true)) {
        ErrorNumbers& v = sensitivity.values.emplace_back();
        if (value.contains("unit")) v.unit = text_of(value, "unit");
        for (const auto& [key, field] : kErrorFields) v.*field = number_of(value, key);
        v.count = integer_of(value, "count");
    }
    return sensitivity;
}

LatencyTable latency_table_of(const Json& json) {
    LatencyTable table;
    for (const Json& row : list_of(json, "unit_ms", false)) table.unit_ms.push_back(numbers_of(row, "unit_ms"));
    for (const Json& border : list_of(json, "borders", true)) {
        table.borders.push_back({integer_of(border, "producer"), integer_of(border, "consumer"),
                                 number_of(border, "quantize_ms"), number_of(border, "dequantize_ms")});
    }
    table.rest_ms = number_of(json, "rest_ms");
    return table;
}

Finalists finalists_of(const Json& json) {
    Finalists finalists;
    for (const Json& entry : list_of(json, "entries", true)) {
        finalists.entries.push_back({integer_of(entry, "trial"), text_of(entry, "candidate"),
                                     number_of(entry, "median_ms"), number_of(entry, "low_ms"),
                                     number_of(entry, "high_ms")});
    }
    finalists.chosen = integer_of(json, "chosen");
    return finalists;
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
    if (type == "difficulty") return Difficulty{text_of(json, "samples")};
    if (type == "sensitivity") return sensitivity_of(json);
    if (type == "latency_table") return latency_table_of(json);
    if (type == "finalists") return finalists_of(json);
    if (type == "completion") return Completion{integer_of(json, "of"), text_of(json, "candidate"), result_of(json)};
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
