// COCOmAP: COCO's mean average precision, over ten IoUs and at 101 recalls.
#include "metric/detection_metric.hpp"

namespace halftone {

std::unique_ptr<Metric> make_coco_map(const ConfigNode& node) {
    return make_detection_metric(node, {.iou_thresholds = "0.5:0.05:0.95", .points = 101});
}

}  // namespace halftone
