#pragma once
// Workspace: the folder of one tune run. It opens, locks and compares the journal in it, and writes whole files beside
// the journal. It makes all possible checks before it creates anything.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.hpp"
#include "journal/journal.hpp"

namespace halftone::journal {

/// Checks a workspace without creating or locking anything: a new run must not overwrite an earlier run or files
/// of the user, and a resumed run needs an earlier run. It does not check whether the earlier run has the same
/// config.
/// @throws ConfigError, IoError
void check_workspace(const FileSystem& files, const std::string& folder, bool resume);

class Workspace {
public:
    /// Opens `folder` for this run, creates it when it is missing, and appends the run's first record: `header` for a
    /// new run, a resume record for a resumed one. The journal stays locked for as long as the workspace lives.
    /// @param files   must outlive the workspace
    /// @param resume  false: refuses a folder that holds a journal, or a file with a name of the run's such as
    ///                run.yaml. true: refuses a folder without a journal, or with one whose header differs from
    ///                `header`
    /// @param ranks   number of ranks of this session, for the resume record
    /// @throws ConfigError  for a refused folder, or when another process holds the journal's lock; IoError
    Workspace(FileSystem& files, const std::string& folder, bool resume, const Header& header, int ranks);

    [[nodiscard]] Writer& journal() { return *journal_; }
    /// The records of earlier sessions, header first; empty for a new run.
    [[nodiscard]] const std::vector<Record>& replay() const { return replay_; }
    /// The path of a file in the folder. An empty name gives the folder itself, with a slash at its end.
    [[nodiscard]] std::string path(std::string_view name) const;
    /// Writes a whole file: readers see the old file or the new one, never a part. @throws IoError
    void write(std::string_view name, std::string_view bytes) { files_.write_atomically(path(name), bytes); }
    /// For files that are written in pieces.
    [[nodiscard]] FileSystem& files() { return files_; }
    /// Removes a file. @throws IoError if it cannot, or if there is none
    void remove(std::string_view name) { files_.remove(path(name)); }

private:
    std::string folder_;
    FileSystem& files_;
    std::unique_ptr<Writer> journal_;
    std::vector<Record> replay_;
};

}  // namespace halftone::journal
