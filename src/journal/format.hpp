#pragma once
// The records of trials.jsonl as plain values. The text form is documented in src/journal/README.md; journal/fields.hpp
// lists the fields of each record, and the functions below write and read by that list. A resumed run reads only the
// journal and can write the other files of the workspace again.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/median_interval.hpp"
#include "trial/latency_table.hpp"
#include "trial/probe.hpp"
#include "trial/trial.hpp"

namespace halftone::journal {

/// The number of the format that is written. Format 1 had no metrics, losses and judgements; it can still be read and
/// resumed.
inline constexpr int kFormat = 2;

/// First record. A resumed run compares every field, and refuses a difference by the name of the field.
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

/// The outcome of one evaluation, and its cost. If `failure` is not empty, the candidate could not be evaluated, and of
/// the score only sample_units has a meaning. If score.bounds is set, the evaluation ended early: score.accuracy is
/// NaN, and the accuracy lies between the bounds.
struct TrialResult {
    Score score = {};
    std::string failure = {};
    double wall_s = 0;        ///< busy time in seconds, summed over workers
    std::int64_t worker = 0;  ///< rank that finished it
    friend bool operator==(const TrialResult&, const TrialResult&) = default;
};

/// Returns what a strategy is told: the failure if there was one, else the score.
[[nodiscard]] Outcome to_outcome(const TrialResult& result);

/// The evaluation of the fp32 model.
struct Baseline {
    TrialResult result;
    friend bool operator==(const Baseline&, const Baseline&) = default;
};

/// A unit that a trial kept in high precision although it could be quantized.
struct Change {
    std::string unit;
    std::string to;  ///< word of the element type: fp32, bf16
    friend bool operator==(const Change&, const Change&) = default;
};

/// A candidate in full, for readers that do not run the strategy again; study.h5 is made from it. Journals of earlier
/// versions lack it; `by_unit` is empty then.
struct CandidateOptions {
    std::int64_t calibration = 0;       ///< index of the calibration size
    std::vector<std::int64_t> by_unit;  ///< option number of each unit, in the order of the space
    friend bool operator==(const CandidateOptions&, const CandidateOptions&) = default;
};

[[nodiscard]] CandidateOptions to_options(const Candidate& candidate);

/// One finished trial, written in trial order just before the strategy is told of it.
struct Trial {
    std::int64_t trial = 0;
    std::string candidate = {};  ///< 16 hex digits: hash of the effective plan
    std::string stage = {};      ///< of the strategy, when it asked
    std::vector<Change> changed = {};
    std::string verdict = {};  ///< pass, fail, error
    TrialResult result = {};
    std::optional<double> latency_ms = {};  ///< predicted by the latency table; empty where there is no table
    std::int64_t elapsed_ms = 0;            ///< of the whole run up to here, earlier sessions included
    CandidateOptions options = {};
    friend bool operator==(const Trial&, const Trial&) = default;
};

/// A result that arrived before that of a lower trial. A resumed session uses it and writes it again as a Trial.
struct Partial {
    std::int64_t of = 0;  ///< trial number
    std::string candidate;
    TrialResult result;
    friend bool operator==(const Partial&, const Partial&) = default;
};

/// How hard samples are for fp32: one character for each evaluation sample, '0' = wrong. Written before the baseline.
struct Difficulty {
    std::string samples;
    friend bool operator==(const Difficulty&, const Difficulty&) = default;
};

/// The fp32 model's judgement of each evaluation sample, so that losses can be paired sample by sample; written before
/// the baseline. Only one of the two is filled. The position is the sample's number in its data set.
struct Judgements {
    std::string right;           ///< '1' right, '0' wrong, '-' no such sample
    std::vector<double> values;  ///< if a sample is not just right or wrong; NaN: no such sample
    friend bool operator==(const Judgements&, const Judgements&) = default;
};

/// The errors of one value. An empty unit name means the model's first output.
struct ValueErrors {
    std::string unit;
    ErrorSums sums;
    friend bool operator==(const ValueErrors&, const ValueErrors&) = default;
};

/// Result of a probe: errors of a candidate against fp32, over the calibration samples.
struct Sensitivity {
    std::int64_t probe = 0;
    std::string stage;
    std::string kind;  ///< unit_errors, output_error
    std::string candidate;
    std::int64_t samples = 0;
    std::string failure;  ///< if not empty, the candidate could not be built and there are no values
    std::vector<ValueErrors> values;
    CandidateOptions options = {};
    friend bool operator==(const Sensitivity&, const Sensitivity&) = default;
};

/// The latency table is a record as it is.
using halftone::LatencyTable;

/// The best passing trials, timed in turn at the end.
struct Finalists {
    struct Entry {
        std::int64_t trial = 0;
        std::string candidate;
        MedianInterval latency_ms = {};  ///< measured
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> entries;
    std::int64_t chosen = 0;  ///< trial number
    friend bool operator==(const Finalists&, const Finalists&) = default;
};

/// The full evaluation of a trial that had ended early.
struct Completion {
    std::int64_t of = 0;  ///< trial number
    std::string candidate;
    TrialResult result;
    friend bool operator==(const Completion&, const Completion&) = default;
};

/// A later session of the run begins.
struct Resume {
    std::int64_t trials = 0;  ///< trial records found
    std::int64_t ranks = 0;
    friend bool operator==(const Resume&, const Resume&) = default;
};

/// The search is over.
struct End {
    std::string reason = {};  ///< goal_met, max_trials, timeout, exhausted
    std::int64_t trials = 0;
    std::int64_t best = -1;  ///< trial number; -1 means that no trial is usable
    bool goal_met = false;
    std::int64_t sample_units = 0;
    std::int64_t elapsed_ms = 0;  ///< of the whole run, earlier sessions included; a timeout is judged by it on resume
    friend bool operator==(const End&, const End&) = default;
};

using Record = std::variant<Header, Baseline, Trial, Partial, Resume, End, Difficulty, Judgements, Sensitivity,
                            LatencyTable, Finalists, Completion>;

/// Returns the record as one line without '\n', keys in the documented order, `crc` last (CRC-32C, 8 hex digits, of the
/// text before `,"crc"`).
[[nodiscard]] std::string to_line(const Record& record);
/// Returns the record, or the reason why the line is not a record (bad JSON, missing or wrong crc, unknown type, a key
/// that is missing or of the wrong type).
[[nodiscard]] std::variant<Record, std::string> parse_line(std::string_view line);

/// Returns the first field that differs, as "field: journal has X, this run has Y"; an empty text when all are equal.
[[nodiscard]] std::string difference(const Header& journal, const Header& run);

}  // namespace halftone::journal
