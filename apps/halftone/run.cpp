// The command run: a model once, on given arrays.
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "commands.hpp"
#include "exec/run_once.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/find_op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "setup.hpp"
#include "show/array_files.hpp"
#include "tensor/npy.hpp"

namespace halftone::app {

int run_run(const RunOptions& options) {
    const auto files = make_posix_file_system();
    const Graph graph = import_onnx(read_model(options.model, ""), options.model, reference_ops());
    // All arrays are read first, so that a missing file is said before anything runs.
    std::vector<Tensor> arrays;
    for (const std::string& path : show::paths_by_input(graph, options.inputs)) {
        arrays.push_back(show::read_input(*files, path, graph.value(graph.inputs()[arrays.size()])));
    }
    std::vector<Tensor> outputs;
    try {
        outputs = run_once(graph, arrays, options.uses_reference ? Backend::ref : Backend::dnnl);
    } catch (Error& error) {
        error.add_context(options.model);
        throw;
    }
    // Only now: a run that fails leaves no empty folder behind.
    files->create_directories(options.output);
    const std::vector<std::string> names = show::output_files(graph);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string& name = graph.value(graph.outputs()[i]).name;
        const std::string path = options.output + "/" + names[i];
        files->write_atomically(path, to_npy(outputs[i].view()));
        fmt::print("{}  {} {}  {}\n", name, to_string(outputs[i].dtype()), outputs[i].shape().to_text(), path);
    }
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
