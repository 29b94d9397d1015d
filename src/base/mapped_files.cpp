// Mapping of files.
//
//   map_files_behind    one range of addresses: first memory with the start, then each file at its page
//   MappedFile          an entry of the list that the handler of SIGBUS reads; entries are used again, never freed
//   on_bus_error        names the file in whose range the address lies, and ends the process
//   check_mapped_files  size and time of each file, compared with those at its mapping
#include "base/mapped_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "base/file_identity.hpp"

namespace halftone {
namespace {

[[noreturn]] void fail_to_map(const std::string& path, const std::string& why) {
    throw IoError(fmt::format("cannot map {}: {}", path, why));
}

std::string system_text(int error) { return std::system_category().message(error); }

/// A signal handler may not take locks or memory. So it reads a list that only grows: an entry is filled in before its
/// range is published, and lies idle with an empty range when its mapping is gone.
struct MappedFile {
    std::atomic<std::uintptr_t> begin{0};
    std::atomic<std::uintptr_t> end{0};  ///< 0: idle
    std::string path;
    FileIdentity identity;
    MappedFile* next = nullptr;

    MappedFile(std::string file, const FileIdentity& found) : path(std::move(file)), identity(found) {}
};

std::atomic<MappedFile*> first_mapped{nullptr};
std::mutex list_mutex;  ///< of writers
struct sigaction earlier_action {};

void write_text(const char* text) {
    // There is nobody left to tell of a failure.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
}

extern "C" void on_bus_error(int signal, siginfo_t* info, void* /*context*/) {
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (const MappedFile* file = first_mapped.load(); file != nullptr; file = file->next) {
        if (address < file->begin.load() || address >= file->end.load()) continue;
        write_text("error: cannot read ");
        write_text(file->path.c_str());
        write_text(": it became shorter, or its disk failed, while it was in use\n");
        ::_exit(static_cast<int>(ExitCode::io));
    }
    // Not ours: the instruction runs once more, and whoever was there before gets the signal.
    ::sigaction(signal, &earlier_action, nullptr);
}

void install_handler() {
    static const bool is_installed = [] {
        struct sigaction action {};
        action.sa_sigaction = on_bus_error;
        sigemptyset(&action.sa_mask);
        action.sa_flags = SA_SIGINFO;
        return ::sigaction(SIGBUS, &action, &earlier_action) == 0;
    }();
    (void)is_installed;
}

/// Enters a mapping into the list. Returns its entry.
MappedFile* publish(const std::string& path, const FileIdentity& identity, const void* address, std::uint64_t size) {
    const std::lock_guard lock(list_mutex);
    auto* file = new MappedFile(path, identity);  // as long as the process: the handler may look at it at any time
    file->begin = reinterpret_cast<std::uintptr_t>(address);
    file->end = file->begin + size;
    file->next = first_mapped.load();
    first_mapped = file;
    return file;
}

/// The range of addresses, and what is mapped in it.
class MappedRange {
public:
    explicit MappedRange(std::uint64_t bytes) : taken_(process_budget(), bytes, "the model with its external data") {
        constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
        if (address == MAP_FAILED) throw IoError(fmt::format("cannot map {} bytes: {}", bytes, system_text(errno)));
        address_ = static_cast<char*>(address);
        bytes_ = bytes;
    }
    ~MappedRange() {
        for (MappedFile* file : files_) file->end = 0;
        ::munmap(address_, bytes_);
    }
    MappedRange(const MappedRange&) = delete;
    MappedRange& operator=(const MappedRange&) = delete;

    [[nodiscard]] char* address() const { return address_; }

    void map(const FileToMap& file, std::uint64_t offset) {
        // As for files that are read: a FIFO that took the path meanwhile must not make this wait.
        constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
        const int descriptor = ::open(file.path.c_str(), kFlags);
        if (descriptor < 0) fail_to_map(file.path, system_text(errno));
        struct stat info {};
        void* mapped = MAP_FAILED;
        std::string why;
        if (::fstat(descriptor, &info) != 0)
            why = system_text(errno);
        else if (!S_ISREG(info.st_mode))
            why = "it is no regular file";
        else if (static_cast<std::uint64_t>(info.st_size) != file.size)
            why = "its size has changed";
        if (why.empty()) {
            constexpr int kMapFlags = MAP_PRIVATE | MAP_FIXED;
            mapped = ::mmap(address_ + offset, file.size, PROT_READ, kMapFlags, descriptor, 0);
            if (mapped == MAP_FAILED) why = system_text(errno);
        }
        ::close(descriptor);
        if (!why.empty()) fail_to_map(file.path, why);
        files_.push_back(publish(file.path, file_identity(info), mapped, file.size));
    }

private:
    BudgetedBytes taken_;
    char* address_ = nullptr;
    std::uint64_t bytes_ = 0;
    std::vector<MappedFile*> files_;
};

}  // namespace

SharedBytes map_files_behind(std::string_view start, const std::vector<FileToMap>& files) {
    std::uint64_t bytes = page_from(start.size());
    for (const FileToMap& file : files) bytes += page_from(file.size);
    install_handler();
    const auto range = std::make_shared<MappedRange>(bytes);
    std::memcpy(range->address(), start.data(), start.size());
    std::uint64_t offset = page_from(start.size());
    for (const FileToMap& file : files) {
        if (file.size > 0) range->map(file, offset);  // a mapping has at least one byte
        offset += page_from(file.size);
    }
    return {std::string_view(range->address(), bytes), range};
}

void check_mapped_files() {
    const std::lock_guard lock(list_mutex);
    for (const MappedFile* file = first_mapped.load(); file != nullptr; file = file->next) {
        if (file->end.load() == 0) continue;
        const auto now = file_identity(file->path);
        const FileIdentity& then = file->identity;
        if (!now || now->device != then.device || now->inode != then.inode) continue;
        // Not the time of the entry: another name of the file, or its removal, changes that as well.
        if (now->bytes != then.bytes || now->modified_ns != then.modified_ns)
            throw IoError(fmt::format("{} was changed while it was in use", file->path));
    }
}

}  // namespace halftone
