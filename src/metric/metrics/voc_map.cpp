// VOCmAP: Pascal VOC's mean average precision, at IoU 0.5 and as the area under the curve.
#include "metric/detection_metric.hpp"

namespace halftone {

std::unique_ptr<Metric> make_voc_map(const ConfigNode& node) {
    return make_detection_metric(node, {.iou_thresholds = "0.5", .points = 0});
}

}  // namespace halftone
