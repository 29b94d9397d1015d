// ImageRecord: TFRecord files in ImageNet's layout. Labels are those of the records: 1 to 1000 in ImageNet's own.

#include "data/record_kinds.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_image_record(const ConfigNode& node) {
    return make_record_dataset("ImageRecord", node, imagenet_records());
}

}  // namespace halftone
