// The guard is one copy of this process for each reading (base/run_in_copy) and a memory of what came of it.
//
// The library must be in use by no other thread when the copy is made, or the copy would hold its state halfway through
// a change. Whoever reads HDF5 files on several threads holds a lock already, since the library needs it anyway.
#include "dump/h5/crash_guard.hpp"

#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/file_identity.hpp"
#include "base/run_in_copy.hpp"
#include "dump/h5_version.hpp"

namespace halftone::h5 {
namespace {

/// Reading all of a file takes milliseconds, and no more than five seconds by its own limit. More is an endless loop.
constexpr std::chrono::seconds kGuardCpuLimit{60};
/// A file system may be slow, or stand still for minutes, without any fault of the file.
constexpr std::chrono::seconds kGuardTimeLimit{600};

/// What came of a reading.
struct Verdict {
    bool is_whole = false;
    std::string refusal{};  ///< why the file is refused; empty: it is not
};

Verdict verdict_of(const CopyResult& copy) {
    if (copy.has_answered) return {.is_whole = copy.answer == "whole"};
    const std::string library = "the HDF5 library (" + hdf5_version() + ")";
    if (copy.timed_out) return {.refusal = library + " did not come to an end of reading it"};
    const std::string how = copy.signal == 0 ? "" : " (signal " + std::to_string(copy.signal) + ")";
    return {.refusal = library + " could not read it without a crash" + how + ", so the file is damaged"};
}

/// The verdicts of this process. Its lock is held while a copy reads, so that no file is read twice at once.
class Verdicts {
public:
    static Verdicts& of_process() {
        static Verdicts verdicts;
        return verdicts;
    }

    Verdict look_up(const std::string& path, const std::string& what, const std::function<bool()>& reading) {
        const std::lock_guard lock(mutex_);
        const auto identity = file_identity(path);
        // A file that is not there is reported by whoever opens it.
        if (!identity || own_.contains(*identity)) return {.is_whole = true};
        const auto key = std::pair(*identity, what);
        if (const auto known = known_.find(key); known != known_.end()) return known->second;
        const auto work = [&]() -> std::string {
            try {
                return reading() ? "whole" : "part";
            } catch (const std::exception&) {
                return "part";  // this process will meet it again, and say it
            }
        };
        try {
            return known_[key] = verdict_of(run_in_copy(work, kGuardCpuLimit, kGuardTimeLimit));
        } catch (IoError& error) {
            error.add_context(path);
            throw;
        }
    }

    void trust(const std::string& path) {
        const std::lock_guard lock(mutex_);
        if (const auto identity = file_identity(path)) own_.insert(*identity);
    }

private:
    std::mutex mutex_;
    std::set<FileIdentity> own_;  ///< files that this process has written
    std::map<std::pair<FileIdentity, std::string>, Verdict> known_;
};

}  // namespace

bool read_in_copy_first(const std::string& path, const std::string& what, const std::function<bool()>& reading) {
    const Verdict verdict = Verdicts::of_process().look_up(path, what, reading);
    if (!verdict.refusal.empty()) throw DataError(path + what + ": " + verdict.refusal);
    return verdict.is_whole;
}

void trust_file(const std::string& path) { Verdicts::of_process().trust(path); }

}  // namespace halftone::h5
