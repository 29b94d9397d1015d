#pragma once
// Imported models are kept, so that several runs of one model convert it once.

#include <string>

#include "import/import_model.hpp"

namespace halftone {

/// Returns the folder of imported models: $HALFTONE_IMPORT_CACHE, or else halftone/imports in $XDG_CACHE_HOME or in
/// ~/.cache, or else ./halftone_imports. It may not exist. A run's workspace cannot be this place, because it does not
/// exist yet when the model is read.
[[nodiscard]] std::string import_folder();

/// Returns 16 hexadecimal digits for what is converted: the content of the source, the names and shapes that the user
/// gave, and this program's version. The name of a kept conversion begins with them.
/// @throws ModelError  what cannot be imported at all
[[nodiscard]] std::string import_key(const FileSystem& files, const ImportOptions& options);

/// Returns the name, without an ending, under which a conversion is kept: its key, and eight digits for the versions of
/// the packages that convert (FoundPython::versions), so that an upgrade of the framework converts anew.
/// @param versions  empty: MXNet's files, read on a machine without MXNet
[[nodiscard]] std::string kept_name(const std::string& key, const std::string& versions);

/// Returns the bytes of the imported model: from the folder if the same source was imported before by the same
/// versions, else by import_model(), and the folder keeps them then. Where no Python has the framework, the only
/// conversion that the folder has of the source is taken, whatever versions made it: nodes of a cluster may share the
/// folder with the machine that imports. The log of an import is kept beside it. `options.folder` is not read.
/// @throws as import_model()
[[nodiscard]] std::string cached_import(FileSystem& files, const std::string& folder, ImportOptions options);

}  // namespace halftone
