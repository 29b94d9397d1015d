// Running a function in a copy of this process: fork, become_harmless and the function in the copy, read_answer and
// waitpid in the process itself. The answer comes through a pipe, behind a byte that says that there is one.
#include "base/run_in_copy.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <string_view>
#include <system_error>

#include "base/error.hpp"

namespace halftone {
namespace {

constexpr char kAnswered = 'a';
/// No more than a pipe holds, so that the copy never waits for a reader.
constexpr std::size_t kMostAnswer = std::size_t{64} << 10U;

/// What makes the end of the copy nobody's business but ours.
void become_harmless(std::chrono::seconds cpu_limit, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it ended before the kernel knew of that wish
    ::prctl(PR_SET_DUMPABLE, 0);            // no core file, also where the system pipes them to a program
    const rlimit processor{static_cast<rlim_t>(cpu_limit.count()), static_cast<rlim_t>(cpu_limit.count()) + 1};
    ::setrlimit(RLIMIT_CPU, &processor);
    // A crash ends the copy at once; a handler of this process (of MPI, of a sanitizer) would report it. All other
    // signals wait: a handler would act for the process, and the default action would look like a crash.
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGXCPU}) {
        ::signal(number, SIG_DFL);
        ::sigdelset(&blocked, number);
    }
    ::pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
    const int nothing = ::open("/dev/null", O_RDWR);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (nothing >= 0) ::dup2(nothing, stream);
    }
    // The first victim when memory runs out. Without the right to say so, the system chooses.
    const int score = ::open("/proc/self/oom_score_adj", O_WRONLY);
    constexpr std::string_view kFirst = "1000";
    if (score >= 0) (void)!::write(score, kFirst.data(), kFirst.size());
}

[[noreturn]] void work_and_leave(const std::function<std::string()>& work, std::chrono::seconds cpu_limit, int out,
                                 pid_t parent) {
    become_harmless(cpu_limit, parent);
    try {
        const std::string answer = kAnswered + work();
        std::string_view rest = std::string_view(answer).substr(0, kMostAnswer);
        while (!rest.empty()) {
            const ssize_t count = ::write(out, rest.data(), rest.size());
            if (count < 0 && errno != EINTR) ::_exit(1);
            if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
        }
    } catch (...) {
        ::_exit(1);  // without the answer's first byte, the process knows
    }
    // Not exit(): the clean-up at the end belongs to the process (buffers, MPI, files of libraries).
    ::_exit(0);
}

/// Reads until the copy has closed its end. Returns false when the time is up before.
bool read_answer(int from, std::string& answer, std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd waiting{from, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000))) <= 0) continue;
        std::array<char, 4096> buffer;
        const ssize_t count = ::read(from, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return true;
        answer.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

}  // namespace

CopyResult run_in_copy(const std::function<std::string()>& work, std::chrono::seconds cpu_limit,
                       std::chrono::seconds time_limit) {
    const auto cannot = [](int error) {
        return IoError("cannot make a copy of this process: " + std::generic_category().message(error));
    };
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw cannot(errno);
    const auto deadline = std::chrono::steady_clock::now() + time_limit;
    const pid_t parent = ::getpid();
    const pid_t copy = ::fork();
    if (copy == 0) {
        ::close(ends[0]);
        work_and_leave(work, cpu_limit, ends[1], parent);
    }
    const int error = errno;
    ::close(ends[1]);
    if (copy < 0) {
        ::close(ends[0]);
        throw cannot(error);
    }
    CopyResult result;
    std::string bytes;
    result.timed_out = !read_answer(ends[0], bytes, deadline);
    ::close(ends[0]);
    if (result.timed_out) ::kill(copy, SIGKILL);
    int status = 0;
    while (::waitpid(copy, &status, 0) < 0 && errno == EINTR) continue;
    result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result.timed_out = result.timed_out || result.signal == SIGXCPU;
    result.has_answered = WIFEXITED(status) && WEXITSTATUS(status) == 0 && bytes.starts_with(kAnswered);
    if (result.has_answered) result.answer = bytes.substr(1);
    return result;
}

}  // namespace halftone
