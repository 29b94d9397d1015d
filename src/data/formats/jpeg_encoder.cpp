// JPEG files by libjpeg-turbo. As in jpeg.cpp, an error of the library comes back by longjmp, so no C++ object may be
// born between setjmp and the library's calls.
#include "data/formats/jpeg_encoder.hpp"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

// After <cstdio>, which it needs.
#include <jpeglib.h>

#include <array>

#include "base/error.hpp"

namespace halftone {
namespace {

struct EncoderErrors {
    jpeg_error_mgr base{};  ///< first: the library hands out a pointer to it
    std::jmp_buf go_on{};
    std::array<char, JMSG_LENGTH_MAX> text{};
};

[[noreturn]] void on_encoder_error(j_common_ptr info) {
    auto& errors = *reinterpret_cast<EncoderErrors*>(info->err);
    info->err->format_message(info, errors.text.data());
    std::longjmp(errors.go_on, 1);
}

/// The library's state and its buffer, released with their owner.
struct JpegEncoder {
    jpeg_compress_struct info{};
    EncoderErrors errors;
    unsigned char* bytes = nullptr;
    unsigned long size = 0;

    JpegEncoder() {
        info.err = jpeg_std_error(&errors.base);
        errors.base.error_exit = &on_encoder_error;
    }
    JpegEncoder(const JpegEncoder&) = delete;
    JpegEncoder& operator=(const JpegEncoder&) = delete;
    ~JpegEncoder() {
        jpeg_destroy_compress(&info);
        std::free(bytes);  // NOLINT(cppcoreguidelines-no-malloc): the library has allocated it
    }
};

struct JpegSource {
    const unsigned char* pixels;
    unsigned height, width;
    int channels, quality;
};

/// Writes the whole file into the encoder's buffer. @return false when the library refuses
bool write_jpeg(JpegEncoder& encoder, const JpegSource& source) {
    if (setjmp(encoder.errors.go_on) != 0) return false;
    jpeg_create_compress(&encoder.info);
    jpeg_mem_dest(&encoder.info, &encoder.bytes, &encoder.size);
    encoder.info.image_height = source.height;
    encoder.info.image_width = source.width;
    encoder.info.input_components = source.channels;
    encoder.info.in_color_space = source.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&encoder.info);
    jpeg_set_quality(&encoder.info, source.quality, 1);
    jpeg_start_compress(&encoder.info, 1);
    while (encoder.info.next_scanline < source.height) {
        const std::size_t first =
            std::size_t{encoder.info.next_scanline} * source.width * static_cast<unsigned>(source.channels);
        // The library only reads the row, though its interface does not say so.
        JSAMPROW row = const_cast<unsigned char*>(source.pixels + first);
        jpeg_write_scanlines(&encoder.info, &row, 1);
    }
    jpeg_finish_compress(&encoder.info);
    return true;
}

}  // namespace

std::string encode_jpeg(const Tensor& picture, int quality) {
    const Shape& shape = picture.shape();
    const bool fits = picture.elements() > 0 && shape[0] <= JPEG_MAX_DIMENSION && shape[1] <= JPEG_MAX_DIMENSION;
    if (!fits) throw DataError("EncodeJpeg: a JPEG file cannot hold a picture " + shape.to_text());
    JpegEncoder encoder;
    const JpegSource source{.pixels = picture.as<std::uint8_t>().data(),
                            .height = static_cast<unsigned>(shape[0]),
                            .width = static_cast<unsigned>(shape[1]),
                            .channels = static_cast<int>(shape[2]),
                            .quality = quality};
    if (!write_jpeg(encoder, source)) throw DataError(std::string("EncodeJpeg: ") + encoder.errors.text.data());
    return {reinterpret_cast<const char*>(encoder.bytes), encoder.size};
}

}  // namespace halftone
