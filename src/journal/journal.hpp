#pragma once
// Reading and appending trials.jsonl. The only writer is rank 0; it holds the file's lock as long as it exists.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "journal/format.hpp"

namespace halftone::journal {

struct Replay {
    std::vector<Record> records;    ///< the longest valid prefix
    std::size_t valid_bytes = 0;    ///< its length in the file
    std::size_t dropped_bytes = 0;  ///< unfinished or damaged end
    std::string why_dropped;        ///< the reason; empty when nothing was dropped
};

/// Reads all records. A missing file gives an empty replay. An unfinished or damaged last line is dropped. Damage
/// before the last line (a bad line followed by more lines) throws IoError naming path:line and the reason, because
/// finished trials would be lost without a message.
/// @throws IoError when the file cannot be read
[[nodiscard]] Replay read_journal(const FileSystem& files, const std::string& path);

/// Returns the first trial with a wrong number, as "7: trial 2 stands where trial 1 belongs" with the number of its
/// line, or an empty text if there is none. Trials are numbered 0, 1, 2 … in the order of the file, and every line has
/// a checksum. So a wrong number means that somebody removed or added lines.
/// @param records  of a whole journal, a record for each line
[[nodiscard]] std::string sequence_fault(const std::vector<Record>& records);

class Writer {
public:
    /// Opens (or creates) and locks the file, and cuts off the dropped end found by read_journal.
    /// @throws IoError; ConfigError when another process holds the lock.
    Writer(FileSystem& files, const std::string& path, std::size_t valid_bytes);
    ~Writer();
    Writer(Writer&&) noexcept;

    /// Appends the record; it is on the disk (synced) when the function returns.
    /// @throws IoError; then the file is cut back to the last whole record, and this writer takes no more
    void append(const Record& record);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace halftone::journal
