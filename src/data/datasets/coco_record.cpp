// COCORecord: TFRecord files as TensorFlow's object detection tools make them of COCO.

#include "data/record_kinds.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_coco_record(const ConfigNode& node) {
    return make_record_dataset("COCORecord", node, coco_records());
}

}  // namespace halftone
