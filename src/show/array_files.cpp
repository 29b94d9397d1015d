// .npy files of the command run.
//
//   parse_input, paths_by_input   --input [NAME=]X.npy to one path for each input: by name, else in graph order
//   largest_file                  how long an input's file may be
//   as_input, read_input          an input's array, in the input's type
//   file_name, numbered_files, output_files   names as file names, no two the same
#include "show/array_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/saturate.hpp"
#include "data/convert.hpp"
#include "tensor/npy.hpp"

namespace halftone::show {
namespace {

/// --input [NAME=]X.npy: a name only if the model has an input of that name, since a path may hold '=' too.
struct Given {
    std::string name;  ///< empty: the next input in graph order
    std::string path;
};

Given parse_input(const Graph& graph, const std::string& text) {
    // The shortest name that fits wins: names of values may hold '=' themselves, as paths may.
    for (std::size_t at = text.find('='); at != std::string::npos; at = text.find('=', at + 1)) {
        const std::string name = text.substr(0, at);
        for (const ValueId id : graph.inputs()) {
            if (graph.value(id).name == name) return {name, text.substr(at + 1)};
        }
    }
    return {"", text};
}

std::string input_names(const Graph& graph) {
    std::vector<std::string> names;
    for (const ValueId id : graph.inputs()) names.push_back(graph.value(id).name);
    return fmt::format("{}", fmt::join(names, ", "));
}

/// An input's file holds its values and a header. A file that is far too long is refused before it is read; within the
/// limit, from_npy and run_once say more exactly what is wrong: 8 bytes is the widest element type.
std::uint64_t largest_file(const Shape& shape) {
    constexpr std::int64_t kHeaderAndSlack = std::int64_t{64} << 20U;
    if (!shape.is_static()) return FileSystem::kMostFileBytes;  // any batch
    std::int64_t bytes = 8;
    for (const std::int64_t dim : shape.dims()) bytes = saturating_product(bytes, dim);
    return std::min(FileSystem::kMostFileBytes, static_cast<std::uint64_t>(saturating_sum(bytes, kHeaderAndSlack)));
}

/// Returns the array in the type of its input. float64 and float16 arrays are the usual ones that differ. What cannot
/// be converted stays as it is, and run_once refuses it with both types.
Tensor as_input(Tensor array, const Value& input, const std::string& path) {
    const DType wanted = input.type.dtype;
    if (array.dtype() == wanted || !can_feed(array.dtype(), wanted)) return array;
    Tensor fitted({wanted, array.shape()});
    try {
        // It throws where a value does not fit, such as 300 for an int8 input: nothing is cut silently.
        feed_values(array.view(), fitted.mutable_view());
    } catch (DataError& error) {
        error.add_context(path);
        throw;
    }
    log::warning("run", "{}: {} values were converted to {}, the type of the input '{}'", path,
                 to_string(array.dtype()), to_string(wanted), input.name);
    return fitted;
}

}  // namespace

std::string file_name(std::string name) {
    constexpr std::size_t kLongest = 200;  // file systems allow 255 bytes

    const auto is_kept = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    };
    std::replace_if(
        name.begin(), name.end(), [&](char c) { return !is_kept(c); }, '_');
    // Cut names may be equal; numbered_files numbers them then.
    return name.substr(0, kLongest);
}

std::vector<std::string> paths_by_input(const Graph& graph, const std::vector<std::string>& inputs) {
    std::vector<std::string> paths(graph.inputs().size());
    for (const std::string& text : inputs) {
        const Given given = parse_input(graph, text);
        std::size_t place = 0;
        if (given.name.empty()) {
            // Inputs that were given by name before are passed over.
            while (place < paths.size() && !paths[place].empty()) ++place;
        } else {
            while (graph.value(graph.inputs()[place]).name != given.name) ++place;
        }
        if (place == paths.size()) {
            throw ConfigError(
                fmt::format("--input {}: the model has {} inputs: {}", text, paths.size(), input_names(graph)));
        }
        if (!paths[place].empty()) throw ConfigError(fmt::format("--input {}: '{}' is given twice", text, given.name));
        paths[place] = given.path;
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (!paths[i].empty()) continue;
        throw ConfigError(fmt::format("no --input for '{}'; the model's inputs are: {}",
                                      graph.value(graph.inputs()[i]).name, input_names(graph)));
    }
    return paths;
}

std::vector<std::string> numbered_files(const std::vector<std::string>& names) {
    std::set<std::string> taken;
    std::map<std::string, int> last_number;  // by name without a number, so that thousands of equal names take no time
    for (const std::string& name : names) {
        // Names that need no change keep their files; only the others make way.
        if (file_name(name) == name) taken.insert(name);
    }
    std::set<std::string> kept;
    std::vector<std::string> files;
    for (const std::string& own : names) {
        const std::string base = file_name(own);
        std::string name = base;
        const bool is_kept = base == own && kept.insert(own).second;
        while (!is_kept && !taken.insert(name).second) {
            int& number = last_number.try_emplace(base, 1).first->second;
            name = fmt::format("{}.{}", base, ++number);
        }
        files.push_back(name + ".npy");
    }
    return files;
}

std::vector<std::string> output_files(const Graph& graph) {
    std::vector<std::string> names;
    for (const ValueId id : graph.outputs()) names.push_back(graph.value(id).name);
    return numbered_files(names);
}

Tensor read_input(const FileSystem& files, const std::string& path, const Value& input) {
    if (!files.exists(path)) {
        const std::size_t end = path.find('=');
        const std::string hint = end == std::string::npos ? ""
                                                          : " (the model has no input '" + path.substr(0, end) +
                                                                "'; this would be its input '" + input.name + "')";
        throw DataError("--input: no such file: '" + path + "'" + hint);
    }
    const std::uint64_t most = largest_file(input.type.shape);
    // The file and its tensor are in memory at the same time, so the bytes of the file count as well.
    const BudgetedBytes file(process_budget(), std::min(files.size(path), most), path);
    std::vector<std::string> notes;
    Tensor array = from_npy(files.read(path, most), path, &notes);
    for (const std::string& note : notes) log::warning("run", "{}", note);
    return as_input(std::move(array), input, path);
}

}  // namespace halftone::show
