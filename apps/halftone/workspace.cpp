#include "workspace.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/log.hpp"

namespace halftone::app {
namespace {

constexpr std::string_view kJournal = "trials.jsonl";

std::int64_t count_trials(const std::vector<journal::Record>& records) {
    std::int64_t count = 0;
    for (const auto& record : records) count += std::holds_alternative<journal::Trial>(record) ? 1 : 0;
    return count;
}

}  // namespace

std::string Workspace::path(std::string_view name) const { return folder_ + "/" + std::string(name); }

Workspace::Workspace(const std::string& folder, bool resume, const journal::Header& header, int ranks)
    : folder_(folder), files_(make_posix_file_system()) {
    const std::string journal_path = path(kJournal);
    const bool exists = files_->exists(journal_path);
    if (exists && !resume) {
        throw ConfigError(
            fmt::format("workspace '{}' holds a run already ({}); continue it with --resume or choose another "
                        "--workspace",
                        folder, kJournal));
    }
    if (!exists && resume)
        throw ConfigError(fmt::format("--resume: workspace '{}' holds no run ({} is missing)", folder, kJournal));
    if (files_->exists(folder) && !files_->is_directory(folder)) {
        throw IoError(fmt::format("workspace '{}' is not a folder", folder));
    }
    files_->create_directories(folder);

    const journal::Replay replay = journal::read_journal(*files_, journal_path);
    if (!replay.records.empty()) {
        const auto* old = std::get_if<journal::Header>(&replay.records.front());
        if (!old) throw IoError(fmt::format("{}: the first record is no header", journal_path));
        const std::string difference = journal::difference(*old, header);
        if (!difference.empty()) {
            throw ConfigError(fmt::format("--resume: {}: {}; choose another --workspace", journal_path, difference));
        }
    }
    if (replay.dropped_bytes > 0) {
        log::warning("tune", "{}: dropped {} bytes at the end: {}", journal_path, replay.dropped_bytes,
                     replay.why_dropped);
    }
    replay_ = replay.records;
    journal_ = std::make_unique<journal::Writer>(*files_, journal_path, replay.valid_bytes);
    if (replay_.empty())
        journal_->append(header);
    else
        journal_->append(journal::Resume{.trials = count_trials(replay_), .ranks = ranks});
}

}  // namespace halftone::app
