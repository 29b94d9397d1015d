#include "base/machine.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace halftone {

std::string processor_name() {
    // The kernel lists every core; all of them carry the same name on the machines that are supported, so the first
    // will do.
    std::ifstream info("/proc/cpuinfo");
    std::string line;
    while (std::getline(info, line)) {
        if (!line.starts_with("model name")) continue;
        const std::size_t colon = line.find(':');
        if (colon != std::string::npos) return std::string(trim(std::string_view(line).substr(colon + 1)));
    }
    return "unknown processor";
}

int machine_cores() { return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)); }

int usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    // A machine with more cores than the set holds answers with an error; then nothing is known of a limit.
    if (::sched_getaffinity(0, sizeof(set), &set) != 0) return machine_cores();
    return CPU_COUNT(&set);
}

std::string program_path() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) throw IoError("cannot find the running program: " + error.message());
    return path.string();
}

std::optional<std::string> find_program(const std::string& name) {
    for (const std::string& folder : split(environment("PATH").value_or(""), ':')) {
        // An empty part of PATH stands for the working directory (POSIX).
        std::string path = (folder.empty() ? std::string(".") : folder) + "/" + name;
        std::error_code error;
        if (std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0) return path;
    }
    return std::nullopt;
}

int run_attached(const std::vector<std::string>& arguments) {
    std::vector<char*> words;
    std::vector<std::string> copies = arguments;
    for (std::string& word : copies) words.push_back(word.data());
    words.push_back(nullptr);
    pid_t child = 0;
    // The child shares stdin, stdout and stderr, so that a user sees what it writes at once. run_program collects the
    // outputs instead.
    const int error = ::posix_spawnp(&child, words[0], nullptr, nullptr, words.data(), environ);
    if (error != 0)
        throw IoError(fmt::format("cannot start {}: {}", arguments[0], std::generic_category().message(error)));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) throw IoError("cannot wait for " + arguments[0]);
    }
    // As shells report a child that a signal ended.
    constexpr int kSignalled = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

}  // namespace halftone
