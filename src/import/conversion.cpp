// A conversion in the framework's own Python.
//
//   write_request    request.json and the scripts, into the folder
//   run_converter    starts convert.py with a time limit; it limits its own memory before it imports anything
//   refuse_failure   what convert.py says, or how it ended
//   conversion_of    model.onnx, result.json and the arrays
//   FileRemover      removes all files but the log
#include "import/conversion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/budget.hpp"
#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/run_program.hpp"
#include "base/text.hpp"
#include "import/scripts.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using ImportJson = nlohmann::json;

// A conversion takes 5 to 30 seconds, on a busy machine a minute. Large networks take some minutes.
constexpr std::chrono::minutes kConversionLimit{30};
constexpr std::size_t kMostLogBytes = std::size_t{4} << 20U;
constexpr std::uint64_t kMostResultBytes = std::uint64_t{16} << 20U;

/// Returns a member that should be a text; empty where it is not.
std::string text_of_member(const ImportJson& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The scripts are written beside the request: Python finds its modules in the folder of the file that it starts.
void write_request(FileSystem& files, const ConversionRequest& request) {
    const ImportJson json{{"kind", kSourceKindNames.name(request.source.kind)},
                          {"source", request.source.path},
                          {"params", request.source.params},
                          {"folder", request.folder},
                          {"inputs", request.inputs},
                          {"outputs", request.outputs},
                          {"shapes", request.shapes},
                          {"fixed_batch", request.has_fixed_batch},
                          {"memory", process_budget().byte_limit()}};
    files.write_atomically(request.folder + "/request.json",
                           json.dump(2, ' ', false, ImportJson::error_handler_t::replace));
    for (const ImportScript& script : import_scripts()) {
        files.write_atomically(request.folder + "/" + std::string(script.name), script.text);
    }
}

ProgramResult run_converter(FileSystem& files, const ConversionRequest& request) {
    // A fixed hash seed makes the order of Python's sets, and so the names that converters count, the same each time.
    const std::vector<std::string> command{"env",
                                           "PYTHONHASHSEED=0",
                                           "PYTHONDONTWRITEBYTECODE=1",
                                           "TF_CPP_MIN_LOG_LEVEL=2",
                                           "CUDA_VISIBLE_DEVICES=",
                                           "TF_USE_LEGACY_KERAS=0",
                                           request.python,
                                           request.folder + "/convert.py",
                                           request.folder + "/request.json"};
    ProgramResult done = run_program(command, "", kConversionLimit, kMostLogBytes);
    files.write_atomically(request.folder + "/import.log", done.out + done.err);
    return done;
}

/// @param result  of result.json; null where it is not there
[[noreturn]] void refuse_failure(const ConversionRequest& request, const ProgramResult& done,
                                 const ImportJson& result) {
    const std::string log = "\n       the log is " + request.folder + "/import.log";
    if (done.timed_out) {
        throw ModelError(fmt::format("the conversion took more than {} minutes{}", kConversionLimit.count(), log));
    }
    const std::string said = result.is_object() ? text_of_member(result, "error") : "";
    if (!said.empty()) {
        if (text_of_member(result, "kind") == "usage") throw ConfigError(said + log);
        throw ModelError("it cannot be converted: " + said + log);
    }
    const std::string end =
        done.signal != 0 ? fmt::format("signal {}", done.signal) : fmt::format("exit code {}", done.exit_code);
    // Few frameworks say a word when they get no more memory.
    throw ModelError(fmt::format("the conversion ended with {}; it may use at most {} of memory (--memory){}", end,
                                 byte_size_text(process_budget().byte_limit()), log));
}

/// A name that convert.py gives is one of a file in the folder, and not a path to somewhere else.
std::string file_in(const ConversionRequest& request, const std::string& name) {
    const bool is_plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    });
    if (!is_plain) throw ModelError("the converter names a file that is not its own: '" + name + "'");
    return request.folder + "/" + name;
}

/// Reads the arrays that result.json lists under a key.
std::vector<FrameworkArray> arrays_of(const FileSystem& files, const ConversionRequest& request,
                                      const ImportJson& result, const char* key) {
    std::vector<FrameworkArray> arrays;
    for (const ImportJson& entry : result.value(key, ImportJson::array())) {
        const std::string path = file_in(request, text_of_member(entry, "file"));
        arrays.push_back({text_of_member(entry, "name"), from_npy(files.read(path), path)});
    }
    return arrays;
}

/// Reads all that a successful conversion left. @throws ImportJson::exception where result.json has another form
Conversion conversion_of(const FileSystem& files, const ConversionRequest& request, const ImportJson& result) {
    Conversion conversion;
    if (request.source.kind != SourceKind::mxnet) conversion.onnx = files.read(request.folder + "/model.onnx");
    conversion.inputs = arrays_of(files, request, result, "inputs");
    conversion.outputs = arrays_of(files, request, result, "outputs");
    const ImportJson versions = result.value("versions", ImportJson::object());  // items() only refers to it
    for (const auto& [name, version] : versions.items()) {
        if (version.is_string()) conversion.versions[name] = version.get<std::string>();
    }
    const auto tolerance = result.find("tolerance");
    conversion.tolerance = tolerance != result.end() && tolerance->is_number() ? tolerance->get<double>() : 0.0;
    for (const ImportJson& note : result.value("notes", ImportJson::array())) {
        if (note.is_string()) conversion.notes.push_back(note.get<std::string>());
    }
    return conversion;
}

/// Removes what was needed on the way, however the conversion ends. The folder itself stays, with the log.
class FileRemover {
public:
    FileRemover(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}
    FileRemover(const FileRemover&) = delete;
    FileRemover& operator=(const FileRemover&) = delete;
    ~FileRemover() {
        try {
            for (const std::string& name : files_.list(folder_)) {
                const std::string path = folder_ + "/" + name;
                if (name != "import.log" && files_.is_file(path)) files_.remove(path);
            }
        } catch (const IoError&) {  // files that stay behind are no reason to lose the result
            return;
        }
    }

private:
    FileSystem& files_;
    std::string folder_;
};

}  // namespace

Conversion run_conversion(FileSystem& files, const ConversionRequest& request) {
    const FileRemover remover(files, request.folder);
    write_request(files, request);
    const ProgramResult done = run_converter(files, request);
    const std::string result_path = request.folder + "/result.json";
    ImportJson result;
    if (files.exists(result_path)) {
        result = ImportJson::parse(files.read(result_path, kMostResultBytes), nullptr, /*allow_exceptions=*/false);
    }
    if (done.exit_code != 0 || !result.is_object()) refuse_failure(request, done, result);
    try {
        return conversion_of(files, request, result);
    } catch (const ImportJson::exception& error) {
        throw ModelError(std::string("the converter's result.json is damaged: ") + error.what());
    }
}

}  // namespace halftone
