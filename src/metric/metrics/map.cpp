// mAP: LPOT's own mean average precision, by default at one IoU and as the area under the curve.
#include "metric/detection_metric.hpp"

namespace halftone {

std::unique_ptr<Metric> make_map(const ConfigNode& node) {
    return make_detection_metric(node, {.iou_thresholds = "0.5", .points = 0});
}

}  // namespace halftone
