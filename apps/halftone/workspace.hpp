#pragma once
// A tune run's folder: journal opened, locked and compared; whole files written atomically. Nothing is created before
// everything that can be checked was checked.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.hpp"
#include "journal/journal.hpp"

namespace halftone::app {

class Workspace {
public:
    /// Opens `folder` for this run. A new run refuses a folder with a journal; a resumed run refuses one without, or
    /// with a header that differs. @throws ConfigError, IoError
    Workspace(const std::string& folder, bool resume, const journal::Header& header, int ranks);

    [[nodiscard]] journal::Writer& journal() { return *journal_; }
    /// Records of earlier sessions; empty for a new run.
    [[nodiscard]] const std::vector<journal::Record>& replay() const { return replay_; }
    [[nodiscard]] std::string path(std::string_view name) const;
    void write(std::string_view name, std::string_view bytes) { files_->write_atomically(path(name), bytes); }

private:
    std::string folder_;
    std::unique_ptr<FileSystem> files_;
    std::unique_ptr<journal::Writer> journal_;
    std::vector<journal::Record> replay_;
};

}  // namespace halftone::app
