// A list of pictures and labels: a .txt or .csv file with a line "name label" or "name,label" for each, beside the
// pictures or in the folder above them.

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "init/found_data.hpp"
#include "init/picture_input.hpp"

namespace halftone {
namespace {

/// The beginning of a list is enough to know it.
constexpr std::uint64_t kLookedAtBytes = 1U << 16U;
constexpr std::uint64_t kMostListFile = std::uint64_t{1} << 30U;

struct NameList {
    std::string path;
    std::string folder;  ///< where the pictures are
    std::int64_t lines = 0;
};

bool is_list_name(const std::string& name) {
    return has_extension(name, ".txt") || has_extension(name, ".csv") || has_extension(name, ".tsv");
}

/// The two parts of "a.jpg 3", "a.jpg,3"; empty where the line is of another kind.
std::pair<std::string, std::string> parts_of(std::string_view line) {
    const std::size_t at = line.find_last_of(", \t");
    if (at == std::string_view::npos) return {};
    return {std::string(trim(line.substr(0, line.find_last_not_of(", \t", at) + 1))),
            std::string(trim(line.substr(at + 1)))};
}

/// The folder below which the pictures of the list are found.
std::string folder_of(const FileSystem& files, const std::string& list, const std::string& picture) {
    const std::string here = parent_path(list).empty() ? "." : parent_path(list);
    std::vector<std::string> folders{here};
    for (const std::string& name : files.list(here)) {
        if (files.is_directory(below(here, name))) folders.push_back(below(here, name));
    }
    for (const std::string& folder : folders) {
        if (files.is_file(below(folder, picture))) return folder;
    }
    return {};
}

std::optional<NameList> look_at_list(const FileSystem& files, const std::string& path) {
    const std::uint64_t bytes = std::min(files.size(path), kLookedAtBytes);
    const std::string begin = files.read_part(path, 0, bytes);
    // The first line of a .csv may be a head, so the second counts, too.
    for (const std::string& line : split(begin, '\n')) {
        const auto [picture, label] = parts_of(line);
        if (picture.empty() || !parse_int(label)) continue;
        const std::string folder = folder_of(files, path, picture);
        // Names that lead to no file: numbers in a table, not pictures.
        if (folder.empty()) return std::nullopt;
        const std::string all = files.read(path, kMostListFile);
        return NameList{path, folder, std::count(all.begin(), all.end(), '\n')};
    }
    return std::nullopt;
}

/// The first list of a folder whose pictures are there; other texts, such as notes, are passed over.
std::optional<NameList> find_list(const DataQuery& query) {
    if (!query.files.is_directory(query.path))
        return is_list_name(query.path) ? look_at_list(query.files, query.path) : std::nullopt;
    for (const std::string& name : query.files.list(query.path)) {
        const std::string path = below(query.path, name);
        if (!is_list_name(name) || !query.files.is_file(path)) continue;
        if (auto list = look_at_list(query.files, path)) return list;
    }
    return std::nullopt;
}

}  // namespace

std::optional<FoundData> detect_name_list(const DataQuery& query) {
    const auto list = find_list(query);
    if (!list) return std::nullopt;
    FoundData found;
    found.what = fmt::format("a list of pictures and labels, {}", list->path);
    found.calibration = {"ImagenetRaw:", "  data_path: " + yaml_text(list->folder),
                         "  image_list: " + yaml_text(list->path)};
    found.evaluation = found.calibration;
    found.calibration_samples = std::max<std::int64_t>(1, list->lines);
    found.notes.emplace_back(kSameSamples);
    found.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    if (const auto input = picture_input(query.model))
        found.transforms = picture_transforms(*input, {.channels = 3}, transform_names());
    return found;
}

}  // namespace halftone
