#pragma once
// Imported models are kept, so that several runs of one model convert it once.

#include <string>

#include "import/import_model.hpp"

namespace halftone {

/// Returns the folder of imported models: $HALFTONE_IMPORT_CACHE, or else halftone/imports in $XDG_CACHE_HOME or in
/// ~/.cache, or else ./halftone_imports. It may not exist. A run's workspace cannot be this place, because it does not
/// exist yet when the model is read.
[[nodiscard]] std::string import_folder();

/// Returns the name, without an ending, under which a conversion is kept: 16 hexadecimal digits for the content of the
/// source, the names and shapes that the user gave, and this program's version. Versions of the framework are not in
/// it: who installs another one and wants its conversion removes the file.
/// @throws ModelError  what cannot be imported at all
[[nodiscard]] std::string import_key(const FileSystem& files, const ImportOptions& options);

/// Returns the bytes of the imported model: from the folder if the same source was imported before, else by
/// import_model(), and the folder keeps them then. Its log is kept beside them. `options.folder` is not read.
/// @throws as import_model()
[[nodiscard]] std::string cached_import(FileSystem& files, const std::string& folder, ImportOptions options);

}  // namespace halftone
