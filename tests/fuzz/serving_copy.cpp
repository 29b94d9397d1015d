// The input lies in memory that both processes share. Its size goes through one pipe, and a byte comes back through
// another one; a copy that ended closes that instead.
//
// Whose fault a crash is: the library's, if one of its functions is on the stack when a signal arrives or a sanitizer
// finds an error. So a fault of a function of ours that the library calls counts as the library's; these are the two
// that collect names. The sanitizer's own report would tell, too, but takes seconds.
#include "fuzz/serving_copy.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
/// A library that leaks becomes slow.
constexpr std::size_t kMostServed = 20'000;
/// Processor time for an input, of which a healthy one takes a twentieth: an endless loop ends the copy, too.
constexpr suseconds_t kMostMicroseconds = 60'000;
constexpr suseconds_t kAgainMicroseconds = 20'000;
constexpr int kMostRounds = 50;
constexpr int kEndedByLibrary = 77;
constexpr int kEndedByUs = 78;
constexpr int kEndedByTime = 79;  ///< outside of the library

/// Where the library's code lies.
struct CodeRange {
    std::uintptr_t begin = 0, end = 0;
    [[nodiscard]] bool contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

CodeRange library_code;
bool is_copy = false;

/// Called for each file of the program. @param function  an address in the one that is searched
int find_library(dl_phdr_info* file, std::size_t /*size*/, void* function) {
    for (int i = 0; i < file->dlpi_phnum; ++i) {
        const auto& part = file->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
        const std::uintptr_t begin = file->dlpi_addr + part.p_vaddr;
        const CodeRange code{begin, begin + part.p_memsz};
        if (!code.contains(reinterpret_cast<std::uintptr_t>(function))) continue;
        library_code = code;
        return 1;
    }
    return 0;
}

/// Ends the copy with a code that says whose fault it is.
[[noreturn]] void end_copy() {
    std::array<void*, 128> frames{};
    const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
    for (int i = 0; i < count; ++i) {
        const auto address = reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)]);
        if (library_code.contains(address)) ::_exit(kEndedByLibrary);
    }
    ::_exit(kEndedByUs);
}

void end_by_crash(int /*number*/) { end_copy(); }

/// The time is up. A walk over the stack might wait for a lock that is held by what was interrupted, so only the
/// instruction counts: the copy goes on until it is one of the library's.
void end_by_time(int /*number*/, siginfo_t* /*info*/, void* context) {
    static int rounds = 0;
    const auto* registers = static_cast<const ucontext_t*>(context);
    if (library_code.contains(static_cast<std::uintptr_t>(registers->uc_mcontext.gregs[REG_RIP]))) {
        ::_exit(kEndedByLibrary);
    }
    if (++rounds == kMostRounds) ::_exit(kEndedByTime);
}

/// On a stack of its own, which the sanitizer has made: the library may have used up the usual one.
void handle_signals() {
    struct sigaction crash {};
    crash.sa_handler = &end_by_crash;
    crash.sa_flags = SA_ONSTACK;
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigaction(number, &crash, nullptr);
    struct sigaction time {};
    time.sa_sigaction = &end_by_time;
    time.sa_flags = SA_ONSTACK | SA_SIGINFO | SA_RESTART;
    ::sigaction(SIGPROF, &time, nullptr);
}

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
}

}  // namespace

// The address sanitizer calls this before it writes a report.
extern "C" void __asan_on_error() {  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming): its name
    if (is_copy) end_copy();
}

ServingCopy::ServingCopy(void (*work)(std::string_view), const char* function) : work_(work) {
    void* address = ::dlsym(RTLD_DEFAULT, function);
    require(address != nullptr && ::dl_iterate_phdr(&find_library, address) == 1, "the library is not there");
    void* shared = ::mmap(nullptr, kMostBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(shared != MAP_FAILED, "mmap failed");
    shared_ = static_cast<std::byte*>(shared);
    // Loads what backtrace() needs: a handler of a signal must not.
    std::array<void*, 1> frame{};
    (void)::backtrace(frame.data(), 1);
}

ServingCopy::~ServingCopy() {
    (void)end();
    ::munmap(shared_, kMostBytes);
}

void ServingCopy::serve(int requests, int answers) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_DUMPABLE, 0);
    is_copy = true;
    handle_signals();
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, STDERR_FILENO);
    std::size_t bytes = 0;
    while (::read(requests, &bytes, sizeof(bytes)) == sizeof(bytes)) {
        // In a buffer of exactly its size, so that a sanitizer sees every read behind its end.
        const std::string input(reinterpret_cast<const char*>(shared_), bytes);
        const itimerval limit{{0, kAgainMicroseconds}, {0, kMostMicroseconds}};
        ::setitimer(ITIMER_PROF, &limit, nullptr);
        work_(input);
        if (::write(answers, "a", 1) != 1) break;
    }
    ::_exit(0);
}

void ServingCopy::start() {
    require(::pipe(to_copy_.data()) == 0 && ::pipe(from_copy_.data()) == 0, "pipe failed");
    copy_ = ::fork();
    require(copy_ >= 0, "fork failed");
    if (copy_ == 0) {
        ::close(to_copy_[1]);
        ::close(from_copy_[0]);
        serve(to_copy_[0], from_copy_[1]);
    }
    ::close(std::exchange(to_copy_[0], -1));
    ::close(std::exchange(from_copy_[1], -1));
    served_ = 0;
}

int ServingCopy::end() {
    if (copy_ < 0) return 0;
    ::close(std::exchange(to_copy_[1], -1));  // a copy that waits for an input ends by itself
    ::close(std::exchange(from_copy_[0], -1));
    int status = 0;
    while (::waitpid(copy_, &status, 0) < 0 && errno == EINTR) continue;
    copy_ = -1;
    return status;
}

bool ServingCopy::survives(std::string_view bytes) {
    if (bytes.size() > kMostBytes) return false;
    if (served_ >= kMostServed) (void)end();
    if (copy_ < 0) start();
    ++served_;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(shared_));
    const std::size_t size = bytes.size();
    char answer = 0;
    if (::write(to_copy_[1], &size, sizeof(size)) == sizeof(size)) {
        ssize_t count = 0;
        do {
            count = ::read(from_copy_[0], &answer, 1);
        } while (count < 0 && errno == EINTR);  // by libFuzzer's clock
        if (count == 1) return true;
    }
    const int status = end();
    if (WIFEXITED(status) && WEXITSTATUS(status) == kEndedByLibrary) return false;
    work_(bytes);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kEndedByTime) return true;
    finding("an input ended a copy of this process, outside of the library, and not the process itself");
}

}  // namespace halftone::fuzz
