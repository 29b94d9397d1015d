// VOCRecord: TFRecord files as DeepLab's tools make them of Pascal VOC's segmentation task.

#include "data/record_kinds.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_voc_record(const ConfigNode& node) {
    return make_record_dataset("VOCRecord", node, voc_records());
}

}  // namespace halftone
