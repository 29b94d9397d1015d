// Runs the graphs that make_graphs.py wrote: by the operators one by one, by the plain loops as a session, by the fast
// kernels, and by ONNX Runtime (its stored results). All must agree by the rule of fuzz/graphs/compare.hpp. Each graph
// runs in a child process, so that a crash is a line like any other. One JSON object per graph on stdout:
//   {"seed": …, "outcome": "agrees" | "differs" | "refused" | "crashed", "detail": …, "explained": …}
// where `explained` counts the elements that differ by more than the plain tolerance, but are explained by the rule.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "exec/run_once.hpp"
#include "fuzz/graphs/compare.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using nlohmann::json;

std::string read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<Tensor> read_tensors(const std::string& folder, const std::string& prefix, std::size_t count) {
    std::vector<Tensor> tensors;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string path = folder + "/" + prefix + std::to_string(i) + ".npy";
        tensors.push_back(from_npy(read_bytes(path), path));
    }
    return tensors;
}

struct Verdict {
    const char* outcome = "agrees";
    std::string detail;
    std::int64_t explained = 0;
};

Verdict judge_graph(const std::string& folder, const json& graph_facts) {
    try {
        const std::string name = folder + "/model.onnx";
        // Not typed: types end where a shape depends on data, and a run on arrays needs none.
        const Graph graph = import_onnx(read_bytes(name), name, reference_ops());
        const std::vector<Tensor> inputs = read_tensors(folder, "in", graph_facts["inputs"]);
        fuzz::Judge judge(graph, inputs);
        const auto compare = [&](const char* who, const std::vector<Tensor>& outputs) {
            const std::string found = judge.difference(outputs);
            return found.empty() ? found : std::string(who) + ": " + found;
        };
        std::string found = compare("ONNX Runtime", read_tensors(folder, "out", graph_facts["outputs"]));
        for (const auto& [who, backend] : {std::pair{"ref", Backend::ref}, std::pair{"fast", Backend::dnnl}}) {
            if (found.empty()) found = compare(who, run_once(graph, inputs, backend));
        }
        return {found.empty() ? "agrees" : "differs", found, judge.explained()};
    } catch (const ModelError& error) {
        return {"refused", error.what()};
    } catch (const std::exception& error) {
        return {"crashed", error.what()};
    }
}

void print_verdict(const json& graph_facts, const Verdict& verdict) {
    const json line{{"seed", graph_facts["seed"]},
                    {"outcome", verdict.outcome},
                    {"detail", verdict.detail},
                    {"explained", verdict.explained}};
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

void judge_in_child(const std::string& folder, const json& graph_facts) {
    const pid_t child = fork();
    if (child == 0) {
        print_verdict(graph_facts, judge_graph(folder, graph_facts));
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) print_verdict(graph_facts, {"crashed", fmt::format("signal {}", WTERMSIG(status))});
}

}  // namespace
}  // namespace halftone

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fprintf(stderr, "usage: random_graphs FOLDER [SEED]\n");
        return 2;
    }
    const std::string folder = argv[1];
    std::ifstream file(folder + "/index.json");
    const nlohmann::json index = nlohmann::json::parse(file);
    for (const auto& graph_facts : index["graphs"]) {
        const std::string seed = std::to_string(graph_facts["seed"].get<std::int64_t>());
        if (argc == 3 && seed != argv[2]) continue;
        halftone::judge_in_child(folder + "/" + seed, graph_facts);
    }
    return 0;
}
