#pragma once
// What the records of known data sets hold, and how a record becomes a sample. The data sets ImageRecord, COCORecord
// and VOCRecord use these, and so may transforms that decode records of TFRecordDataset.

#include "data/dataset.hpp"
#include "data/formats/tf_example.hpp"

namespace halftone {

struct RecordKind {
    Schema schema;
    /// Fills inputs and targets of a sample from the features of its record.
    /// @throws DataError naming the record and the feature
    void (*fill)(const TfExample& record, Sample& sample) = nullptr;
    /// Fills the targets only, and decodes no picture where the record states its size: for filters, which look at all
    /// records. Null: `fill` does it. @throws DataError as fill
    void (*fill_targets)(const TfExample& record, Sample& sample) = nullptr;
};

/// ImageNet's: input `image` (uint8 [height, width, 3]) from image/encoded, target `label` from image/class/label, as
/// stored there (ImageNet's begin at 1, with 0 for the background).
[[nodiscard]] const RecordKind& imagenet_records();

/// COCO's: input `image` as above, and the targets of detection (detection_targets.hpp). Corners of boxes are in
/// image/object/bbox/{ymin,xmin,ymax,xmax} as shares of the picture's size; classes in image/object/class/label, or as
/// names of COCO's categories in image/object/class/text.
[[nodiscard]] const RecordKind& coco_records();

/// Pascal VOC's for segmentation: input `image`, target `mask` (uint8 [height, width]) from
/// image/segmentation/class/encoded, a grey PNG file or one with a palette, whose pixels are class numbers.
[[nodiscard]] const RecordKind& voc_records();

/// Makes the data set of a section with the key `root` (and LPOT's `num_cores`, which is accepted).
/// @param word  the data set's, for messages
[[nodiscard]] std::unique_ptr<Dataset> make_record_dataset(const std::string& word, const ConfigNode& node,
                                                           const RecordKind& kind);

}  // namespace halftone
