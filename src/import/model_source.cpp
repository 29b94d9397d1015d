// Where a model's bytes come from.
//
//   read_model                                an ONNX file, and the weights beside it
//   read_config_model, read_framework_model   an ONNX file is read; another model is imported
//   chosen_part                               what model.inputs and model.outputs leave of an ONNX file
//
// Importing may run code that stands in the model. So it happens only where the user named a framework, never because a
// file looks like one.
#include "import/model_source.hpp"

#include <cstdint>
#include <utility>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "graph/onnx/external_data.hpp"
#include "graph/onnx/foreign_format.hpp"
#include "import/import_cache.hpp"
#include "import/source.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

// The parser of ONNX has a limit of its own, 2 GiB, and says more about it. This one is only there so that a file which
// is far above it is not read first.
constexpr std::uint64_t kMostModelBytes = std::uint64_t{4} << 30U;

/// An ONNX file stays one whatever the framework says: LPOT's configs name their framework also for converted models.
bool is_onnx_path(const std::string& path, const std::string& word) {
    return framework_of_word(word).empty() || path.ends_with(".onnx");
}

/// The names that LPOT's configs give of a frozen graph's ends: a list, or one text with commas.
std::vector<std::string> config_names(const RunConfig& config, const char* key) {
    const ConfigNode* model = config.effective.find("model");
    const ConfigNode* node = model == nullptr ? nullptr : model->find(key);
    std::vector<std::string> names;
    if (node == nullptr) return names;
    for (const ConfigNode& item : node->items) names.push_back(item.scalar);
    if (node->kind == ConfigNode::Kind::scalar && !node->scalar.empty()) names = split(node->scalar, ',');
    return names;
}

}  // namespace

SharedBytes read_model(const std::string& path, const std::string& from) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ModelError(from + "no such model file: '" + path + "'");
    if (files->is_directory(path)) throw ModelError(from + "'" + path + "' " + foreign_folder(files->list(path)));
    try {
        // Weights beside the file belong to the bytes: the other ranks get them with the rest and need no files.
        return inline_external_data(files->read(path, kMostModelBytes), parent_path(path));
    } catch (ModelError& error) {
        error.add_context(path);
        throw;
    }
}

bool is_imported(const RunConfig& config) { return !is_onnx_path(config.model_path, config.framework); }

SharedBytes read_config_model(const RunConfig& config) {
    const std::string place = config.model_path_mark.to_text() + ": model.path";
    if (!is_imported(config)) return chosen_part(config, read_model(config.model_path, place + ": "));
    ImportOptions options;
    options.source = config.model_path;
    options.framework = framework_of_word(config.framework);
    const ModelEnds ends = config_ends(config);
    options.inputs = ends.inputs;
    options.outputs = ends.outputs;
    options.sizes.shapes = config.input_shapes;
    try {
        return cached_import(*make_posix_file_system(), import_folder(), std::move(options));
    } catch (Error& error) {
        error.add_context(place);
        throw;
    }
}

ModelEnds config_ends(const RunConfig& config) {
    return {.inputs = config_names(config, "inputs"), .outputs = config_names(config, "outputs")};
}

ModelEnds parse_ends(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
    ModelEnds ends;
    for (const auto& [texts, names] : {std::pair{&inputs, &ends.inputs}, std::pair{&outputs, &ends.outputs}}) {
        for (const std::string& text : *texts) {
            for (const std::string& name : split(text, ',')) names->push_back(name);
        }
    }
    return ends;
}

SharedBytes chosen_part(const RunConfig& config, const SharedBytes& bytes) {
    const ModelEnds ends = config_ends(config);
    if (ends.is_empty()) return bytes;
    if (!framework_of_word(config.framework).empty()) {
        const std::vector<std::string> unknown = unknown_ends(bytes, config.model_path, ends);
        if (!unknown.empty()) {
            log::warning("config",
                         "model.inputs and model.outputs name '{}', which {} does not have: all of the model is used",
                         unknown.front(), config.model_path);
            return bytes;
        }
    }
    try {
        return cut_onnx(bytes, config.model_path, ends, {.shapes = config.input_shapes}, reference_ops());
    } catch (Error& error) {
        const ConfigNode* model = config.effective.find("model");
        const ConfigNode* node = model->find(ends.inputs.empty() ? "outputs" : "inputs");
        const std::string place = node->key_mark.to_text();
        // A config that was completed does not know the lines of all of its keys.
        error.add_context((place.empty() ? config.file : place) + ": model.inputs, model.outputs");
        throw;
    }
}

SharedBytes read_framework_model(const std::string& path, const std::string& word, const InputSizes& sizes,
                                 const ModelEnds& ends) {
    if (path.ends_with(".onnx") && !framework_of_word(word).empty())
        log::warning("import", "'{}' is read as an ONNX file, because of its name: the framework {} has no effect",
                     path, word);
    if (is_onnx_path(path, word)) {
        SharedBytes bytes = read_model(path, "");
        return ends.is_empty() ? bytes : cut_onnx(bytes, path, ends, sizes, reference_ops());
    }
    ImportOptions options;
    options.inputs = ends.inputs;
    options.outputs = ends.outputs;
    options.source = path;
    options.framework = framework_of_word(word);
    options.sizes = sizes;
    return cached_import(*make_posix_file_system(), import_folder(), std::move(options));
}

}  // namespace halftone
