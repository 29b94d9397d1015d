// A folder of .npy files, one array in each: ids.npy, mask.npy, labels.npy; or x_train.npy, x_test.npy, …; or folders
// train and test with such files. A file by itself is the only array.

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/path.hpp"
#include "data/formats/stored_array.hpp"
#include "init/array_data.hpp"

namespace halftone {
namespace {

FoundArray npy_array(const std::string& path) {
    const auto array = open_npy(path);
    return {.name = path_stem(path), .source = path, .row = array->row_field(), .rows = array->rows()};
}

/// All arrays of a folder; notes say which files are none.
ArraySource npy_files(const FileSystem& files, const std::string& folder, std::vector<std::string>& notes) {
    ArraySource source{.word = "Numpy", .head = {}, .arrays = {}};
    for (const std::string& name : files.list(folder)) {
        const std::string path = below(folder, name);
        if (!has_extension(name, ".npy") || !files.is_file(path)) continue;
        try {
            source.arrays.push_back(npy_array(path));
        } catch (const DataError& error) {
            notes.push_back(std::string("Left out: ") + error.what() + ".");
        }
    }
    return source;
}

}  // namespace

std::optional<FoundData> detect_npy(const DataQuery& query) {
    if (has_extension(query.path, ".npy") && query.files.is_file(query.path)) {
        const ArraySource source{.word = "Numpy", .head = {}, .arrays = {npy_array(query.path)}};
        return found_arrays(query, "one array in a .npy file, a row for each sample", source, source);
    }
    if (!query.files.is_directory(query.path)) return std::nullopt;
    std::vector<std::string> notes;
    const SplitFolder split = split_folder(query.files, query.path);
    auto [training, testing] = divide_by_names(npy_files(query.files, split.evaluation, notes));
    // Folders decide before names: below "train", a file "x_test.npy" would be a strange thing.
    if (split.is_divided()) training = divide_by_names(npy_files(query.files, split.calibration, notes)).first;
    if (training.arrays.empty() || testing.arrays.empty()) return std::nullopt;
    const std::string what = testing.arrays.size() == 1
                                 ? "one array in a .npy file, a row for each sample"
                                 : fmt::format("{} arrays in .npy files, a row for each sample", testing.arrays.size());
    FoundData found = found_arrays(query, what, training, testing);
    found.notes.insert(found.notes.end(), notes.begin(), notes.end());
    return found;
}

}  // namespace halftone
