// Where a model's bytes come from.
//
//   read_config_model, read_framework_model   an ONNX file is read; another model is imported
//
// Importing may run code that stands in the model. So it happens only where the user named a framework, never because a
// file looks like one.
#include "model_source.hpp"

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/text.hpp"
#include "import/import_cache.hpp"
#include "import/source.hpp"
#include "setup.hpp"

namespace halftone::app {
namespace {

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

bool is_imported(const RunConfig& config) { return !is_onnx_path(config.model_path, config.framework); }

std::string read_config_model(const RunConfig& config) {
    const std::string place = config.model_path_mark.to_text() + ": model.path";
    if (!is_imported(config)) return read_model(config.model_path, place + ": ");
    ImportOptions options;
    options.source = config.model_path;
    options.framework = framework_of_word(config.framework);
    options.inputs = config_names(config, "inputs");
    options.outputs = config_names(config, "outputs");
    options.sizes.shapes = config.input_shapes;
    try {
        return cached_import(*make_posix_file_system(), import_folder(), std::move(options));
    } catch (Error& error) {
        error.add_context(place);
        throw;
    }
}

std::string read_framework_model(const std::string& path, const std::string& word, const InputSizes& sizes) {
    if (is_onnx_path(path, word)) return read_model(path, "");
    ImportOptions options;
    options.source = path;
    options.framework = framework_of_word(word);
    options.sizes = sizes;
    return cached_import(*make_posix_file_system(), import_folder(), std::move(options));
}

}  // namespace halftone::app
