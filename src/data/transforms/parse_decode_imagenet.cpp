// ParseDecodeImagenet: the record of a TFRecordDataset as the sample that ImageRecord would yield. Behind ImageRecord
// itself nothing is left to do.

#include "data/record_decoder.hpp"

namespace halftone {

std::unique_ptr<Transform> make_parse_decode_imagenet(const ConfigNode& node, Framework) {
    return make_record_decoder(node, imagenet_records());
}

}  // namespace halftone
