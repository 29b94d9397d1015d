#include "import/import_cache.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "import/python.hpp"
#include "import/source.hpp"

namespace halftone {
namespace {

/// Returns the names, without an ending, of all conversions in the folder that have the key, sorted.
std::vector<std::string> kept_under(const FileSystem& files, const std::string& folder, const std::string& key) {
    std::vector<std::string> names;
    if (!files.is_directory(folder)) return names;
    for (const std::string& name : files.list(folder)) {
        if (name.starts_with(key + "-") && name.ends_with(".onnx")) names.push_back(name.substr(0, name.size() - 5));
    }
    return names;
}

/// Returns the name under which the conversion of the source is sought, and kept if it is not there yet.
std::string name_in_cache(const FileSystem& files, const std::string& folder, const ImportOptions& options) {
    const std::string key = import_key(files, options);
    const SourceKind kind = recognize_source(files, options.source).kind;
    if (kind == SourceKind::onnx) return key;  // import_model refuses it
    try {
        return kept_name(key, find_python(kind, options.python).versions);
    } catch (const ConfigError&) {
        const std::vector<std::string> kept = kept_under(files, folder, key);
        if (kept.size() == 1 && options.python.empty()) return kept.front();
        // Every other kind cannot be imported without its framework: import_model says what is missing.
        return kept_name(key, "");
    }
}

}  // namespace

std::string import_folder() {
    if (const auto folder = environment("HALFTONE_IMPORT_CACHE")) return *folder;
    if (const auto cache = environment("XDG_CACHE_HOME"); cache && !cache->empty()) return *cache + "/halftone/imports";
    if (const auto home = environment("HOME"); home && !home->empty()) return *home + "/.cache/halftone/imports";
    return "./halftone_imports";
}

std::string import_key(const FileSystem& files, const ImportOptions& options) {
    Hasher hasher;
    hasher.add(std::string_view(HALFTONE_VERSION));
    hasher.add(hash_of_source(files, recognize_source(files, options.source)));
    for (const auto* names : {&options.inputs, &options.outputs}) {
        hasher.add(names->size());  // so that a name cannot move from one list to the other unseen
        for (const std::string& name : *names) hasher.add(name);
    }
    for (const auto& [name, dims] : options.sizes.shapes) {
        hasher.add(name);
        for (const std::int64_t dim : dims) hasher.add(dim);
    }
    return hex16(hasher.digest());
}

std::string kept_name(const std::string& key, const std::string& versions) {
    Hasher hasher;
    hasher.add(std::string_view(versions));
    return key + "-" + hex16(hasher.digest()).substr(0, 8);
}

std::string cached_import(FileSystem& files, const std::string& folder, ImportOptions options) {
    const std::string path = folder + "/" + name_in_cache(files, folder, options);
    if (files.exists(path + ".onnx")) {
        log::info("import", "{}: was imported before, as {}.onnx", options.source, path);
        return files.read(path + ".onnx");
    }
    log::info("import", "{}: importing; the log is in {}.import", options.source, path);
    options.folder = path + ".import";
    files.create_directories(folder);
    const ImportedModel model = import_model(files, options);
    // Written last and at once: a conversion that is killed leaves nothing that looks like a model.
    files.write_atomically(path + ".onnx", model.onnx);
    for (const std::string& note : model.notes) log::warning("import", "{}: {}", options.source, note);
    log::info("import", "{}: imported by {}, kept as {}.onnx", options.source, model.versions, path);
    return model.onnx;
}

}  // namespace halftone
