// Any bytes as a JPEG or PNG file: refused with a DataError, or a picture of 8 bits with one or three channels.
#include "data/formats/picture.hpp"
#include "base/error.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

void run_picture(std::string_view bytes) {
    try {
        const Tensor picture = decode_picture(bytes, "fuzz.png");
        const Shape& shape = picture.shape();
        expect(picture.dtype() == DType::u8 && shape.rank() == 3 && (shape[2] == 1 || shape[2] == 3),
               "a picture is no array of bytes with one or three channels");
    } catch (const DataError&) {
        return;
    }
}

}  // namespace

FuzzTarget make_picture_target() { return {.run = &run_picture}; }

}  // namespace halftone::fuzz
