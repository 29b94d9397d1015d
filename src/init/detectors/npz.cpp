// An .npz archive of numpy.savez: the only one in a folder, or named itself. Two in a folder whose names say train and
// test are one data set each.

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/path.hpp"
#include "data/formats/stored_array.hpp"
#include "data/formats/zip_file.hpp"
#include "init/array_data.hpp"

namespace halftone {
namespace {

/// Members that are no arrays are passed over: archives of other programs may hold notes. Arrays of texts or of objects
/// and single numbers have no rows of samples.
ArraySource npz_arrays(const std::string& path) {
    ArraySource source{
        .word = "Numpy", .head = {"file: " + yaml_text(path)}, .arrays = {}, .open = [path](const std::string& name) {
            return open_npz(path, name);
        }};
    for (const ZipMember& member : read_zip(path)) {
        if (!has_extension(member.name, ".npy")) continue;
        const std::string name = member.name.substr(0, member.name.size() - std::string_view(".npy").size());
        try {
            const auto array = open_npz(path, name);
            source.arrays.push_back({.name = name, .source = name, .row = array->row_field(), .rows = array->rows()});
        } catch (const DataError& error) {
            source.unreadable.emplace_back(error.what());
        }
    }
    return source;
}

/// The archives of a folder by what their names say they are for.
std::pair<std::string, std::string> npz_files(const FileSystem& files, const std::string& folder) {
    std::string training;
    std::string testing;
    for (const std::string& name : files.list(folder)) {
        const std::string path = below(folder, name);
        if (!has_extension(name, ".npz") || !files.is_file(path)) continue;
        const std::string stem = path_stem(path);
        // The word may be a part of the name (digits_train.npz) or all of it (train.npz).
        auto word = split_word(without_split_word(stem).second);
        if (!word) word = split_word(stem);
        if ((!word || *word == SplitWord::training) && training.empty()) training = path;
        if ((!word || *word == SplitWord::testing) && testing.empty()) testing = path;
    }
    if (training.empty()) training = testing;
    if (testing.empty()) testing = training;
    return {training, testing};
}

}  // namespace

std::optional<FoundData> detect_npz(const DataQuery& query) {
    std::pair<std::string, std::string> paths{query.path, query.path};
    if (query.files.is_directory(query.path))
        paths = npz_files(query.files, query.path);
    else if (!has_extension(query.path, ".npz"))
        return std::nullopt;
    if (paths.first.empty()) return std::nullopt;
    auto [training, testing] = divide_by_names(npz_arrays(paths.second));
    if (paths.first != paths.second) training = divide_by_names(npz_arrays(paths.first)).first;
    return found_arrays(query, fmt::format("arrays in {}, a row for each sample", paths.second), training, testing);
}

}  // namespace halftone
