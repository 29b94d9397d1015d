#include "journal/journal.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <utility>
#include <variant>

#include "base/error.hpp"

namespace halftone::journal {

// A crash can only damage the end: every record was synced before the next was written. So a bad last line is cut off
// silently, and a bad line before it means that the disk or a user changed the file.
Replay read_journal(const FileSystem& files, const std::string& path) {
    Replay replay;
    if (!files.exists(path)) return replay;
    const std::string bytes = files.read(path);
    std::string_view rest = bytes;
    for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
        const std::size_t end = rest.find('\n');
        std::string why = "the last line is unfinished";
        if (end != std::string_view::npos) {
            auto parsed = parse_line(rest.substr(0, end));
            if (auto* record = std::get_if<Record>(&parsed)) {
                replay.records.push_back(std::move(*record));
                rest.remove_prefix(end + 1);
                continue;
            }
            why = std::get<std::string>(std::move(parsed));
            if (end + 1 < rest.size()) {
                throw IoError(fmt::format("{}:{}: {}; more lines follow, so the file is damaged and not just cut off",
                                          path, line_number, why));
            }
        }
        replay.dropped_bytes = rest.size();
        replay.why_dropped = fmt::format("{}:{}: {}", path, line_number, why);
        break;
    }
    replay.valid_bytes = bytes.size() - replay.dropped_bytes;
    return replay;
}

std::string sequence_fault(const std::vector<Record>& records) {
    std::int64_t expected = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto* trial = std::get_if<Trial>(&records[i]);
        if (trial == nullptr) continue;
        if (trial->trial != expected)
            return fmt::format("{}: trial {} stands where trial {} belongs", i + 1, trial->trial, expected);
        ++expected;
    }
    return "";
}

struct Writer::State {
    std::string path;
    std::unique_ptr<FileLock> lock;
    std::unique_ptr<AppendFile> file;
    std::size_t size = 0;
    bool is_broken = false;
};

Writer::Writer(FileSystem& files, const std::string& path, std::size_t valid_bytes)
    : state_(std::make_unique<State>()) {
    state_->path = path;
    state_->lock = files.try_lock(path);
    if (!state_->lock) throw ConfigError(fmt::format("journal {}: another process is using this workspace", path));
    // Between the caller's reading and our lock, another run may have written and ended: its trials must not be cut
    // off.
    const Replay now = read_journal(files, path);
    if (now.valid_bytes != valid_bytes) {
        throw ConfigError(fmt::format("journal {}: changed while it was read ({} bytes, now {}); start again", path,
                                      valid_bytes, now.valid_bytes));
    }
    state_->file = files.open_append(path);
    state_->size = valid_bytes;
    if (now.dropped_bytes > 0) state_->file->truncate(valid_bytes);
}

Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;

// Synced when it returns: what is told to the strategy, or delivered as a file, is on the disk before.
void Writer::append(const Record& record) {
    State& state = *state_;
    if (state.is_broken) throw IoError(fmt::format("journal {}: an earlier record could not be written", state.path));
    const std::string line = to_line(record) + '\n';
    try {
        state.file->append(line);
        state.file->sync();
        state.size += line.size();
    } catch (const IoError&) {
        // A record after half a record would be damage in the middle; and after a failed sync the kernel may have
        // forgotten the error, so a second try proves nothing. The next session starts from the file.
        state.is_broken = true;
        try {
            state.file->truncate(state.size);
        } catch (const IoError&) {
            // The unfinished line stays; the next reader drops it.
        }
        throw;
    }
}

}  // namespace halftone::journal
