// ParseDecodeCoco: the record of a TFRecordDataset as the sample that COCORecord would yield. Behind COCORecord itself
// nothing is left to do.

#include "data/record_decoder.hpp"

namespace halftone {

std::unique_ptr<Transform> make_parse_decode_coco(const ConfigNode& node, Framework) {
    return make_record_decoder(node, coco_records());
}

}  // namespace halftone
