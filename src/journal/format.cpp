// The text of records.
//
//   to_line      FieldWriter walks a record's field list (journal/fields.hpp) and fills a JSON object; the checksum of
//                its text goes to the end of the line.
//   parse_line   checks the checksum first, so that a damaged line is called damaged and not misread; then FieldReader
//                walks the same list and fills the record that the key `type` names.
//   difference   HeaderTexts walks the list of two headers.
//
// A line that is no record is an answer and no error here: the caller knows whether it may be cut off or not.
#include "journal/format.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.hpp"
#include "journal/fields.hpp"

namespace halftone::journal {
namespace {

using Json = nlohmann::ordered_json;  // keys stay in the order of the field lists

// ---- writing ----

class FieldWriter {
public:
    explicit FieldWriter(Json& json) : json_(json) {}

    template <class Value>
    void operator()(const char* key, const Value& value) {
        json_[key] = to_json(value);
    }
    template <class Value>
    void operator()(const char* key, const std::optional<Value>& value) {
        if (value) json_[key] = to_json(*value);
    }
    // Whether an optional part is written is decided by the value here, and by the file in FieldReader: that is how
    // one field list serves both directions.
    [[nodiscard]] bool includes(const char*, bool has_value) const { return has_value; }
    void version(const char* key, int newest) { json_[key] = newest; }
    template <class Part, class Body>
    // The key of a part is only for the reader, which sees by it whether the part is there; its fields stand beside
    // the others.
    void part(const char*, const std::optional<Part>& part, Body&& body) {
        if (part) body(*part);
    }
    void numbers_or_null(const char* key, const std::vector<double>& numbers) {
        Json json = Json::array();
        for (const double number : numbers) json.push_back(std::isfinite(number) ? Json(number) : Json(nullptr));
        json_[key] = std::move(json);
    }
    // A number that nobody measured would be read as one, so it is null; JSON has no word for NaN anyway.
    void finite_or_null(const char* key, double number, bool is_unknown) {
        json_[key] = !is_unknown && std::isfinite(number) ? Json(number) : Json(nullptr);
    }

private:
    template <class Value>
    static Json to_json(const Value& value) {
        if constexpr (requires(FieldWriter & writer) { walk_fields(writer, value); }) {
            Json json = Json::object();
            FieldWriter writer(json);
            walk_fields(writer, value);
            return json;
        } else {
            return value;
        }
    }
    // Overloads for types whose JSON is no object of fields: two numbers as a list, metrics by their names.
    static Json to_json(const AccuracyBounds& bounds) { return {bounds.low, bounds.high}; }
    static Json to_json(const std::vector<MetricValue>& metrics) {
        Json json = Json::object();
        for (const MetricValue& metric : metrics) {
            json[metric.name] = std::isfinite(metric.value) ? Json(metric.value) : Json(nullptr);
        }
        return json;
    }
    template <class Element>
    static Json to_json(const std::vector<Element>& list) {
        Json json = Json::array();
        for (const Element& element : list) json.push_back(to_json(element));
        return json;
    }

    Json& json_;
};

// ---- reading ----

/// Why a line is no record; caught in parse_line and returned as text.
struct Refused {
    std::string why;
};

class FieldReader {
public:
    explicit FieldReader(const Json& json) : json_(json) {}

    template <class Value>
    void operator()(const char* key, Value& value) {
        read(required(key), key, value);
    }
    template <class Value>
    void operator()(const char* key, std::optional<Value>& value) {
        if (json_.contains(key)) read(required(key), key, value.emplace());
    }
    [[nodiscard]] bool includes(const char* key, bool) const { return json_.contains(key); }
    void version(const char* key, int newest) {
        std::int64_t number = 0;
        // An older format is accepted: what it lacks is optional in the field lists. A newer one may mean something
        // else by the same key.
        (*this)(key, number);
        if (number >= 1 && number <= newest) return;
        throw Refused{fmt::format("journal {} {} is unknown; this program reads 1 to {}", key, number, newest)};
    }
    template <class Part, class Body>
    void part(const char* key, std::optional<Part>& part, Body&& body) {
        if (json_.contains(key)) body(part.emplace());
    }
    void numbers_or_null(const char* key, std::vector<double>& numbers) {
        const Json& json = required(key);
        require_list(json, key);
        for (const Json& number : json) read_or_null(number, key, numbers.emplace_back());
    }
    // With a failure the accuracy means nothing and stays as it is; without one, null stands for NaN.
    void finite_or_null(const char* key, double& number, bool is_unknown) {
        const Json& json = required(key);
        if (!json.is_null() || !is_unknown) read_or_null(json, key, number);
    }

private:
    /// A null stands for NaN.
    static void read_or_null(const Json& json, const char* key, double& number) {
        number = std::numeric_limits<double>::quiet_NaN();
        if (!json.is_null()) read(json, key, number);
    }

