// PNG by libpng, turned into 8 bits of grey or RGB.
//
//   decode_png         colours and greys as 8 bits
//   decode_class_mask  the numbers that the pixels are stored as
//   decode_png_pixels  opens, sets up the conversions, reads all rows
//   begin, read        the calls of the library, each behind a setjmp of its own
//
// As in jpeg.cpp, the library leaves by longjmp where a file is damaged, so those two hold plain values only.
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "data/formats/picture.hpp"
#include "data/formats/picture_kinds.hpp"

namespace halftone {
namespace {

/// A text or a profile beside the picture is never needed.
constexpr png_alloc_size_t kMostPngChunkBytes = 8U << 20U;
constexpr png_uint_32 kMostPngSide = 1U << 28U;

/// The library's state, released with its owner, with the bytes that are still to read.
struct PngDecoder {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string_view rest;
    std::array<char, 200> text{};
    int passes = 1;
    bool has_16_bits = false;
    bool keeps_numbers;  ///< pixels stay numbers of the palette, or grey values as they are stored

    PngDecoder(std::string_view bytes, bool keep_numbers) : rest(bytes), keeps_numbers(keep_numbers) {}
    PngDecoder(const PngDecoder&) = delete;
    PngDecoder& operator=(const PngDecoder&) = delete;
    ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_png_error(png_structp png, png_const_charp message) {
    auto& decoder = *static_cast<PngDecoder*>(png_get_error_ptr(png));
    std::strncpy(decoder.text.data(), message, decoder.text.size() - 1);
    png_longjmp(png, 1);
}

/// Warnings are about colours and texts, which are not used: damaged pixels are errors.
void on_png_warning(png_structp /*png*/, png_const_charp /*message*/) {}

void read_png_bytes(png_structp png, png_bytep out, std::size_t count) {
    auto& decoder = *static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (count > decoder.rest.size()) png_error(png, "the file ends too early");
    std::memcpy(out, decoder.rest.data(), count);
    decoder.rest.remove_prefix(count);
}

/// Reads the header and asks for 8 bits, without palette and transparency. @return false when the file is damaged
bool begin(PngDecoder& decoder) {
    decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, &on_png_error, &on_png_warning);
    if (decoder.png == nullptr) return false;
    if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;  // NOLINT(cert-err52-cpp): how libpng tells of errors
    decoder.info = png_create_info_struct(decoder.png);
    if (decoder.info == nullptr) return false;
    png_set_user_limits(decoder.png, kMostPngSide, kMostPngSide);
    png_set_chunk_malloc_max(decoder.png, kMostPngChunkBytes);
    png_set_read_fn(decoder.png, &decoder, &read_png_bytes);
    png_read_info(decoder.png, decoder.info);
    const int colours = png_get_color_type(decoder.png, decoder.info);
    // A palette's entries and grey of 1, 2 or 4 bits become bytes of the full scale; 16 bits lose the lower 8.
    if (decoder.keeps_numbers) png_set_packing(decoder.png);  // a byte for each number of 1, 2 or 4 bits
    decoder.has_16_bits = png_get_bit_depth(decoder.png, decoder.info) == 16;
    if (colours == PNG_COLOR_TYPE_PALETTE && !decoder.keeps_numbers) png_set_palette_to_rgb(decoder.png);
    if (colours == PNG_COLOR_TYPE_GRAY && !decoder.keeps_numbers) png_set_expand_gray_1_2_4_to_8(decoder.png);
    png_set_strip_16(decoder.png);
    png_set_strip_alpha(decoder.png);
    decoder.passes = png_set_interlace_handling(decoder.png);
    png_read_update_info(decoder.png, decoder.info);
    return true;
}

/// Reads all rows. @return false when the file is damaged
bool read(PngDecoder& decoder, png_bytep out, std::size_t row_bytes, png_uint_32 rows) {
    if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;  // NOLINT(cert-err52-cpp): how libpng tells of errors
    // An interlaced picture comes in seven passes, each of which fills in what the ones before left out.
    for (int pass = 0; pass < decoder.passes; ++pass) {
        for (png_uint_32 row = 0; row < rows; ++row) {
            png_read_row(decoder.png, out + row * row_bytes, nullptr);
        }
    }
    return true;
}

Tensor decode_png_pixels(std::string_view bytes, const std::string& name, bool keep_numbers) {
    PngDecoder decoder(bytes, keep_numbers);
    const auto refuse = [&] {
        throw DataError(name + ": the PNG file is damaged or truncated: " + decoder.text.data());
    };
    if (!begin(decoder)) refuse();
    const png_uint_32 width = png_get_image_width(decoder.png, decoder.info);
    const png_uint_32 height = png_get_image_height(decoder.png, decoder.info);
    const int channels = png_get_channels(decoder.png, decoder.info);
    Tensor picture = make_picture(height, width, channels, bytes.size(), name);
    const std::size_t row_bytes = std::size_t{width} * static_cast<std::size_t>(channels);
    if (png_get_rowbytes(decoder.png, decoder.info) != row_bytes) refuse();
    if (keep_numbers && decoder.has_16_bits) {
        throw DataError(name + ": has pixels of 16 bits; class numbers are read from PNG files of 8 bits or fewer");
    }
    auto* out = reinterpret_cast<png_bytep>(picture.mutable_view().data);
    if (!read(decoder, out, row_bytes, height)) refuse();
    return picture;
}

}  // namespace

Tensor decode_png(std::string_view bytes, const std::string& name) { return decode_png_pixels(bytes, name, false); }

Tensor decode_class_mask(std::string_view bytes, const std::string& name) {
    if (!bytes.starts_with("\x89PNG")) throw DataError(name + ": is no PNG file; pixels that are numbers need one");
    const Tensor mask = decode_png_pixels(bytes, name, true);
    const Shape& shape = mask.shape();
    if (shape[2] != 1)
        throw DataError(name + ": is a coloured picture; one whose pixels are class numbers belongs there");
    return Tensor::of<std::uint8_t>(Shape{shape[0], shape[1]}, mask.as<std::uint8_t>());
}

}  // namespace halftone
