#pragma once
// What a path is that a user gives as a model: which framework wrote it, and which files belong to it.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/enum_names.hpp"
#include "base/file_system.hpp"

namespace halftone {

/// The words are those of the converters in scripts/import.
enum class SourceKind : std::uint8_t {
    onnx,
    tf_saved_model,
    tf_graph,
    keras,
    tflite,
    torch_program,
    torch_script,
    mxnet
};

inline constexpr EnumNames<SourceKind, 8> kSourceKindNames{{{{SourceKind::onnx, "onnx"},
                                                             {SourceKind::tf_saved_model, "tf_saved_model"},
                                                             {SourceKind::tf_graph, "tf_graph"},
                                                             {SourceKind::keras, "keras"},
                                                             {SourceKind::tflite, "tflite"},
                                                             {SourceKind::torch_program, "torch_program"},
                                                             {SourceKind::torch_script, "torch_script"},
                                                             {SourceKind::mxnet, "mxnet"}}}};

struct ImportSource {
    SourceKind kind = SourceKind::onnx;
    std::string path;    ///< the file or the folder; of MXNet, the symbol.json
    std::string params;  ///< MXNet's weights; else empty
};

/// Returns what the path is, by the first bytes of the file, the names in the folder, and last by its ending. Of a
/// prefix NAME, MXNet's NAME-symbol.json and its latest NAME-0000.params are meant.
/// @throws ModelError  for what cannot be imported, with what to do instead: pickles, state_dicts, unknown bytes
[[nodiscard]] ImportSource recognize_source(const FileSystem& files, const std::string& path);

/// Returns "tensorflow", "pytorch", "mxnet" or "onnx".
[[nodiscard]] std::string_view framework_of(SourceKind kind);
/// Returns the framework that LPOT's word stands for ("pytorch_fx" is PyTorch); empty for ONNX Runtime's words.
[[nodiscard]] std::string_view framework_of_word(std::string_view word);

/// Returns a hash of all files of the source, with their names.
[[nodiscard]] std::uint64_t hash_of_source(const FileSystem& files, const ImportSource& source);

}  // namespace halftone
