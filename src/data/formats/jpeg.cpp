// JPEG by libjpeg-turbo, as Pillow decodes it: accurate integer DCT, smooth upsampling of colours.
//
//   decode_jpeg    opens, asks for grey or RGB (CMYK becomes RGB here), reads all rows
//   begin, read    the calls of the library, each behind a setjmp of its own
//
// The library reports a fatal error by a call that must not return: it longjmps to the setjmp. No C++ object may be
// born between the two, because its destructor would be jumped over. So both functions hold plain values only.
#include <csetjmp>
#include <cstddef>
#include <cstdio>

// After <cstdio>, which it needs.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "data/formats/picture_kinds.hpp"

namespace halftone {
namespace {

/// A progressive file of a few kilobytes can claim thousands of scans over all pixels, each of which takes a second.
constexpr int kMostScans = 500;

/// The library's manager of errors, with where to go on and what was wrong.
struct JpegErrors {
    jpeg_error_mgr base{};  ///< first: the library hands out a pointer to it
    std::jmp_buf go_on{};
    std::array<char, JMSG_LENGTH_MAX> text{};
    bool is_damaged = false;
};

JpegErrors& errors_of(j_common_ptr info) { return *reinterpret_cast<JpegErrors*>(info->err); }

[[noreturn]] void on_fatal(j_common_ptr info) {
    JpegErrors& errors = errors_of(info);
    info->err->format_message(info, errors.text.data());
    std::longjmp(errors.go_on, 1);
}

/// Warnings: the library goes on, and fills what is missing with grey. Bytes between two markers are harmless; anything
/// else means that the picture is not what it was.
void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;  // a trace of what it does
    JpegErrors& errors = errors_of(info);
    ++info->err->num_warnings;
    if (info->err->msg_code == JWRN_EXTRANEOUS_DATA || errors.is_damaged) return;
    errors.is_damaged = true;
    info->err->format_message(info, errors.text.data());
}

void on_progress(j_common_ptr info) {
    if (info->is_decompressor == 0) return;
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMostScans) {
        JpegErrors& errors = errors_of(info);
        std::snprintf(errors.text.data(), errors.text.size(), "more than %d scans", kMostScans);
        std::longjmp(errors.go_on, 1);
    }
}

/// The library's state, released with its owner.
struct JpegDecoder {
    jpeg_decompress_struct info{};
    JpegErrors errors;
    jpeg_progress_mgr progress{};

    JpegDecoder() {
        info.err = jpeg_std_error(&errors.base);
        errors.base.error_exit = &on_fatal;
        errors.base.emit_message = &on_message;
        progress.progress_monitor = &on_progress;
    }
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;
    ~JpegDecoder() { jpeg_destroy_decompress(&info); }
};

/// Reads the header and chooses colours. @return false when the file is damaged
bool begin(JpegDecoder& decoder, const unsigned char* bytes, unsigned long size) {
    if (setjmp(decoder.errors.go_on) != 0) return false;
    jpeg_create_decompress(&decoder.info);
    decoder.info.progress = &decoder.progress;
    jpeg_mem_src(&decoder.info, bytes, size);
    jpeg_read_header(&decoder.info, 1);
    decoder.info.dct_method = JDCT_ISLOW;
    switch (decoder.info.jpeg_color_space) {
        case JCS_GRAYSCALE:
            decoder.info.out_color_space = JCS_GRAYSCALE;
            break;
        case JCS_CMYK:
        case JCS_YCCK:
            decoder.info.out_color_space = JCS_CMYK;
            break;
        default:
            decoder.info.out_color_space = JCS_RGB;
    }
    jpeg_calc_output_dimensions(&decoder.info);
    return true;
}

/// Reads all rows. @param row_bytes  of a row in `out`. @return false when the file is damaged
bool read(JpegDecoder& decoder, unsigned char* out, std::size_t row_bytes) {
    if (setjmp(decoder.errors.go_on) != 0) return false;
    jpeg_start_decompress(&decoder.info);
    while (decoder.info.output_scanline < decoder.info.output_height) {
        JSAMPROW row = out + decoder.info.output_scanline * row_bytes;
        jpeg_read_scanlines(&decoder.info, &row, 1);
    }
    jpeg_finish_decompress(&decoder.info);
    return true;
}

/// a * b / 255, rounded. Source: Pillow, src/libImaging/ImagingUtils.h, MULDIV255.
int product_of_shares(int a, int b) {
    const int product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

/// Ink to light. Adobe's programs store CMYK inverted, and say so by a marker.
/// Source: Pillow, src/libImaging/Convert.c, cmyk2rgb.
void convert_cmyk(const std::vector<unsigned char>& cmyk, bool is_inverted, std::span<std::uint8_t> rgb) {
    for (std::size_t pixel = 0; pixel < cmyk.size() / 4; ++pixel) {
        const auto ink = [&](std::size_t i) {
            const int stored = cmyk[4 * pixel + i];
            return is_inverted ? 255 - stored : stored;
        };
        const int light = 255 - ink(3);
        for (std::size_t i = 0; i < 3; ++i) {
            const int value = light - product_of_shares(ink(i), light);
            rgb[3 * pixel + i] = static_cast<std::uint8_t>(std::clamp(value, 0, 255));
        }
    }
}

}  // namespace

Tensor decode_jpeg(std::string_view bytes, const std::string& name) {
    JpegDecoder decoder;
    const auto refuse = [&] {
        throw DataError(name + ": the JPEG file is damaged or truncated: " + decoder.errors.text.data());
    };
    if (!begin(decoder, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())) refuse();
    const bool is_cmyk = decoder.info.out_color_space == JCS_CMYK;
    const bool is_grey = decoder.info.out_color_space == JCS_GRAYSCALE;
    Tensor picture =
        make_picture(decoder.info.output_height, decoder.info.output_width, is_grey ? 1 : 3, bytes.size(), name);
    // What the library takes beside the picture: the coefficients of all blocks of a progressive file, two bytes each.
    const std::size_t pixels = picture.bytes() / (is_grey ? 1 : 3);
    const BudgetedBytes library(process_budget(), pixels * 4 * sizeof(short), name);
    const MutableView view = picture.mutable_view();
    std::vector<unsigned char> cmyk(is_cmyk ? pixels * 4 : 0);
    auto* out = is_cmyk ? cmyk.data() : reinterpret_cast<unsigned char*>(view.data);
    const std::size_t row_bytes = decoder.info.output_width * (is_cmyk ? 4U : is_grey ? 1U : 3U);
    if (!read(decoder, out, row_bytes) || decoder.errors.is_damaged) refuse();
    if (is_cmyk) convert_cmyk(cmyk, decoder.info.saw_Adobe_marker != 0, view.as<std::uint8_t>());
    return picture;
}

}  // namespace halftone
