// Runs the cases that make_cases.py wrote: each twice, by the reference operators node by node and by the executor, in
// a child process, so that a crash in one is a line like any other. One JSON object per case on stdout:
//   {"case": …, "op": …, "opset": …, "outcome": "passed" | "refused" | "wrong" | "crashed", "detail": …}

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "exec/interpreter.hpp"
#include "exec/run_once.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/find_op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/npy.hpp"

namespace halftone {
namespace {

using nlohmann::json;

std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<Tensor> read_arrays(const std::string& folder, const std::string& prefix, std::size_t count) {
    std::vector<Tensor> arrays;
    for (std::size_t i = 0; i < count; ++i) {
        arrays.push_back(test::read_npy(folder + "/" + prefix + std::to_string(i) + ".npy"));
    }
    return arrays;
}

template <class T>
std::string difference(const Tensor& have, const Tensor& want, double relative, double absolute) {
    for (std::size_t i = 0; i < want.as<T>().size(); ++i) {
        const auto a = static_cast<double>(have.as<T>()[i]);
        const auto b = static_cast<double>(want.as<T>()[i]);
        if (a == b || (std::isnan(a) && std::isnan(b))) continue;
        if (std::abs(a - b) <= absolute + relative * std::abs(b)) continue;
        return fmt::format("element {} is {}, not {}", i, a, b);
    }
    return {};
}

/// Empty when `have` is `want`: type and shape exactly, integers exactly, reals within the case's tolerance.
std::string difference(const Tensor& have, const Tensor& want, const json& test) {
    if (have.type() != want.type()) {
        return fmt::format("{} {}, not {} {}", to_string(have.dtype()), have.shape().to_text(), to_string(want.dtype()),
                           want.shape().to_text());
    }
    if (want.dtype() == DType::f32) return difference<float>(have, want, test["rtol"], test["atol"]);
    if (want.dtype() == DType::f64) return difference<double>(have, want, test["rtol"], test["atol"]);
    const bool is_equal = std::equal(have.view().data, have.view().data + have.bytes(), want.view().data);
    return is_equal ? "" : "other integers";
}

std::string difference(const std::vector<Tensor>& have, const std::vector<Tensor>& want, const json& test) {
    if (have.size() != want.size()) return fmt::format("{} outputs, not {}", have.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
        const std::string found = difference(have[i], want[i], test);
        if (!found.empty()) return fmt::format("output {}: {}", i, found);
    }
    return {};
}

struct Outcome {
    const char* word;
    std::string detail;
};

Outcome outcome_of(const std::string& folder, const json& test) {
    try {
        const std::string name = test["name"];
        const Graph graph = import_onnx(read_text(folder + "/model.onnx"), name, reference_ops());
        if (test["inputs"].is_null()) return {"wrong", "was imported, but its values are none that Halftone has"};
        const std::vector<Tensor> inputs = read_arrays(folder, "in", test["inputs"]);
        const std::vector<Tensor> want = read_arrays(folder, "out", test["outputs"]);
        const std::string found = difference(run_once(graph, inputs, Backend::dnnl), want, test);
        if (!found.empty()) return {"wrong", "executor: " + found};
        if (test["op"] != "light") {
            const std::string plain = difference(interpret(graph, reference_ops(), inputs), want, test);
            if (!plain.empty()) return {"wrong", "reference: " + plain};
        }
        return {"passed", ""};
    } catch (const ModelError& error) {
        return {"refused", error.what()};
    } catch (const std::exception& error) {
        return {"crashed", error.what()};
    }
}

void print(const json& test, const Outcome& outcome) {
    const json line{{"case", test["name"]},
                    {"op", test["op"]},
                    {"opset", test["opset"]},
                    {"outcome", outcome.word},
                    {"detail", outcome.detail}};
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

void run_in_child(const std::string& folder, const json& test) {
    const pid_t child = fork();
    if (child == 0) {
        print(test, outcome_of(folder, test));
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) print(test, {"crashed", fmt::format("signal {}", WTERMSIG(status))});
}

}  // namespace
}  // namespace halftone

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: conformance FOLDER [PART_OF_A_NAME]\n");
        return 2;
    }
    const std::string folder = argv[1];
    std::ifstream file(folder + "/index.json");
    const nlohmann::json index = nlohmann::json::parse(file);
    for (const auto& test : index["cases"]) {
        const std::string name = test["name"];
        if (argc > 2 && name.find(argv[2]) == std::string::npos) continue;
        halftone::run_in_child(folder + "/" + name, test);
    }
    return 0;
}
