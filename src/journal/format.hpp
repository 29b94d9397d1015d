#pragma once
// The records of trials.jsonl as plain values. The text form is documented in src/journal/README.md; this is its code.
// The journal is the only truth of a run: everything else in the workspace can be written again from it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace halftone::journal {

inline constexpr int kFormat = 1;

/// First record. Every field is compared on resume; a difference is refused by name.
struct Header {
    std::string version;  ///< of Halftone
    std::string strategy;
    std::int64_t seed = 0;
    std::string isa;
    std::string config;  ///< hashes, 16 hex digits
    std::string model;
    std::string data;
    std::string space;
    friend bool operator==(const Header&, const Header&) = default;
};

/// What one evaluation counted. `accuracy` is the metric's value; `correct` its count where the metric is one.
struct Result {
    double accuracy = 0;
    std::optional<std::int64_t> correct;
    std::int64_t samples = 0;
    std::int64_t sample_units = 0;  ///< samples x units really executed
    std::string failure;            ///< not empty: the trial failed and the numbers mean nothing
    std::optional<std::pair<double, double>> bounds =
        {};                   ///< ended early: the accuracy lies between, `accuracy` is none
    double wall_s = 0;        ///< busy time summed over workers
    std::int64_t worker = 0;  ///< rank that finished it
    friend bool operator==(const Result&, const Result&) = default;
};

struct Baseline {
    Result result;
    friend bool operator==(const Baseline&, const Baseline&) = default;
};

struct Change {
    std::string unit;
    std::string to;  ///< dtype word: fp32, bf16
    friend bool operator==(const Change&, const Change&) = default;
};

/// A candidate in full, for readers that do not run the strategy again: what study.h5 is made from.
struct Choice {
    std::int64_t calibration = 0;       ///< index of the calibration size
    std::vector<std::int64_t> options;  ///< by unit; empty: not recorded
    friend bool operator==(const Choice&, const Choice&) = default;
};

/// One finished trial, written in trial order just before the strategy is told of it.
struct Trial {
    std::int64_t trial = 0;
    std::string candidate;  ///< 16 hex digits: hash of the effective plan
    std::string stage;
    std::vector<Change> changed;
    std::string verdict;  ///< pass, fail, error
    Result result;
    std::optional<double> latency_ms = {};  ///< by the latency table, where there is one
    std::int64_t elapsed_ms = 0;            ///< of the whole run up to here, earlier sessions included
    Choice choice = {};
    friend bool operator==(const Trial&, const Trial&) = default;
};

/// A result that arrived before that of a lower trial; used on resume, and then written again as a Trial.
struct Partial {
    std::int64_t of = 0;
    std::string candidate;
    Result result;
    friend bool operator==(const Partial&, const Partial&) = default;
};

/// What the fp32 model found hard: one character for each evaluation sample, '0' = wrong. Written before the baseline.
struct Difficulty {
    std::string samples;
    friend bool operator==(const Difficulty&, const Difficulty&) = default;
};

/// Sums over one value, as trial/probe.hpp means them.
struct ErrorNumbers {
    std::string unit;  ///< empty: the model's output
    double error = 0, reference = 0, quantized = 0, product = 0, sum = 0, quantized_sum = 0;
    double min = 0, max = 0, quantized_min = 0, quantized_max = 0;
    std::int64_t count = 0;
    friend bool operator==(const ErrorNumbers&, const ErrorNumbers&) = default;
};

/// Result of a probe: errors of a candidate against fp32, over the calibration samples.
struct Sensitivity {
    std::int64_t probe = 0;
    std::string stage;
    std::string kind;  ///< unit_errors, output_error
    std::string candidate;
    std::int64_t samples = 0;
    std::string failure;  ///< not empty: the candidate could not be built
    std::vector<ErrorNumbers> values;
    Choice choice = {};
    friend bool operator==(const Sensitivity&, const Sensitivity&) = default;
};

/// Latency of units and borders, as trial/latency_table.hpp means it.
struct LatencyTable {
    struct Border {
        std::int64_t producer = -1;
        std::int64_t consumer = 0;
        double quantize_ms = 0;
        double dequantize_ms = 0;
        friend bool operator==(const Border&, const Border&) = default;
    };
    std::vector<std::vector<double>> unit_ms;
    std::vector<Border> borders;
    double rest_ms = 0;
    friend bool operator==(const LatencyTable&, const LatencyTable&) = default;
};

/// The best passing trials, timed side by side at the end.
struct Finalists {
    struct Entry {
        std::int64_t trial = 0;
        std::string candidate;
        double median_ms = 0, low_ms = 0, high_ms = 0;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> entries;
    std::int64_t chosen = 0;  ///< trial number
    friend bool operator==(const Finalists&, const Finalists&) = default;
};

/// The full evaluation of a trial that had ended early.
struct Completion {
    std::int64_t of = 0;
    std::string candidate;
    Result result;
    friend bool operator==(const Completion&, const Completion&) = default;
};

struct Resume {
    std::int64_t trials = 0;  ///< trial records found
    std::int64_t ranks = 0;
    friend bool operator==(const Resume&, const Resume&) = default;
};

struct End {
    std::string reason;  ///< goal_met, max_trials, timeout, exhausted
    std::int64_t trials = 0;
    std::int64_t best = -1;  ///< trial number; -1: no usable trial
    bool goal_met = false;
    std::int64_t sample_units = 0;
    std::int64_t elapsed_ms = 0;  ///< of the whole run, earlier sessions included; a timeout is judged by it on resume
    friend bool operator==(const End&, const End&) = default;
};

using Record = std::variant<Header, Baseline, Trial, Partial, Resume, End, Difficulty, Sensitivity, LatencyTable,
                            Finalists, Completion>;

/// One line without '\n', keys in the documented order, `crc` last (CRC-32C, 8 hex digits, of the text before
/// `,"crc"`).
[[nodiscard]] std::string to_line(const Record& record);
/// @return the record, or the reason why the line is none (bad JSON, missing or wrong crc, unknown type, missing key).
[[nodiscard]] std::variant<Record, std::string> parse_line(std::string_view line);

}  // namespace halftone::journal
