// A folder of .npy files, one array in each: ids.npy, mask.npy, labels.npy; or x_train.npy, x_test.npy, …; or folders
// train and test with such files. A file by itself is the only array.

#include <fmt/format.h>

#include <utility>

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

ArraySource npy_source(std::vector<FoundArray> arrays) {
    return {.word = "Numpy", .head = {}, .arrays = std::move(arrays), .open = open_npy};
}

/// All arrays of a folder.
ArraySource npy_files(const FileSystem& files, const std::string& folder) {
    ArraySource source = npy_source({});
    for (const std::string& name : files.list(folder)) {
        const std::string path = below(folder, name);
        if (!has_extension(name, ".npy") || !files.is_file(path)) continue;
        try {
            source.arrays.push_back(npy_array(path));
        } catch (const DataError& error) {
            source.unreadable.emplace_back(error.what());
        }
    }
    return source;
}

}  // namespace

std::optional<FoundData> detect_npy(const DataQuery& query) {
    if (has_extension(query.path, ".npy") && query.files.is_file(query.path)) {
        const ArraySource source = npy_source({npy_array(query.path)});
        return found_arrays(query, "one array in a .npy file, a row for each sample", source, source);
    }
    if (!query.files.is_directory(query.path)) return std::nullopt;
    const SplitFolder split = split_folder(query.files, query.path);
    auto [training, testing] = divide_by_names(npy_files(query.files, split.evaluation));
    // Folders decide before names: below "train", a file "x_test.npy" would be a strange thing.
    if (split.is_divided()) training = divide_by_names(npy_files(query.files, split.calibration)).first;
    if (training.arrays.empty() || testing.arrays.empty()) return std::nullopt;
    const std::string what = testing.arrays.size() == 1
                                 ? "one array in a .npy file, a row for each sample"
                                 : fmt::format("{} arrays in .npy files, a row for each sample", testing.arrays.size());
    return found_arrays(query, what, training, testing);
}

}  // namespace halftone
