// COCO's average precision.
//
//   match_picture      for each category: match_category at every threshold
//   CocoRanking        for each category: all pictures' matches by score, then a curve for each threshold
//   curve_value        the curve's recall, its mean precision at fixed recalls, or its area
//
// Where several orders would do, the order is the reference's: stable sorts, and the last of equally good objects wins.
// Sources: pycocotools 2.0.11, cocoeval.py and maskApi.c; the area under the curve is that of LPOT's mAP, which is
// Pascal VOC's since 2010.
#include "metric/coco.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace halftone {
namespace {

/// COCO's own guards: an IoU that must be reached stays below 1, and precision is never divided by 0.
constexpr double kMostIou = 1 - 1e-10;
constexpr double kSpacingOfOne = std::numeric_limits<double>::epsilon();

/// One category of one picture.
struct CategoryPair {
    std::vector<const CocoObject*> objects;
    std::vector<const CocoDetection*> detections;
};

/// IoU of a detection with an object. Of a crowd any part may be found, so the detection's own area is the union.
double coco_overlap(const CocoDetection& detection, const CocoObject& object) {
    const double both = intersection(detection.box, object.box);
    if (!(both > 0)) return 0;
    const double area = detection.box.area();
    return both / (object.is_crowd ? area : area + object.box.area() - both);
}

/// What is to be found in a picture, and how far each detection covers it.
struct Candidates {
    std::vector<const CocoObject*> objects;  ///< those to be found first, then those that are ignored
    std::size_t wanted = 0;                  ///< so many of them are to be found
    std::vector<double> overlaps{};          ///< [detection][object]
};

/// The object that a detection finds, or -1. Of equally good ones the last, but never an ignored one where there is one
/// to be found.
std::ptrdiff_t best_object(const Candidates& candidates, const double* overlaps, double threshold,
                           const std::vector<bool>& is_taken) {
    double reached = std::min(threshold, kMostIou);
    std::ptrdiff_t best = -1;
    for (std::size_t g = 0; g < candidates.objects.size(); ++g) {
        // An object is found once; a crowd takes in any number of detections.
        if (is_taken[g] && !candidates.objects[g]->is_crowd) continue;
        // Objects to be found stand in front, so the first ignored one ends the search once one of them is reached.
        const bool has_wanted = best >= 0 && std::cmp_less(best, candidates.wanted);
        if (has_wanted && g >= candidates.wanted) break;
        if (overlaps[g] < reached) continue;
        reached = overlaps[g];
        best = static_cast<std::ptrdiff_t>(g);
    }
    return best;
}

Candidates candidates_of(const CategoryPair& pair, const CocoSettings& settings) {
    Candidates candidates{.objects = pair.objects};
    const auto is_wanted = [&](const CocoObject* object) {
        return !object->is_crowd && object->area >= settings.least_area && object->area <= settings.most_area;
    };
    const auto end = std::stable_partition(candidates.objects.begin(), candidates.objects.end(), is_wanted);
    candidates.wanted = static_cast<std::size_t>(end - candidates.objects.begin());
    for (const CocoDetection* detection : pair.detections) {
        for (const CocoObject* object : candidates.objects) {
            candidates.overlaps.push_back(coco_overlap(*detection, *object));
        }
    }
    return candidates;
}

/// Adds the matches of one category to the picture.
void match_category(std::int64_t category, CategoryPair pair, const CocoSettings& settings, CocoPicture& picture) {
    std::stable_sort(pair.detections.begin(), pair.detections.end(),
                     [](const CocoDetection* a, const CocoDetection* b) { return a->score > b->score; });
    if (std::cmp_greater(pair.detections.size(), settings.most_detections)) {
        pair.detections.resize(static_cast<std::size_t>(settings.most_detections));
    }
    const Candidates candidates = candidates_of(pair, settings);
    const std::size_t count = candidates.objects.size();
    // Only what is to be found makes a category count; its detections are kept all the same, because other pictures may
    // hold such objects, and then these are wrong.
    if (candidates.wanted > 0) {
        picture.categories.push_back(category);
        picture.objects.push_back(static_cast<std::int64_t>(candidates.wanted));
    }
    const std::size_t first = picture.matches.size();
    for (const CocoDetection* detection : pair.detections) {
        picture.matches.push_back({.category = category, .score = detection->score});
    }
    // Each threshold is a matching of its own: a detection that misses 0.95 leaves its object to the next one.
    for (std::size_t t = 0; t < settings.iou_thresholds.size(); ++t) {
        const std::uint64_t bit = std::uint64_t{1} << t;
        std::vector<bool> is_taken(count);
        for (std::size_t d = 0; d < pair.detections.size(); ++d) {
            CocoMatch& match = picture.matches[first + d];
            const double* overlaps = candidates.overlaps.data() + d * count;
            const std::ptrdiff_t best = best_object(candidates, overlaps, settings.iou_thresholds[t], is_taken);
            if (best >= 0) {
                is_taken[static_cast<std::size_t>(best)] = true;
                match.found |= bit;
                if (std::cmp_greater_equal(best, candidates.wanted)) match.ignored |= bit;
                continue;
            }
            // What finds nothing is wrong, unless it is of a size that is not looked for.
            const double area = pair.detections[d]->box.area();
            if (area < settings.least_area || area > settings.most_area) match.ignored |= bit;
        }
    }
}

/// A precision-recall curve: a point for each detection that counts, the best score first.
struct Curve {
    std::vector<double> recall;
    std::vector<double> precision;
};

/// One detection among all pictures', as often as its picture counts.
struct CountedMatch {
    const CocoMatch* match = nullptr;
    double times = 1;
};

Curve curve_at(const std::vector<CountedMatch>& ranked, double objects, std::uint64_t bit) {
    Curve curve;
    double right = 0;
    double wrong = 0;
    for (const auto& [match, times] : ranked) {
        // The reference keeps a point for these, too, which repeats the one before and so changes neither curve nor
        // area.
        if ((match->ignored & bit) != 0) continue;
        ((match->found & bit) != 0 ? right : wrong) += times;
        curve.recall.push_back(right / objects);
        curve.precision.push_back(right / (wrong + right + kSpacingOfOne));
    }
    // Precision at a recall is the best that is reached at this recall or a higher one.
    for (std::size_t i = curve.precision.size(); i-- > 1;) {
        curve.precision[i - 1] = std::max(curve.precision[i - 1], curve.precision[i]);
    }
    return curve;
}

/// The area under the steps of the curve.
double area_under(const Curve& curve) {
    double area = 0;
    double before = 0;
    // Where recall stays, a detection was wrong, and the step has no width.
    for (std::size_t i = 0; i < curve.recall.size(); ++i) {
        area += (curve.recall[i] - before) * curve.precision[i];
        before = curve.recall[i];
    }
    return area;
}

/// The mean of the precision at `points` recalls from 0 to 1; 0 counts where a recall is not reached.
double mean_precision(const Curve& curve, std::int64_t points) {
    double sum = 0;
    for (std::int64_t i = 0; i < points; ++i) {
        // As numpy.linspace: multiples of the rounded step, and exactly 1 at the end.
        const double step = 1.0 / static_cast<double>(points - 1);
        const double recall = i + 1 == points ? 1.0 : static_cast<double>(i) * step;
        const auto reached = std::lower_bound(curve.recall.begin(), curve.recall.end(), recall);
        if (reached == curve.recall.end()) break;
        sum += curve.precision[static_cast<std::size_t>(reached - curve.recall.begin())];
    }
    return sum / static_cast<double>(points);
}

double curve_value(const Curve& curve, const CocoSettings& settings) {
    if (settings.is_recall) return curve.recall.empty() ? 0 : curve.recall.back();
    return settings.points == 0 ? area_under(curve) : mean_precision(curve, settings.points);
}

}  // namespace

