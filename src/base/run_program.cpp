// Running a program, in order: Pipe (three of them), start_child (fork, exec), read_until_end (poll both outputs until
// they close or the time is up), then wait for its exit.
//
// A failing exec is reported through the third pipe: it closes by itself when exec succeeds, and else carries errno.
#include "base/run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "base/error.hpp"
#include "base/process.hpp"

namespace halftone {
namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

/// Two file descriptors that close with the object. Neither is inherited by programs that are started meanwhile.
class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw IoError("cannot make a pipe: " + reason_of(errno));
    }
    ~Pipe() {
        close_read();
        close_write();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    [[nodiscard]] int read_end() const { return ends_[0]; }
    [[nodiscard]] int write_end() const { return ends_[1]; }
    void close_read() { close_end(0); }
    void close_write() { close_end(1); }

private:
    void close_end(std::size_t i) {
        if (ends_[i] >= 0) ::close(ends_[i]);
        ends_[i] = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

/// What the child does between fork and exec: system calls only, because other threads may have held any lock.
[[noreturn]] void become(char* const* arguments, const char* folder, int out, int err, int report, pid_t parent) {
    // A process group of its own: when the time is up, the program's own children are ended with it.
    ::setpgid(0, 0);
    // Nobody would wait for it or limit its time if this process were killed, so it ends then, too. The parent may have
    // ended before the kernel knew of that wish.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    const int nothing = ::open("/dev/null", O_RDONLY);
    const bool is_ready = nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0 &&
                          ::dup2(err, STDERR_FILENO) >= 0 && (*folder == '\0' || ::chdir(folder) == 0);
    if (is_ready) ::execvp(arguments[0], arguments);
    const int error = errno;
    (void)!::write(report, &error, sizeof(error));
    ::_exit(127);
}

struct Pipes {
    Pipe out, err, report;
};

/// Returns the child's process number. @throws IoError when the program cannot be started
pid_t start_child(const std::vector<std::string>& arguments, const std::string& folder, Pipes& pipes) {
    std::vector<char*> pointers;
    // execvp takes pointers to characters that it does not change.
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) throw IoError("cannot start '" + arguments[0] + "': " + reason_of(errno));
    if (child == 0) {
        become(pointers.data(), folder.c_str(), pipes.out.write_end(), pipes.err.write_end(), pipes.report.write_end(),
               parent);
    }
    pipes.out.close_write();
    pipes.err.close_write();
    pipes.report.close_write();
    int error = 0;
    if (::read(pipes.report.read_end(), &error, sizeof(error)) == sizeof(error)) {
        ::waitpid(child, nullptr, 0);
        throw IoError("cannot start '" + arguments[0] + "': " + reason_of(error));
    }
    return child;
}

/// Appends what can be read now. Returns false at the end.
bool read_some(int from, std::string& to, std::size_t most) {
    std::array<char, 65536> buffer;
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) return false;
    // What is beyond the limit is read and thrown away: a program that nobody reads from would wait for ever.
    const std::size_t room = most - std::min(most, to.size());
    to.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
    return true;
}

/// Reads both outputs until both are closed. Returns false when the time is up before.
bool read_until_end(Pipes& pipes, ProgramResult& result, std::chrono::steady_clock::time_point deadline,
                    std::size_t most) {
    bool is_out_open = true;
    bool is_err_open = true;
    while (is_out_open || is_err_open) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        // A negative descriptor is one that poll leaves alone.
        std::array<pollfd, 2> waiting{pollfd{is_out_open ? pipes.out.read_end() : -1, POLLIN, 0},
                                      pollfd{is_err_open ? pipes.err.read_end() : -1, POLLIN, 0}};
        const auto wait = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
        if (::poll(waiting.data(), waiting.size(), wait) <= 0) continue;
        if (waiting[0].revents != 0) is_out_open = read_some(pipes.out.read_end(), result.out, most);
        if (waiting[1].revents != 0) is_err_open = read_some(pipes.err.read_end(), result.err, most);
    }
    return true;
}

/// Waits until the child has ended or the time is up. Returns its status; nothing if the time is up.
bool wait_for_end(pid_t child, int& status, std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        const pid_t ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        ::poll(nullptr, 0, 5);  // it has closed its outputs, so its end is near
    }
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments, const std::string& folder,
                          std::chrono::milliseconds time_limit, std::size_t most_output) {
    ProgramResult result;
    Pipes pipes;
    const auto deadline = std::chrono::steady_clock::now() + time_limit;
    const pid_t child = start_child(arguments, folder, pipes);
    int status = 0;
    const bool has_ended =
        read_until_end(pipes, result, deadline, most_output) && wait_for_end(child, status, deadline);
    if (!has_ended) {
        result.timed_out = true;
        ::kill(-child, SIGKILL);  // the group: what the program started ends with it
        ::kill(child, SIGKILL);   // should it have left its group
        ::waitpid(child, &status, 0);
    }
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return result;
}

TemporaryFile::TemporaryFile(const std::string& suffix, const std::string& bytes) {
    // Who opens the file may stand in another folder, so a relative TMPDIR is of no use.
    const std::string folder = environment("TMPDIR").value_or("");
    path_ = (folder.starts_with('/') ? folder : "/tmp") + "/halftone-XXXXXX" + suffix;
    const int file = ::mkostemps(path_.data(), static_cast<int>(suffix.size()), O_CLOEXEC);
    if (file < 0) throw IoError("cannot make a temporary file '" + path_ + "': " + reason_of(errno));
    std::string_view rest = bytes;
    int error = 0;
    while (!rest.empty() && error == 0) {
        const ssize_t count = ::write(file, rest.data(), rest.size());
        if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
        if (count < 0 && errno != EINTR) error = errno;
    }
    if (::close(file) != 0 && error == 0) error = errno;
    if (error == 0) return;
    ::unlink(path_.c_str());
    throw IoError("cannot write '" + path_ + "': " + reason_of(error));
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

}  // namespace halftone
