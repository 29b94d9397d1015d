// ParseDecodeVoc: the record of a TFRecordDataset as the sample that VOCRecord would yield. Behind VOCRecord itself
// nothing is left to do.

#include "data/record_decoder.hpp"

namespace halftone {

std::unique_ptr<Transform> make_parse_decode_voc(const ConfigNode& node, Framework) {
    return make_record_decoder(node, voc_records());
}

}  // namespace halftone
