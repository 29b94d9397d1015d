// Imagenet: LPOT's older name of ImageRecord.

#include "data/record_kinds.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_imagenet(const ConfigNode& node) {
    return make_record_dataset("Imagenet", node, imagenet_records());
}

}  // namespace halftone
