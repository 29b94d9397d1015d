#include "study/progress_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "study/progress_line.hpp"

namespace halftone::study {
namespace {

using Json = nlohmann::ordered_json;

/// Any text may stand in the file. A double beyond 2^63 is no count, and seconds beyond it have no text.
constexpr double kMostNumber = 1e15;

Json optional_seconds(const std::optional<double>& seconds) { return seconds ? Json(*seconds) : Json(nullptr); }

/// @throws DataError for a number that is negative, too large or none
double number_at(const Json& json, const char* key) {
    const double number = json.at(key).get<double>();
    if (!std::isfinite(number) || number < 0) throw DataError(fmt::format("'{}' is no number from 0 on", key));
    if (number > kMostNumber) throw DataError(fmt::format("'{}' is too large", key));
    return number;
}

std::int64_t count_at(const Json& json, const char* key) { return static_cast<std::int64_t>(number_at(json, key)); }

std::optional<double> optional_at(const Json& json, const char* key) {
    return json.at(key).is_null() ? std::nullopt : std::optional(number_at(json, key));
}

}  // namespace

std::string write_progress(const RunProgress& progress) {
    const Json json{{"trials", progress.trials},
                    {"most_left", progress.most_left},
                    {"elapsed_s", progress.elapsed_s},
                    {"expected_left_s", optional_seconds(progress.expected_left_s)},
                    {"most_left_s", optional_seconds(progress.most_left_s)},
                    {"written_s", progress.written_s}};
    return json.dump() + "\n";
}

RunProgress read_progress(const std::string& text) {
    try {
        const Json json = Json::parse(text);
        return {.trials = count_at(json, "trials"),
                .most_left = count_at(json, "most_left"),
                .elapsed_s = number_at(json, "elapsed_s"),
                .expected_left_s = optional_at(json, "expected_left_s"),
                .most_left_s = optional_at(json, "most_left_s"),
                .written_s = number_at(json, "written_s")};
    } catch (const Json::exception& error) {
        throw DataError(error.what());
    }
}

std::string progress_left_text(const RunProgress& progress, double age_s) {
    const auto left = [&](double seconds) { return duration_text(std::max(0.0, seconds - age_s)); };
    if (progress.expected_left_s && progress.most_left_s)
        return fmt::format("about {} left (up to {})", left(*progress.expected_left_s),
                           left(std::max(*progress.most_left_s, *progress.expected_left_s)));
    if (progress.expected_left_s) return fmt::format("about {} left", left(*progress.expected_left_s));
    if (progress.most_left_s) return fmt::format("up to {} left", left(*progress.most_left_s));
    return {};
}

}  // namespace halftone::study
