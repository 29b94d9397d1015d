// Recognizes what a model's path is.
//
//   recognize_source   folder, file, or prefix of MXNet's two files
//   zip_kind           .pt2, TorchScript, .keras: all of them are zip archives, told apart by their members' names
//   refuse_stand_in    empty files and pointers of Git LFS
//   mxnet_source       the files that belong together
//   refuse_pickle      the two lines of Python that make a file which can be read
#include "import/source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/path.hpp"
#include "graph/onnx/foreign_format.hpp"
#include "import/mxnet/symbol.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kLookedAt = std::uint64_t{1} << 20U;  // of a file's begin and of its end
constexpr int kMostFolderDepth = 16;
constexpr std::string_view kSymbolEnd = "-symbol.json";

[[noreturn]] void refuse_pickle(const std::string& path) {
    throw ModelError(
        path +
        ": is a Python pickle (a whole module, a state_dict or a checkpoint): it holds no graph, and loading "
        "it would run code that stands in it. In Python, where the model's class is:\n"
        "    program = torch.export.export(model.eval(), (x,), dynamic_shapes=({0: "
        "torch.export.Dim(\"batch\")},))\n"
        "    torch.export.save(program, \"model.pt2\")");
}

/// Returns the begin of a file and, if it is long, its end.
std::string begin_and_end(const FileSystem& files, const std::string& path) {
    const std::uint64_t size = files.size(path);
    std::string bytes = files.read_part(path, 0, std::min(size, kLookedAt));
    if (size > kLookedAt) {
        const std::uint64_t count = std::min(size - kLookedAt, kLookedAt);
        bytes += files.read_part(path, size - count, count);
    }
    return bytes;
}

/// What stands where a model's file should be: nothing, or the pointer that Git LFS leaves.
void refuse_stand_in(const FileSystem& files, const std::string& path) {
    if (files.size(path) == 0) throw ModelError(path + ": the file is empty");
    const std::string what = foreign_format(files.read_part(path, 0, std::min<std::uint64_t>(files.size(path), 128)));
    if (what.find("Git LFS pointer") != std::string::npos) throw ModelError(path + ": " + what);
}

/// Tells zip archives apart by their members' names, which stand in front of each member and again at the end.
SourceKind zip_kind(std::string_view bytes, const std::string& path) {
    const auto has = [&](std::string_view name) { return bytes.find(name) != std::string_view::npos; };
    if (has("model.weights.h5")) return SourceKind::keras;
    // torch 2.5 to 2.7 call the program's file so, later ones models/model.json.
    if (has("serialized_exported_program.json") || has("models/model.json")) return SourceKind::torch_program;
    if (has("constants.pkl") || has("code/__torch__")) return SourceKind::torch_script;
    if (has("data.pkl")) refuse_pickle(path);
    throw ModelError(path + ": is a zip archive, but none of PyTorch or Keras");
}

/// Returns MXNet's files of a prefix: "dir/net" is dir/net-symbol.json with the last of dir/net-0000.params and so on.
ImportSource mxnet_source(const FileSystem& files, const std::string& prefix, const std::string& params) {
    ImportSource source{SourceKind::mxnet, prefix + std::string(kSymbolEnd), params};
    if (!files.exists(source.path)) throw ModelError("no such file: '" + source.path + "', which belongs to " + params);
    if (!params.empty()) return source;  // looked at already
    const std::string parent = parent_path(prefix);
    const std::string stem = prefix.substr(parent.empty() ? 0 : parent.size() + 1) + "-";
    for (const std::string& name : files.list(parent.empty() ? "." : parent)) {
        // Names are sorted, so the last one is that of the latest epoch.
        if (name.starts_with(stem) && name.ends_with(".params")) source.params = joined_path(parent, name);
    }
    if (!source.params.empty()) {
        refuse_stand_in(files, source.params);
        return source;
    }
    throw ModelError(fmt::format("{}: no {}-0000.params beside it, which holds the weights", source.path, prefix));
}

/// "dir/net-0012.params" is of the prefix "dir/net".
std::string prefix_of_params(const std::string& path) {
    const std::size_t dash = path.rfind('-');
    if (dash != std::string::npos) return path.substr(0, dash);
    throw ModelError(path + ": a .params file is called NAME-0000.params, and NAME-symbol.json stands beside it");
}