    [[nodiscard]] const Json& required(const char* key) const {
        const auto found = json_.find(key);
        if (found == json_.end()) throw Refused{fmt::format("key '{}' is missing", key)};
        return *found;
    }

    static void read(const Json& json, const char* key, std::string& text) {
        if (!json.is_string()) throw Refused{fmt::format("key '{}' must be a text", key)};
        text = json.get<std::string>();
    }
    static void read(const Json& json, const char* key, bool& truth) {
        if (!json.is_boolean()) throw Refused{fmt::format("key '{}' must be true or false", key)};
        truth = json.get<bool>();
    }
    static void read(const Json& json, const char* key, double& number) {
        if (!json.is_number()) throw Refused{fmt::format("key '{}' must be a number", key)};
        number = json.get<double>();
    }
    template <std::signed_integral Integer>
    static void read(const Json& json, const char* key, Integer& integer) {
        // The library keeps numbers above 2^63 as unsigned, and get() would wrap them around silently.
        const bool fits = json.is_number_unsigned()
                              ? std::in_range<Integer>(json.get<std::uint64_t>())
                              : json.is_number_integer() && std::in_range<Integer>(json.get<std::int64_t>());
        if (!fits) throw Refused{fmt::format("key '{}' must be an integer of {} bits", key, 8 * sizeof(Integer))};
        integer = json.get<Integer>();
    }
    static void read(const Json& json, const char* key, AccuracyBounds& bounds) {
        std::vector<double> numbers;
        read(json, key, numbers);
        if (numbers.size() != 2) throw Refused{fmt::format("key '{}' must hold two numbers", key)};
        bounds = {numbers[0], numbers[1]};
    }
    static void read(const Json& json, const char* key, std::vector<MetricValue>& metrics) {
        if (!json.is_object()) throw Refused{fmt::format("key '{}' must be an object", key)};
        for (const auto& [name, value] : json.items()) {
            MetricValue& metric = metrics.emplace_back();
            metric.name = name;
            read_or_null(value, key, metric.value);
        }
    }
    static void read(const Json& json, const char* key, std::vector<double>& numbers) {
        if (!json.is_array()) throw Refused{fmt::format("key '{}' must hold lists of numbers", key)};
        for (const Json& number : json) {
            if (!number.is_number()) throw Refused{fmt::format("key '{}' must hold numbers", key)};
            numbers.push_back(number.get<double>());
        }
    }
    static void read(const Json& json, const char* key, std::vector<std::int64_t>& integers) {
        require_list(json, key);
        for (const Json& integer : json) read(integer, key, integers.emplace_back());
    }
    static void read(const Json& json, const char* key, std::vector<std::vector<double>>& rows) {
        require_list(json, key);
        for (const Json& row : json) read(row, key, rows.emplace_back());
    }
    template <class Element>
    static void read(const Json& json, const char* key, std::vector<Element>& list) {
        require_list(json, key);
        for (const Json& element : json) {
            if (!element.is_object()) throw Refused{fmt::format("key '{}' must be a list of objects", key)};
        }
        for (const Json& element : json) {
            FieldReader reader(element);
            walk_fields(reader, list.emplace_back());
        }
    }
    static void require_list(const Json& json, const char* key) {
        if (!json.is_array()) throw Refused{fmt::format("key '{}' must be a list", key)};
    }

