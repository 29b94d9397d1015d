// An HDF5 file whose datasets have a row for each sample, in its root or in groups such as /train and /test.

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "data/formats/stored_array.hpp"
#include "dump/h5_reader.hpp"
#include "init/array_data.hpp"

namespace halftone {
namespace {

/// Groups deeper than this hold no samples that anybody would name.
constexpr int kMostGroups = 4;

bool is_h5_name(const std::string& name) {
    return has_extension(name, ".h5") || has_extension(name, ".hdf5") || has_extension(name, ".hdf");
}

/// Adds every dataset below a group. The word of a split may be the name of a group: "/train/x" is "x" of train.
void add_datasets(const H5Reader& reader, const std::string& file, const std::string& group, int depth,
                  std::vector<FoundArray>& arrays) {
    if (depth > kMostGroups) return;
    for (const std::string& name : reader.list(group.empty() ? "/" : group)) {
        const std::string path = group + "/" + name;
        try {
            const auto array = open_h5(file, path);
            // A split word that is a group is put behind the name, where divide_by_names looks for it.
            std::string words;
            for (const std::string& part : split(path, '/')) {
                if (!split_word(part)) continue;
                words = "_" + part;
            }
            arrays.push_back({.name = name + words, .source = path, .row = array->row_field(), .rows = array->rows()});
        } catch (const DataError&) {
            // No dataset of rows: perhaps a group.
            try {
                add_datasets(reader, file, path, depth + 1, arrays);
            } catch (const DataError&) {
                continue;
            }
        }
    }
}

/// The first file of a folder in the order of names: a data set of this kind is one file.
std::string h5_file(const DataQuery& query) {
    if (!query.files.is_directory(query.path)) return is_h5_name(query.path) ? query.path : "";
    for (const std::string& name : query.files.list(query.path)) {
        const std::string path = below(query.path, name);
        if (is_h5_name(name) && query.files.is_file(path)) return path;
    }
    return {};
}

}  // namespace

std::optional<FoundData> detect_hdf5(const DataQuery& query) {
    const std::string file = h5_file(query);
    if (file.empty()) return std::nullopt;
    ArraySource source{
        .word = "HDF5", .head = {"path: " + yaml_text(file)}, .arrays = {}, .open = [file](const std::string& name) {
            return open_h5(file, name);
        }};
    const H5Reader reader(file);
    add_datasets(reader, file, "", 0, source.arrays);
    if (source.arrays.empty()) throw DataError(file + ": no dataset with a row for each sample");
    const auto [training, testing] = divide_by_names(source);
    return found_arrays(query, fmt::format("datasets of {}, a row for each sample", file), training, testing);
}

}  // namespace halftone