/// A SavedModel is a folder; a folder with an MXNet model in it is accepted, too, as LPOT's scripts pass one.
ImportSource folder_source(const FileSystem& files, const std::string& path) {
    for (const std::string& name : files.list(path)) {
        if (name == "saved_model.pb") {
            refuse_stand_in(files, joined_path(path, name));
            return {SourceKind::tf_saved_model, path, ""};
        }
        if (name.ends_with(kSymbolEnd)) {
            const std::string symbol = joined_path(path, name);
            return mxnet_source(files, symbol.substr(0, symbol.size() - kSymbolEnd.size()), "");
        }
    }
    throw ModelError(path + ": is a folder, but neither a SavedModel of TensorFlow nor one with an MXNet model");
}

/// Marks in the file come before its ending, because files are often renamed.
ImportSource file_source(const FileSystem& files, const std::string& path) {
    const std::string bytes = begin_and_end(files, path);
    refuse_stand_in(files, path);
    if (path.ends_with(".params")) return mxnet_source(files, prefix_of_params(path), path);
    if (path.ends_with(kSymbolEnd)) return mxnet_source(files, path.substr(0, path.size() - kSymbolEnd.size()), "");
    if (bytes.starts_with("PK\x03\x04")) return {zip_kind(bytes, path), path, ""};
    if (std::string_view(bytes).substr(std::min<std::size_t>(bytes.size(), 4)).starts_with("TFL3")) {
        return {SourceKind::tflite, path, ""};
    }
    if (bytes.starts_with("\x89HDF\r\n\x1a\n")) return {SourceKind::keras, path, ""};
    if (bytes.starts_with("\x80\x02") || bytes.starts_with("\x80\x04") || bytes.starts_with("\x80\x03"))
        refuse_pickle(path);
    if (is_mxnet_symbol(bytes)) throw ModelError(path + ": is MXNet's; it must be called NAME-symbol.json");
    if (path.ends_with("saved_model.pb")) {
        const std::string folder = parent_path(path);
        return {SourceKind::tf_saved_model, folder.empty() ? "." : folder, ""};
    }
    // Both are protobuf messages, which carry no mark of their own: here the ending decides.
    if (path.ends_with(".onnx")) return {SourceKind::onnx, path, ""};
    if (path.ends_with(".pb")) return {SourceKind::tf_graph, path, ""};
    throw ModelError(
        path +
        ": is no model of a format that is known here: SavedModel folder, .pb, .keras, .h5, .tflite, .pt2, "
        "TorchScript .pt, NAME-symbol.json with NAME-0000.params, .onnx");
}

/// Adds the names and contents of a folder, in the order of names, which does not depend on the file system.
void hash_path(const FileSystem& files, const std::string& path, const std::string& name, int depth, Hasher& hasher) {
    if (depth > kMostFolderDepth) throw ModelError(path + ": folders in it are too deep");
    hasher.add(name);
    if (!files.is_directory(path)) {
        hasher.add(files.read(path));
        return;
    }
    for (const std::string& entry : files.list(path))
        hash_path(files, joined_path(path, entry), entry, depth + 1, hasher);
}

}  // namespace

ImportSource recognize_source(const FileSystem& files, const std::string& path) {
    if (files.exists(path)) return files.is_directory(path) ? folder_source(files, path) : file_source(files, path);
    if (files.exists(path + std::string(kSymbolEnd))) return mxnet_source(files, path, "");
    throw ModelError("no such model: '" + path + "'");
}

std::string_view framework_of(SourceKind kind) {
    switch (kind) {
        case SourceKind::onnx:
            return "onnx";
        case SourceKind::tf_saved_model:
        case SourceKind::tf_graph:
        case SourceKind::keras:
        case SourceKind::tflite:
            return "tensorflow";
        case SourceKind::torch_program:
        case SourceKind::torch_script:
            return "pytorch";
        case SourceKind::mxnet:
            return "mxnet";
    }
    return "";
}

std::string_view framework_of_word(std::string_view word) {
    for (const std::string_view framework : {"tensorflow", "pytorch", "mxnet"}) {
        if (word.starts_with(framework)) return framework;
    }
    return "";
}

std::uint64_t hash_of_source(const FileSystem& files, const ImportSource& source) {
    Hasher hasher;
    // Names within a folder belong to the model, the name of the folder does not.
    hash_path(files, source.path, "", 0, hasher);
    if (!source.params.empty()) hash_path(files, source.params, "", 0, hasher);
    return hasher.digest();
}

}  // namespace halftone
