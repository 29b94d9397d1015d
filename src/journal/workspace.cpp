#include "journal/workspace.hpp"

#include <fmt/format.h>

#include <array>

#include "base/error.hpp"
#include "base/log.hpp"

namespace halftone::journal {
namespace {

constexpr std::string_view kJournalName = "trials.jsonl";
/// What a run writes beside its journal.
constexpr std::array<std::string_view, 7> kOtherNames{"best.onnx",  "best.yaml",      "best.codes.npz", "run.yaml",
                                                      "study.json", "calibration.h5", "tune.log"};

std::int64_t count_trials(const std::vector<Record>& records) {
    std::int64_t count = 0;
    // Trials only: results that arrived out of order are told again as trials.
    for (const Record& record : records) count += std::holds_alternative<Trial>(record) ? 1 : 0;
    return count;
}

/// Refuses a folder that the user cannot have meant: a new run must not write over an earlier one, and a resumed run
/// needs one to go on with.
void check_folder(const FileSystem& files, const std::string& folder, bool has_journal, bool resume) {
    if (has_journal && !resume) {
        throw ConfigError(
            fmt::format("workspace '{}' holds a run already ({}); continue it with --resume or choose another "
                        "--workspace",
                        folder, kJournalName));
    }
    if (!has_journal && resume) {
        throw ConfigError(fmt::format("--resume: workspace '{}' holds no run ({} is missing)", folder, kJournalName));
    }
    if (files.exists(folder) && !files.is_directory(folder)) {
        throw IoError(fmt::format("workspace '{}' is not a folder", folder));
    }
    if (has_journal) return;
    // Without a journal, a file with one of the run's names is not a run's: it may be the very config or model of this
    // run, in a folder that the user took for the workspace.
    for (const std::string_view name : kOtherNames) {
        if (!files.exists(fmt::format("{}/{}", folder, name))) continue;
        throw ConfigError(
            fmt::format("workspace '{}' has a file {}, which the run would overwrite, but no run ({}); "
                        "choose another --workspace",
                        folder, name, kJournalName));
    }
}

/// Refuses to resume a run of another model, config or machine: its trials would not be this run's trials.
void check_header(const Replay& replay, const Header& header, const std::string& journal_path) {
    if (replay.records.empty()) return;  // the earlier session ended before its header was on disk
    const auto* earlier = std::get_if<Header>(&replay.records.front());
    if (!earlier) throw IoError(fmt::format("{}: the first record is no header", journal_path));
    const std::string field = difference(*earlier, header);
    if (field.empty()) return;
    throw ConfigError(fmt::format("--resume: {}: {}; choose another --workspace", journal_path, field));
}

}  // namespace

void check_workspace(const FileSystem& files, const std::string& folder, bool resume) {
    check_folder(files, folder, files.exists(folder + "/" + std::string(kJournalName)), resume);
}

std::string Workspace::path(std::string_view name) const { return folder_ + "/" + std::string(name); }

Workspace::Workspace(FileSystem& files, const std::string& folder, bool resume, const Header& header, int ranks)
    : folder_(folder), files_(files) {
    const std::string journal_path = path(kJournalName);
    check_workspace(files_, folder, resume);
    files_.create_directories(folder);

    // The journal is read before it is locked. That is safe: Writer refuses the file if it has changed in between.
    const Replay replay = read_journal(files_, journal_path);
    check_header(replay, header, journal_path);
    if (const std::string fault = sequence_fault(replay.records); !fault.empty()) {
        throw IoError(fmt::format("--resume: {}:{}; the file was changed after the run; choose another --workspace",
                                  journal_path, fault));
    }
    if (replay.dropped_bytes > 0) {
        log::warning("tune", "{}: dropped {} bytes at the end: {}", journal_path, replay.dropped_bytes,
                     replay.why_dropped);
    }
    // Writing begins behind the last whole record; what is unfinished after it is cut off.
    replay_ = replay.records;
    journal_ = std::make_unique<Writer>(files_, journal_path, replay.valid_bytes);
    if (replay_.empty()) {
        journal_->append(header);
    } else {
        journal_->append(Resume{.trials = count_trials(replay_), .ranks = ranks});
    }
}

}  // namespace halftone::journal
