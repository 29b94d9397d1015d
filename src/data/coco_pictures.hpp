#pragma once
// COCO's pictures with their annotations: what COCORaw and COCONpy have in common.

#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "data/dataset.hpp"
#include "data/detection_targets.hpp"
#include "data/formats/coco_json.hpp"

namespace halftone {

/// A picture that has a box at least, and the file that it is read from.
struct AnnotatedPicture {
    CocoImage image;
    std::string path;
};

/// Pictures, and the file that names them.
struct CocoPictures {
    std::string annotation_path;
    std::vector<AnnotatedPicture> pictures;
    std::vector<std::unique_ptr<const BudgetedBytes>> taken;

    /// Returns what content_hash() of a data set returns: of the annotations and of each file's size, begin and end.
    [[nodiscard]] std::uint64_t content_hash() const;
};

/// Reads `root`, `folder_key` (a folder in it, by default val2017), `anno_dir` and `num_cores` of a section, and
/// LPOT's layout of files. Pictures without a box are left out, as in LPOT.
/// @param suffixes  what may stand behind a picture's name: {""}, or {".npy"}; the first file that exists is taken
/// @throws ConfigError, and DataError naming the annotation file and the entry of a picture that is not there
[[nodiscard]] CocoPictures read_coco_pictures(Reader& reader, const std::string& dataset, const char* folder_key,
                                              const std::vector<std::string>& suffixes);

/// Returns the objects of a picture that was read as `size`; boxes are scaled where the file's size is another one.
[[nodiscard]] std::vector<FieldValue> coco_targets(const CocoImage& image, PictureSize size, PictureSize original);

}  // namespace halftone
