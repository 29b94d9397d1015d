// Free memory: four sources, of which the smallest answer counts.
//
//   available_memory     the machine: MemAvailable of /proc/meminfo
//   left_in_cgroup       one control group: its limit, less what it uses, plus the file caches in it
//   left_in_cgroups      the process's own group and all groups around it, because each of them may be the tightest
//   left_under_rlimit    ulimit -v: address space that is not mapped yet
//
// In a container /proc/meminfo still shows the whole machine, so the control groups must be asked as well. A process
// that goes beyond one is killed without a word, which is what this file is there to avoid.
#include "base/free_memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

#include "base/process.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// Returns the text of a small file of /proc or /sys; nothing if it cannot be read. Such files have no size, and a
/// machine may have any of them or none, so this is not a matter for FileSystem and its errors.
std::optional<std::string> system_text(const std::string& path) {
    const std::ifstream file(path);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::optional<std::uint64_t> count_in(std::string_view text) {
    const auto value = parse_int(trim(text));
    if (!value || *value < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

/// Returns the number behind a word at the start of a line: "MemAvailable:   24117248 kB", "inactive_file 4096".
std::optional<std::uint64_t> number_of(const std::string& text, std::string_view word) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t number = 0;
        if (words >> name && name == word && words >> number) return number;
    }
    return std::nullopt;
}

std::uint64_t available_memory(const std::string& root) {
    const auto text = system_text(root + "/proc/meminfo");
    const auto kilobytes = text ? number_of(*text, "MemAvailable:") : std::nullopt;
    return kilobytes ? *kilobytes * 1024 : kNoLimit;
}

/// The names under which a version of control groups keeps its numbers.
struct CgroupFiles {
    const char* limit;
    const char* usage;
    const char* cache;  ///< word in memory.stat
};
constexpr CgroupFiles kVersion2{"memory.max", "memory.current", "inactive_file"};
constexpr CgroupFiles kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};

std::uint64_t left_in_cgroup(const std::string& folder, const CgroupFiles& names) {
    const auto limit_text = system_text(folder + "/" + names.limit);
    const auto usage_text = system_text(folder + "/" + names.usage);
    const auto limit = limit_text ? count_in(*limit_text) : std::nullopt;  // version 2 writes "max" for no limit
    const auto usage = usage_text ? count_in(*usage_text) : std::nullopt;
    if (!limit || !usage) return kNoLimit;
    const auto stat = system_text(folder + "/memory.stat");
    const std::uint64_t cache = stat ? number_of(*stat, names.cache).value_or(0) : 0;
    const std::uint64_t held = *usage - std::min(*usage, cache);
    return *limit - std::min(*limit, held);
}

/// Walks from a group up to the root of the hierarchy. Inside a container the path may be one of the host, which is
/// not mounted: then its folders do not exist, and the walk still ends at the root, where the container's own group is.
std::uint64_t left_in_cgroups(const std::string& mount, std::string path, const CgroupFiles& names) {
    std::uint64_t left = left_in_cgroup(mount, names);
    while (path.size() > 1) {
        left = std::min(left, left_in_cgroup(mount + path, names));
        path.resize(path.rfind('/'));
    }
    return left;
}

/// Lines of /proc/self/cgroup: "0::/path" for version 2, "5:memory:/path" (or several names with commas) for version 1.
std::uint64_t left_in_all_cgroups(const std::string& root) {
    std::uint64_t left = kNoLimit;
    std::istringstream lines(system_text(root + "/proc/self/cgroup").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string path = line.substr(second + 1);
        if (!path.starts_with('/')) continue;
        const std::vector<std::string> controllers = split(line.substr(first + 1, second - first - 1), ',');
        if (controllers == std::vector<std::string>{""}) {
            left = std::min(left, left_in_cgroups(root + "/sys/fs/cgroup", path, kVersion2));
        } else if (std::find(controllers.begin(), controllers.end(), "memory") != controllers.end()) {
            left = std::min(left, left_in_cgroups(root + "/sys/fs/cgroup/memory", path, kVersion1));
        }
    }
    return left;
}

std::uint64_t left_under_rlimit(const std::string& root) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
    const auto status = system_text(root + "/proc/self/status");
    const std::uint64_t used = status ? number_of(*status, "VmSize:").value_or(0) * 1024 : 0;
    return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, used);
}

}  // namespace

std::uint64_t free_memory(const std::string& root) {
    return std::min({available_memory(root), left_in_all_cgroups(root), left_under_rlimit(root)});
}

std::int64_t ranks_on_machine() {
    // Open MPI; MPICH and Intel MPI (Hydra); Slurm, which writes "4(x2),3": the first number is the largest of a job.
    constexpr std::array<const char*, 3> kNames{"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS",
                                                "SLURM_STEP_TASKS_PER_NODE"};
    for (const char* name : kNames) {
        const std::string text = environment(name).value_or("");
        const auto ranks = parse_int(std::string_view(text).substr(0, text.find_first_not_of("0123456789")));
        if (ranks && *ranks > 0) return *ranks;
    }
    return 1;
}

}  // namespace halftone
