// A library for LD_PRELOAD that makes a disk fail at its k-th system call. disk_test.py starts the program with it.
//
//   HALFTONE_FAULT=KIND:K       eio: call K fails once; full: from call K on nothing can be written; kill: the process
//                               dies at call K; count:0 lets all calls pass
//   HALFTONE_FAULT_FOLDER=DIR   only calls on files in this folder count, and logs never do
//   HALFTONE_FAULT_COUNT=FILE   receives the number of calls when the process ends by itself
//
// Calls that count: opening for writing, write, sync, truncate, rename, unlink, mkdir. A write that fails has written
// its first half, as real disks do.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

enum class Kind { none, eio, full, kill };

struct Plan {
    Kind kind = Kind::none;
    long at = 0;
    std::string folder;
    std::string count_file;
};

/// Never destroyed: files are closed until the very end of the process.
const Plan& plan() {
    static const Plan& made = *[] {
        auto* made_plan = new Plan;
        Plan& read = *made_plan;
        const char* fault = std::getenv("HALFTONE_FAULT");
        const char* folder = std::getenv("HALFTONE_FAULT_FOLDER");
        const char* count = std::getenv("HALFTONE_FAULT_COUNT");
        if (fault == nullptr || folder == nullptr) return made_plan;
        const std::string text = fault;
        const std::string kind = text.substr(0, text.find(':'));
        read.kind = kind == "eio" ? Kind::eio : kind == "full" ? Kind::full : kind == "kill" ? Kind::kill : Kind::none;
        read.at = std::atol(text.c_str() + kind.size() + 1);
        read.folder = folder;
        if (count != nullptr) read.count_file = count;
        return made_plan;
    }();
    return made;
}

std::atomic<long> calls{0};
std::array<std::atomic<bool>, 65536> is_watched{};

template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool is_inside(const char* path) {
    const std::string text = path == nullptr ? "" : path;
    if (plan().folder.empty() || text.rfind(plan().folder, 0) != 0) return false;
    return text.size() < 4 || text.compare(text.size() - 4, 4, ".log") != 0;
}

bool is_watched_fd(int fd) {
    return fd >= 0 && fd < static_cast<int>(is_watched.size()) && is_watched[static_cast<std::size_t>(fd)];
}

/// Counts a call. Returns whether it fails. @param needs_room  it would add to the disk
template <class Before>
bool fails(bool needs_room, const Before& half) {
    const long call = ++calls;
    const Plan& p = plan();
    if (p.kind == Kind::none || p.at == 0) return false;
    if (p.kind == Kind::full ? !(call >= p.at && needs_room) : call != p.at) return false;
    half();
    if (p.kind == Kind::kill) {
        std::raise(SIGKILL);
        pause();
    }
    errno = p.kind == Kind::full ? ENOSPC : EIO;
    return true;
}

bool fails(bool needs_room) {
    return fails(needs_room, [] {});
}

int opened(int fd, const char* path) {
    if (fd >= 0 && fd < static_cast<int>(is_watched.size())) is_watched[static_cast<std::size_t>(fd)] = is_inside(path);
    return fd;
}

int open_here(const char* path, int flags, mode_t mode, const char* name) {
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (writes && is_inside(path) && fails((flags & O_CREAT) != 0 && access(path, F_OK) != 0)) return -1;
    return opened(real<int (*)(const char*, int, mode_t)>(name)(path, flags, mode), path);
}

mode_t mode_of(int flags, va_list arguments) { return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0; }

struct CountWriter {
    ~CountWriter() {
        if (plan().count_file.empty()) return;
        std::FILE* file = std::fopen(plan().count_file.c_str(), "w");
        if (file == nullptr) return;
        std::fprintf(file, "%ld\n", calls.load());
        std::fclose(file);
    }
};
CountWriter count_writer;

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_here(path, flags, mode, "open");
}

int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_here(path, flags, mode, "open64");
}

int close(int fd) {
    if (is_watched_fd(fd)) is_watched[static_cast<std::size_t>(fd)] = false;
    return real<int (*)(int)>("close")(fd);
}

ssize_t write(int fd, const void* bytes, size_t count) {
    const auto call = real<ssize_t (*)(int, const void*, size_t)>("write");
    if (is_watched_fd(fd) && fails(true, [&] { (void)call(fd, bytes, count / 2); })) return -1;
    return call(fd, bytes, count);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
    const auto call = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    if (is_watched_fd(fd) && fails(true, [&] { (void)call(fd, bytes, count / 2, offset); })) return -1;
    return call(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
    const auto call = real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
    if (is_watched_fd(fd) && fails(true, [&] { (void)call(fd, bytes, count / 2, offset); })) return -1;
    return call(fd, bytes, count, offset);
}

ssize_t writev(int fd, const iovec* parts, int count) {
    if (is_watched_fd(fd) && fails(true)) return -1;
    return real<ssize_t (*)(int, const iovec*, int)>("writev")(fd, parts, count);
}

int fsync(int fd) {
    if (is_watched_fd(fd) && fails(false)) return -1;
    return real<int (*)(int)>("fsync")(fd);
}

int fdatasync(int fd) {
    if (is_watched_fd(fd) && fails(false)) return -1;
    return real<int (*)(int)>("fdatasync")(fd);
}

int ftruncate(int fd, off_t size) {
    if (is_watched_fd(fd) && fails(false)) return -1;
    return real<int (*)(int, off_t)>("ftruncate")(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    if (is_watched_fd(fd) && fails(false)) return -1;
    return real<int (*)(int, off64_t)>("ftruncate64")(fd, size);
}

int rename(const char* from, const char* to) {
    if (is_inside(to) && fails(false)) return -1;
    return real<int (*)(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) {
    if (is_inside(path) && fails(false)) return -1;
    return real<int (*)(const char*)>("unlink")(path);
}

int mkdir(const char* path, mode_t mode) {
    if (is_inside(path) && fails(true)) return -1;
    return real<int (*)(const char*, mode_t)>("mkdir")(path, mode);
}

}  // extern "C"
