// Any text as COCO's annotations: refused with a DataError, or boxes that are numbers, in the same way from a text and
// from a file.
#include "data/formats/coco_json.hpp"

#include <cmath>

#include "base/error.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

void run_coco_json(std::string_view bytes) {
    static const ScratchFolder folder;
    const std::string path = folder.write("fuzz.json", bytes);
    CocoAnnotations annotations;
    bool is_refused = false;
    try {
        annotations = parse_coco_json(bytes, path);
    } catch (const DataError&) {
        is_refused = true;
    }
    for (const CocoImage& image : annotations.images) {
        expect(!image.file_name.empty(), "an image has no file");
        for (const CocoBox& box : image.boxes) {
            for (const double number : box.corner_and_size) expect(std::isfinite(number), "a box is no number");
        }
    }
    try {
        const CocoAnnotations again = read_coco_json(path);
        expect(!is_refused && again.images.size() == annotations.images.size(), "a file reads unlike its text");
    } catch (const DataError&) {
        expect(is_refused, "a file is refused whose text is not");
    }
}

}  // namespace

FuzzTarget make_coco_json_target() { return {.run = &run_coco_json}; }

}  // namespace halftone::fuzz
