// The command run: a model once, on given arrays.
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/mapped_files.hpp"
#include "base/output_file.hpp"
#include "commands.hpp"
#include "exec/run_once.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "import/model_source.hpp"
#include "kernel/ops/find_op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "setup.hpp"
#include "show/array_files.hpp"
#include "tensor/npy.hpp"

namespace halftone::app {
namespace {

/// The file of each output. One that is there already is replaced, but for the files that this run reads.
std::vector<std::string> output_paths(const Graph& graph, const std::string& folder,
                                      const std::vector<std::string>& read) {
    const bool is_new = !make_posix_file_system()->exists(folder);  // then nothing in it can be lost
    std::vector<std::string> paths;
    for (const std::string& name : show::output_files(graph)) {
        paths.push_back(folder + "/" + name);
        if (!is_new) check_output_file("--output", paths.back(), read);
    }
    return paths;
}

/// The bytes of the file end here, but for weights that the graph has as views of them.
Graph read_graph(const std::string& path) {
    const SharedBytes bytes = read_model(path, "");
    return import_onnx(bytes, path, reference_ops(), bytes.keeper());
}

}  // namespace

int run_run(const RunOptions& options) {
    const auto files = make_posix_file_system();
    const Graph graph = read_graph(options.model);
    // All arrays are read first, so that a missing file is said before anything runs.
    std::vector<Tensor> arrays;
    std::vector<std::string> read = show::paths_by_input(graph, options.inputs);
    for (const std::string& path : read) {
        arrays.push_back(show::read_input(*files, path, graph.value(graph.inputs()[arrays.size()])));
    }
    read.push_back(options.model);
    const std::vector<std::string> paths = output_paths(graph, options.output, read);
    std::vector<Tensor> outputs;
    try {
        outputs = run_once(graph, arrays, options.uses_reference ? Backend::ref : Backend::dnnl);
    } catch (Error& error) {
        error.add_context(options.model);
        throw;
    }
    check_mapped_files();  // the outputs are those of the model that was read
    // Only now: a run that fails leaves no empty folder behind.
    files->create_directories(options.output);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string& name = graph.value(graph.outputs()[i]).name;
        files->write_atomically(paths[i], to_npy(outputs[i].view()));
        fmt::print("{}  {} {}  {}\n", name, to_string(outputs[i].dtype()), outputs[i].shape().to_text(), paths[i]);
    }
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
