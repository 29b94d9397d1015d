// The command run: a model once, on given arrays.
//
//   parse_input, paths_by_input   --input [NAME=]X.npy to one path for each input: by name, else in graph order
//   largest_file                  how long an input's file may be
//   read_array                    an input's array, in the input's type
//   output_files                  each output's file in the output folder, no two the same
//   run_run                       reads the arrays, runs, writes one .npy for each output in ONNX's type and shape
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/saturate.hpp"
#include "commands.hpp"
#include "data/convert.hpp"
#include "exec/run_once.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/find_op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "setup.hpp"
#include "tensor/npy.hpp"

namespace halftone::app {
namespace {

/// --input [NAME=]X.npy: a name only if the model has an input of that name, since a path may hold '=' too.
struct Given {
    std::string name;  ///< empty: the next input in graph order
    std::string path;
};

Given parse_input(const Graph& graph, const std::string& text) {
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

/// The path of each input's array, in graph order. Every input must be given exactly once, because a silent default
/// would hide a misspelt name. @throws ConfigError
std::vector<std::string> paths_by_input(const Graph& graph, const std::vector<std::string>& inputs) {
    std::vector<std::string> paths(graph.inputs().size());
    for (const std::string& text : inputs) {
        const Given given = parse_input(graph, text);
        std::size_t place = 0;
        if (given.name.empty()) {
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

/// An input's file holds its values and a header. A file that is far too long is refused before it is read; within the
/// limit, from_npy and run_once say more exactly what is wrong: 8 bytes is the widest element type.
std::uint64_t largest_file(const Shape& shape) {
    constexpr std::int64_t kHeaderAndSlack = std::int64_t{64} << 20U;
    if (!shape.is_static()) return FileSystem::kMostFileBytes;  // any batch
    std::int64_t bytes = 8;
    for (const std::int64_t dim : shape.dims()) bytes = saturating_product(bytes, dim);
    return std::min(FileSystem::kMostFileBytes, static_cast<std::uint64_t>(saturating_sum(bytes, kHeaderAndSlack)));
}

/// A value's name as a file name: names of ONNX values often hold '/' and ':', and may be longer than a file's.
std::string file_name(std::string name) {
    constexpr std::size_t kLongest = 200;  // file systems allow 255 bytes

    const auto is_kept = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    };
    std::replace_if(
        name.begin(), name.end(), [&](char c) { return !is_kept(c); }, '_');
    return name.substr(0, kLongest);
}

/// The file of each output, in graph order. Names that become equal ("a/b" and "a:b" are both "a_b") get a number
/// behind them, in graph order: a_b.npy and a_b.2.npy. A name that is a file name already keeps it.
std::vector<std::string> output_files(const Graph& graph) {
    std::vector<std::string> names;
    std::set<std::string> taken;
    std::map<std::string, int> last_number;  // by name without a number, so that thousands of equal names take no time
    const auto& outputs = graph.outputs();
    for (const ValueId id : outputs) {
        const std::string& name = graph.value(id).name;
        if (file_name(name) == name) taken.insert(name);
    }
    for (const ValueId id : outputs) {
        const std::string& own = graph.value(id).name;
        std::string name = file_name(own);
        const std::string base = name;
        while (name != own && !taken.insert(name).second) {
            int& number = last_number.try_emplace(base, 1).first->second;
            name = fmt::format("{}.{}", base, ++number);
        }
        names.push_back(name + ".npy");
    }
    return names;
}

/// Returns the array in the type of its input. float64 and float16 arrays are the usual ones that differ. What cannot
/// be converted stays as it is, and run_once refuses it with both types.
Tensor as_input(Tensor array, const Value& input, const std::string& path) {
    const DType wanted = input.type.dtype;
    if (array.dtype() == wanted || !can_feed(array.dtype(), wanted)) return array;
    Tensor fitted({wanted, array.shape()});
    try {
        feed_values(array.view(), fitted.mutable_view());
    } catch (DataError& error) {
        error.add_context(path);
        throw;
    }
    log::warning("run", "{}: {} values were converted to {}, the type of the input '{}'", path,
                 to_string(array.dtype()), to_string(wanted), input.name);
    return fitted;
}

/// Reads the array of one input. A file that is far too long for it is refused before it is read.
Tensor read_array(const FileSystem& files, const std::string& path, const Value& input) {
    if (!files.exists(path)) throw DataError("--input: no such file: '" + path + "'");
    const std::uint64_t most = largest_file(input.type.shape);
    const BudgetedBytes file(process_budget(), std::min(files.size(path), most), path);
    std::vector<std::string> notes;
    Tensor array = from_npy(files.read(path, most), path, &notes);
    for (const std::string& note : notes) log::warning("run", "{}", note);
    return as_input(std::move(array), input, path);
}

}  // namespace

int run_run(const RunOptions& options) {
    const auto files = make_posix_file_system();
    const Graph graph = import_onnx(read_model(options.model, ""), options.model, reference_ops());
    // All arrays are read first, so that a missing file is said before anything runs.
    std::vector<Tensor> arrays;
    for (const std::string& path : paths_by_input(graph, options.inputs)) {
        arrays.push_back(read_array(*files, path, graph.value(graph.inputs()[arrays.size()])));
    }
    std::vector<Tensor> outputs;
    try {
        outputs = run_once(graph, arrays, options.uses_reference ? Backend::ref : Backend::dnnl);
    } catch (Error& error) {
        error.add_context(options.model);
        throw;
    }
    files->create_directories(options.output);
    const std::vector<std::string> names = output_files(graph);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string& name = graph.value(graph.outputs()[i]).name;
        const std::string path = options.output + "/" + names[i];
        files->write_atomically(path, to_npy(outputs[i].view()));
        fmt::print("{}  {} {}  {}\n", name, to_string(outputs[i].dtype()), outputs[i].shape().to_text(), path);
    }
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