CocoPicture match_picture(std::span<const CocoObject> objects, std::span<const CocoDetection> detections,
                          const CocoSettings& settings) {
    std::map<std::int64_t, CategoryPair> categories;
    for (const CocoObject& object : objects) categories[object.category].objects.push_back(&object);
    for (const CocoDetection& found : detections) categories[found.category].detections.push_back(&found);
    CocoPicture picture;
    for (auto& [category, pair] : categories) match_category(category, std::move(pair), settings, picture);
    return picture;
}

CocoRanking::CocoRanking(std::span<const CocoPicture> pictures, const CocoSettings& settings) : settings_(settings) {
    std::map<std::int64_t, Category> categories;
    for (std::size_t p = 0; p < pictures.size(); ++p) {
        for (const CocoMatch& match : pictures[p].matches) categories[match.category].matches.push_back({match, p});
        for (std::size_t i = 0; i < pictures[p].categories.size(); ++i) {
            categories[pictures[p].categories[i]].objects.push_back({pictures[p].objects[i], p});
        }
    }
    for (auto& [id, category] : categories) {
        // What is nowhere to be found has no recall, and its detections count for nothing.
        if (category.objects.empty()) continue;
        std::stable_sort(category.matches.begin(), category.matches.end(),
                         [](const Ranked& a, const Ranked& b) { return a.match.score > b.match.score; });
        categories_.push_back(std::move(category));
    }
}

double CocoRanking::value(std::span<const std::int64_t> times) const {
    // A picture that counts twice stands beside itself in the ranking, so its detections make steps of two.
    const auto times_of = [&](std::size_t picture) {
        return times.empty() ? 1.0 : static_cast<double>(times[picture]);
    };
    double sum = 0;
    std::int64_t curves = 0;
    for (const Category& category : categories_) {
        double objects = 0;
        for (const Objects& some : category.objects)
            objects += static_cast<double>(some.count) * times_of(some.picture);
        if (objects == 0) continue;
        std::vector<CountedMatch> ranked;
        for (const Ranked& one : category.matches) {
            if (const double count = times_of(one.picture); count > 0) ranked.push_back({&one.match, count});
        }
        for (std::size_t t = 0; t < settings_.iou_thresholds.size(); ++t) {
            sum += curve_value(curve_at(ranked, objects, std::uint64_t{1} << t), settings_);
            ++curves;
        }
    }
    return curves > 0 ? sum / static_cast<double>(curves) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace halftone
