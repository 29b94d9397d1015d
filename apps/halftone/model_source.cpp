// Where a model's bytes come from.
//
//   read_config_model, read_framework_model   an ONNX file is read; another model is imported
//   imported                                  from the folder of imports, or by import_model, which then fills it
//   import_folder                             $HALFTONE_IMPORT_CACHE, or ~/.cache/halftone/imports
//
// Importing may run code that stands in the model. So it happens only where the user named a framework, never because a
// file looks like one.
#include "model_source.hpp"

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "import/import_model.hpp"
#include "import/source.hpp"
#include "setup.hpp"

namespace halftone::app {
namespace {

/// Where imported files are kept. A run's own workspace does not exist yet when its model is read, and several runs of
/// one model should convert it once.
std::string import_folder() {
    if (const auto folder = environment("HALFTONE_IMPORT_CACHE")) return *folder;
    if (const auto cache = environment("XDG_CACHE_HOME"); cache && !cache->empty()) return *cache + "/halftone/imports";
    if (const auto home = environment("HOME"); home && !home->empty()) return *home + "/.cache/halftone/imports";
    return "./halftone_imports";
}

/// A number for everything that decides the imported file but for the versions of the framework: who installs another
/// one and wants its conversion removes the file.
std::string import_key(const FileSystem& files, const ImportOptions& options) {
    Hasher hasher;
    hasher.add(std::string_view(HALFTONE_VERSION));
    hasher.add(hash_of_source(files, recognize_source(files, options.source)));
    for (const auto* names : {&options.inputs, &options.outputs}) {
        hasher.add(names->size());
        for (const std::string& name : *names) hasher.add(name);
    }
    for (const auto& [name, dims] : options.sizes.shapes) {
        hasher.add(name);
        for (const std::int64_t dim : dims) hasher.add(dim);
    }
    return hex16(hasher.digest());
}

/// Returns the imported model's bytes, and keeps them for the next time.
std::string imported(ImportOptions options) {
    const auto files = make_posix_file_system();
    const std::string path = import_folder() + "/" + import_key(*files, options);
    if (files->exists(path + ".onnx")) {
        log::info("import", "{}: was imported before, as {}.onnx", options.source, path);
        return files->read(path + ".onnx");
    }
    log::info("import", "{}: importing; the log is in {}.import", options.source, path);
    options.folder = path + ".import";
    files->create_directories(import_folder());
    const ImportedModel model = import_model(*files, options);
    files->write_atomically(path + ".onnx", model.onnx);
    for (const std::string& note : model.notes) log::warning("import", "{}: {}", options.source, note);
    log::info("import", "{}: imported by {}, kept as {}.onnx", options.source, model.versions, path);
    return model.onnx;
}

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
        return imported(std::move(options));
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
    return imported(std::move(options));
}

}  // namespace halftone::app
