// What detectors share: words for training and testing, folders that are divided, names of files.
#include "init/found_data.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace halftone {

constinit const std::string_view kSameSamples =
    "Calibration and evaluation read the same samples, because no names here divide them into training and test "
    "samples. Calibration uses no labels, so this is sound for a first run; for a final judgement, give different "
    "samples to the two.";

std::optional<SplitWord> split_word(std::string_view word) {
    static constexpr std::array<std::string_view, 4> kTraining{"train", "training", "calib", "calibration"};
    static constexpr std::array<std::string_view, 7> kTesting{"val",  "valid", "validation", "test",
                                                              "eval", "dev",   "evaluation"};
    // Windows users write Train and TEST; whole words only, so that "contest" or "evaluated" mean nothing.
    std::string lower(word);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::find(kTraining.begin(), kTraining.end(), lower) != kTraining.end()) return SplitWord::training;
    if (std::find(kTesting.begin(), kTesting.end(), lower) != kTesting.end()) return SplitWord::testing;
    return std::nullopt;
}

// The list of a folder is sorted, so "test" is taken before "val": of two folders for testing any will do.
SplitFolder split_folder(const FileSystem& files, const std::string& folder) {
    std::string training;
    std::string testing;
    for (const std::string& name : files.list(folder)) {
        const auto word = split_word(name);
        if (!word || !files.is_directory(below(folder, name))) continue;
        std::string& found = *word == SplitWord::training ? training : testing;
        if (found.empty()) found = below(folder, name);
    }
    if (training.empty() && testing.empty()) return {folder, folder};
    // With one of the two only, it serves both purposes; the caller says so in the config (kSameSamples).
    return {training.empty() ? testing : training, testing.empty() ? training : testing};
}

std::string below(const std::string& folder, const std::string& name) {
    if (folder.empty() || folder.ends_with('/')) return folder + name;
    return folder + "/" + name;
}

// Cameras write .JPG, so upper and lower case are the same here.
bool has_extension(std::string_view name, std::string_view extension) {
    if (name.size() < extension.size()) return false;
    return std::equal(extension.begin(), extension.end(), name.end() - static_cast<std::ptrdiff_t>(extension.size()),
                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

}  // namespace halftone
