#pragma once
// A model that a config or an option names: an ONNX file, or a framework's model that is imported first.

#include <string>
#include <vector>

#include "base/shared_bytes.hpp"
#include "config/run_config.hpp"
#include "graph/input_sizes.hpp"
#include "graph/onnx/cut_model.hpp"

namespace halftone {

/// Returns the bytes of a model file, with the weights that lie in files beside it.
/// @param from  stands in front of a message about a file that is missing: "c.yaml:3:9: model.path: "
/// @throws ModelError when the file is missing, a folder or an ONNX file whose weights cannot be found
[[nodiscard]] SharedBytes read_model(const std::string& path, const std::string& from);

/// Returns whether the config's model is one of a framework, which read_config_model imports.
[[nodiscard]] bool is_imported(const RunConfig& config);

/// Returns the bytes of the config's model. Where model.framework names a framework and the path does not end in .onnx,
/// the model is imported, or taken from the folder of imports if the same one was imported before.
/// @throws ModelError, ConfigError  with the place of model.path
[[nodiscard]] SharedBytes read_config_model(const RunConfig& config);

/// Returns the part of an ONNX file that model.inputs and model.outputs of the config choose; all of it where they
/// choose nothing. Where model.framework is a foreign one, the names may be those of the model before it was converted:
/// then a name that the file does not have is a warning, and all of the file is taken.
/// @throws ConfigError with the place of the names, ModelError
[[nodiscard]] SharedBytes chosen_part(const RunConfig& config, const SharedBytes& bytes);

/// The same for a path and a word that stand for themselves: --framework of inspect and bench. A path that ends in
/// .onnx is an ONNX file whatever the word says; a framework's word is then warned of.
/// @param word  as in model.framework; empty, or a word of ONNX Runtime: the path is an ONNX file
/// @param ends  of the part that is meant
[[nodiscard]] SharedBytes read_framework_model(const std::string& path, const std::string& word,
                                               const InputSizes& sizes, const ModelEnds& ends);

/// Returns the names in texts such as "A,B": the options --inputs and --outputs, which may be given several times.
[[nodiscard]] ModelEnds parse_ends(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs);

/// Returns what model.inputs and model.outputs of a config name.
[[nodiscard]] ModelEnds config_ends(const RunConfig& config);

}  // namespace halftone
