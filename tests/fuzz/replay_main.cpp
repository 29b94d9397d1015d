// Runs a fuzz target over stored inputs, without libFuzzer: fuzz_replay TARGET PATH…, where a path is a file or a
// folder of files; with a folder come the seeds that the target makes by itself, so that the forms of today's writers
// are always among the inputs. fuzz_replay --mutate N TARGET PATH… also runs N changed forms of each input, by the
// target's own mutator (one form in eight, and all where the target has none: byte by byte): that tests the mutators
// where there is no clang. --mutate FIRST:N begins with another form, so that a second run does not repeat the first
// one. A form that crashes is written to the file fuzz_replay.found. fuzz_replay --seeds TARGET FOLDER writes the seeds
// that a target makes by itself. Without arguments it lists the targets.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"

namespace {

using halftone::fuzz::FuzzTarget;

std::vector<std::filesystem::path> files_below(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path)) return {path};
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// The changed form that runs, for the handler of signals, which may use neither memory nor locks.
std::string_view running_form;

extern "C" void write_running_form(int number) {
    const int file = ::open("fuzz_replay.found", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0 && ::write(file, running_form.data(), running_form.size()) >= 0) ::close(file);
    std::signal(number, SIG_DFL);
    std::raise(number);
}

/// Runs one input in a buffer of exactly its size, so that a sanitizer sees every read behind its end.
void run(const FuzzTarget& target, const std::string& bytes) {
    const std::vector<char> copy(bytes.begin(), bytes.end());
    run_target(target, {copy.data(), copy.size()});
}

/// Which changed forms of an input are run. Form i is a function of the input and of i only.
struct ChangedForms {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};

/// Reads N or FIRST:N.
ChangedForms changed_forms(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return {.first = 0, .count = std::strtoull(text.c_str(), nullptr, 10)};
    return {.first = std::strtoull(text.c_str(), nullptr, 10),
            .count = std::strtoull(text.c_str() + colon + 1, nullptr, 10)};
}

void run_with_mutations(const FuzzTarget& target, const std::string& bytes, const ChangedForms& forms) {
    run(target, bytes);
    halftone::fuzz::set_made_up(true);
    std::string changed = bytes;
    for (std::uint64_t i = forms.first; i < forms.first + forms.count; ++i) {
        halftone::Rng rng(i);
        if (i % 8 == 0) changed = bytes;  // short chains of changes, so that inputs do not grow for ever
        const bool is_by_form = target.mutate != nullptr && rng.below(8) != 0;
        if (!is_by_form || !target.mutate(changed, rng)) (void)halftone::fuzz::mutate_bytes(changed, rng);
        running_form = changed;
        run(target, changed);
    }
    halftone::fuzz::set_made_up(false);
}

/// The inputs at a path, by name. Seeds that are among the stored inputs do not run twice.
std::vector<std::pair<std::string, std::string>> inputs_at(const FuzzTarget& target, const std::string& path) {
    std::vector<std::pair<std::string, std::string>> inputs;
    for (const std::filesystem::path& name : files_below(path)) {
        std::ifstream file(name, std::ios::binary);
        if (!file) {
            std::fprintf(stderr, "error: cannot read %s\n", name.c_str());
            std::exit(4);  // NOLINT(concurrency-mt-unsafe): there is one thread
        }
        inputs.emplace_back(name.string(), std::string{std::istreambuf_iterator<char>(file), {}});
    }
    if (!std::filesystem::is_directory(path) || target.seeds == nullptr) return inputs;
    for (const auto& [name, bytes] : target.seeds()) {
        const auto is_same = [&seed = bytes](const auto& input) { return input.second == seed; };
        if (std::none_of(inputs.begin(), inputs.end(), is_same)) inputs.emplace_back("seed " + name, bytes);
    }
    return inputs;
}

/// Writes the seeds that the target itself can make.
int write_seeds(const std::string& folder, const FuzzTarget& target) {
    if (target.seeds == nullptr) return 0;
    std::filesystem::create_directories(folder);
    for (const auto& [name, bytes] : target.seeds()) {
        std::ofstream(std::filesystem::path(folder) / name, std::ios::binary) << bytes;
    }
    return 0;
}

int list_targets() {
    for (const std::string& name : halftone::fuzz::target_names()) std::printf("%s\n", name.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    ChangedForms forms;
    if (words.size() > 1 && words[0] == "--mutate") {
        forms = changed_forms(words[1]);
        words.erase(words.begin(), words.begin() + 2);
        for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) std::signal(number, &write_running_form);
    }
    const bool is_seeding = words.size() == 3 && words[0] == "--seeds";
    if (is_seeding) words.erase(words.begin());
    if (words.empty()) return list_targets();
    const FuzzTarget* target = halftone::fuzz::find_target(words[0]);
    if (target == nullptr) {
        std::fprintf(stderr, "error: there is no target '%s'; without arguments, fuzz_replay lists all\n",
                     words[0].c_str());
        return 2;
    }
    if (is_seeding) return write_seeds(words.at(1), *target);
    int count = 0;
    for (std::size_t i = 1; i < words.size(); ++i) {
        for (const auto& [name, bytes] : inputs_at(*target, words[i])) {
            std::printf("%s, %zu bytes\n", name.c_str(), bytes.size());
            std::fflush(stdout);  // a crash must leave the guilty file as the last line
            run_with_mutations(*target, bytes, forms);
            ++count;
        }
    }
    std::printf("%d inputs\n", count);
    return count > 0 ? 0 : 2;
}