    const Json& json_;
};

// Values that no run writes. They are refused here, line by line: behind the reader nobody asks any more, and a share
// of 5 right samples out of 3 has no interval.
void require_meaningful(const TrialResult& result) {
    const Score& score = result.score;
    if (score.samples < 0 || score.sample_units < 0) throw Refused{"key 'samples' or 'sample_units' is negative"};
    if (score.correct && (*score.correct < 0 || *score.correct > score.samples)) {
        throw Refused{fmt::format("key 'correct' is {}, of {} samples", *score.correct, score.samples)};
    }
    if (result.failure.empty() && score.correct && score.samples == 0) throw Refused{"a score without samples"};
    if (score.bounds && !(score.bounds->low <= score.bounds->high)) throw Refused{"key 'bounds' is not in order"};
    if (score.nonfinite.samples < 0 || score.nonfinite.samples > score.samples) {
        throw Refused{fmt::format("key 'nonfinite' is {}, of {} samples", score.nonfinite.samples, score.samples)};
    }
}

template <class Type>
void require_meaningful(const Type& record) {
    if constexpr (requires { record.result; }) require_meaningful(record.result);
}

/// Fills `record` if the word names this type. Returns whether it does.
template <class Type>
bool read_if_type_is(std::string_view word, const Json& json, Record& record) {
    if (word != kTypeWord<Type>) return false;
    FieldReader reader(json);
    Type& typed = record.emplace<Type>();
    walk_fields(reader, typed);
    require_meaningful(typed);
    return true;
}

/// Tries every alternative of the variant, so that a new type of record needs no line here.
template <class... Types>
bool read_by_type(std::string_view word, const Json& json, std::variant<Types...>& record) {
    return (read_if_type_is<Types>(word, json, record) || ...);
}

Record record_of(const Json& json) {
    if (!json.is_object()) throw Refused{"the line is not a JSON object"};
    std::string type;
    FieldReader reader(json);
    reader("type", type);
    Record record;
    if (!read_by_type(type, json, record)) throw Refused{fmt::format("record type '{}' is unknown", type)};
    return record;
}

// ---- the checksum ----

/// What follows the checked text: `,"crc":"` 8 hex digits `"}`.
std::string crc_tail(std::string_view checked) { return fmt::format(",\"crc\":\"{:08x}\"}}", crc32c(checked)); }
const std::size_t kCrcTailSize = crc_tail("").size();
constexpr std::string_view kCrcKey = ",\"crc\":\"";

// ---- comparing headers ----

/// The fields of a header as texts, with their keys. The format is no field: parse_line has judged it.
struct HeaderTexts {
    std::vector<std::pair<std::string_view, std::string>> fields{};

    explicit HeaderTexts(const Header& header) { walk_fields(*this, header); }
    void operator()(const char* key, const std::string& text) { fields.emplace_back(key, text); }
    // The seed goes to the front: it is what users change most, and it changes the hash of the config too.
    void operator()(const char* key, std::int64_t n) { fields.emplace(fields.begin(), key, std::to_string(n)); }
    void version(const char*, int) {}
};

}  // namespace

Outcome to_outcome(const TrialResult& result) {
    if (!result.failure.empty()) return TrialFailure{result.failure};
    return result.score;
}

CandidateOptions to_options(const Candidate& candidate) {
    return {.calibration = candidate.calibration, .by_unit = {candidate.choice.begin(), candidate.choice.end()}};
}

std::string to_line(const Record& record) {
    Json json;
    std::visit(
        [&]<class Type>(const Type& typed) {
            json["type"] = kTypeWord<Type>;
            FieldWriter writer(json);
            walk_fields(writer, typed);
        },
        record);
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

std::string difference(const Header& journal, const Header& run) {
    const HeaderTexts theirs(journal);
    const HeaderTexts ours(run);
    for (std::size_t i = 0; i < ours.fields.size(); ++i) {
        const auto& [key, text] = theirs.fields[i];
        if (text != ours.fields[i].second) {
            return fmt::format("{}: journal has {}, this run has {}", key, text, ours.fields[i].second);
        }
    }
    return {};
}

}  // namespace halftone::journal
