#pragma once
// Average precision of a detector as the COCO API (pycocotools.cocoeval) defines it. It has two halves: each picture's
// detections are matched with its objects, which workers do, and the matches of all pictures become one number, which
// rank 0 does. Both halves follow the reference operation by operation, in double, so that results are equal.

#include <cstdint>
#include <span>
#include <vector>

#include "metric/boxes.hpp"

namespace halftone {

/// What is judged, and over which objects.
struct CocoSettings {
    /// A detection finds an object whose IoU with it reaches the threshold. The result is the mean over these.
    std::vector<double> iou_thresholds;
    /// How a precision-recall curve becomes a number: the mean of the precision at so many recalls from 0 to 1; 0: the
    /// area under the curve.
    std::int64_t points = 101;
    bool is_recall = false;  ///< the largest recall that is reached, in place of a precision
    /// Objects whose area lies outside are not looked for; detections of such a size that find nothing do not count.
    double least_area = 0;
    double most_area = 1e10;
    std::int64_t most_detections = 100;  ///< of one category in one picture; the best ones
};

/// Bits of one detection, one for each threshold, so there are at most as many thresholds.
inline constexpr std::size_t kMostIouThresholds = 64;

/// An object that a person marked.
struct CocoObject {
    Box box;
    std::int64_t category = 0;
    bool is_crowd = false;  ///< a group: it may be found any number of times, and does not have to be
    double area = 0;        ///< of the object, not of its box
};

struct CocoDetection {
    Box box;
    std::int64_t category = 0;
    double score = 0;  ///< no NaN
};

/// What became of a detection. Bit t belongs to threshold t.
struct CocoMatch {
    std::int64_t category = 0;
    double score = 0;
    std::uint64_t found = 0;    ///< it found an object
    std::uint64_t ignored = 0;  ///< it counts neither as right nor as wrong
};

struct CocoPicture {
    std::vector<CocoMatch> matches;  ///< by category, each category's by score, the best first
    /// Objects to be found: category and number, by category.
    std::vector<std::int64_t> categories;
    std::vector<std::int64_t> objects;
};

/// Matches the detections of one picture with its objects (COCOeval.evaluateImg).
[[nodiscard]] CocoPicture match_picture(std::span<const CocoObject> objects, std::span<const CocoDetection> detections,
                                        const CocoSettings& settings);

/// All pictures' matches, ranked once for any number of values.
class CocoRanking {
public:
    /// @param pictures  in the order of their COCO ids: of equal scores the earlier picture's comes first
    CocoRanking(std::span<const CocoPicture> pictures, const CocoSettings& settings);

    /// Returns the mean over categories and thresholds (COCOeval.accumulate and summarize); NaN if no picture has an
    /// object to be found, which COCO writes as -1.
    /// @param times  how often each picture counts; empty: once
    [[nodiscard]] double value(std::span<const std::int64_t> times = {}) const;

private:
    struct Ranked {
        CocoMatch match;
        std::size_t picture = 0;
    };
    struct Objects {
        std::int64_t count = 0;
        std::size_t picture = 0;
    };
    /// All pictures' part of one category.
    struct Category {
        std::vector<Ranked> matches{};  ///< the best score first
        std::vector<Objects> objects{};
    };

    CocoSettings settings_;
    std::vector<Category> categories_;
};

}  // namespace halftone
