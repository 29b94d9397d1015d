// Copies by maps of positions.
//
//   mapped_copy       dimensions in the order of memory; whole ones at the end become runs; the innermost of the others
//                     is cut into segments that lie together, or becomes a list of offsets where they would be short
//   run_mapped_copy   one output row (all positions of the innermost dimension) after the other, by threads
//   CopyingOp         layouts, and the maps of the operator
#include "kernel/native/lib/mapped_copy.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/strided_walk.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/ops/machine.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::native {
namespace {

bool is_whole(const PositionMap& map) {
    for (std::size_t i = 0; i < map.size(); ++i) {
        if (map[i] != static_cast<std::int64_t>(i)) return false;
    }
    return true;
}

/// Positions become offsets in bytes.
PositionMap offsets_of(const PositionMap& map, std::int64_t step_bytes) {
    PositionMap offsets = map;
    for (std::int64_t& offset : offsets) offset = offset == kFilled ? kFilled : offset * step_bytes;
    return offsets;
}

std::vector<MappedCopy::Segment> segments_of(const PositionMap& offsets, std::int64_t run) {
    std::vector<MappedCopy::Segment> segments;
    for (const std::int64_t offset : offsets) {
        if (!segments.empty()) {
            MappedCopy::Segment& last = segments.back();
            const bool is_next = offset != kFilled && last.offset != kFilled && offset == last.offset + last.bytes;
            if (is_next || (offset == kFilled && last.offset == kFilled)) {
                last.bytes += run;
                continue;
            }
        }
        segments.push_back({offset, run});
    }
    return segments;
}

void fill_bytes(const MappedCopy& copy, std::int64_t bytes, std::byte* y) {
    if (copy.fill.empty()) {
        std::memset(y, 0, static_cast<std::size_t>(bytes));
        return;
    }
    for (std::int64_t at = 0; at < bytes; at += copy.element) std::copy(copy.fill.begin(), copy.fill.end(), y + at);
}

#ifdef __x86_64__
/// Eight words at once, each twice, to one row or to two. Interleaving works within halves of a register, so the halves
/// change places last. Returns how many words are done.
HALFTONE_AVX2 std::int64_t double_words_avx2(std::int64_t count, const std::uint32_t* x, std::uint32_t* y,
                                             std::uint32_t* again) {
    constexpr std::int64_t kLanes = 8;
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
        const __m256i low = _mm256_unpacklo_epi32(words, words);
        const __m256i high = _mm256_unpackhi_epi32(words, words);
        const __m256i first = _mm256_permute2x128_si256(low, high, 0x20);
        const __m256i second = _mm256_permute2x128_si256(low, high, 0x31);
        auto* to = reinterpret_cast<__m256i*>(y + 2 * i);
        _mm256_storeu_si256(to, first);
        _mm256_storeu_si256(to + 1, second);
        if (again == nullptr) continue;
        to = reinterpret_cast<__m256i*>(again + 2 * i);
        _mm256_storeu_si256(to, first);
        _mm256_storeu_si256(to + 1, second);
    }
    return i;
}

bool has_wide_words() {
    static const bool is_wide = has_avx2();  // once, and not for each row
    return is_wide;
}
#endif

/// Each element of a row twice, or more often: the nearest neighbours of an image that grows.
template <class Word>
void repeat_words(std::int64_t repeats, std::int64_t count, const Word* x, Word* y) {
    if (repeats == 2) {
        std::int64_t i = 0;
#ifdef __x86_64__
        if constexpr (sizeof(Word) == sizeof(std::uint32_t)) {
            if (has_wide_words()) i = double_words_avx2(count, x, y, nullptr);
        }
#endif
        for (; i < count; ++i) {
            y[2 * i] = x[i];
            y[2 * i + 1] = x[i];
        }
        return;
    }
    for (std::int64_t i = 0; i < count; ++i, y += repeats) std::fill_n(y, repeats, x[i]);
}

template <class Word>
void gather_words(const MappedCopy& copy, const std::byte* x, std::byte* y) {
    auto* to = reinterpret_cast<Word*>(y);
    if (copy.repeats > 0) {
        const auto count = static_cast<std::int64_t>(copy.inner.size()) / copy.repeats;
        return repeat_words(copy.repeats, count, reinterpret_cast<const Word*>(x + copy.inner[0]), to);
    }
    for (const std::int64_t offset : copy.inner) *to++ = *reinterpret_cast<const Word*>(x + offset);
}

/// The segments of a row. Single words, of which borders are made, are copied by themselves: a call of memcpy takes
/// longer than they do.
void copy_segments(const MappedCopy& copy, const std::byte* x, std::byte* y) {
    for (const MappedCopy::Segment& segment : copy.segments) {
        if (segment.offset == kFilled) {
            fill_bytes(copy, segment.bytes, y);
        } else if (segment.bytes == sizeof(std::uint32_t)) {
            std::memcpy(y, x + segment.offset, sizeof(std::uint32_t));
        } else {
            std::memcpy(y, x + segment.offset, static_cast<std::size_t>(segment.bytes));
        }
        y += segment.bytes;
    }
}

/// One output row. `x` is where position 0 of the innermost dimension lies.
void copy_row(const MappedCopy& copy, const std::byte* x, std::byte* y) {
    if (copy.inner.empty()) return copy_segments(copy, x, y);
    switch (copy.element) {
        case 1:
            return gather_words<std::uint8_t>(copy, x, y);
        case 2:
            return gather_words<std::uint16_t>(copy, x, y);
        case 4:
            return gather_words<std::uint32_t>(copy, x, y);
        default:
            return gather_words<std::uint64_t>(copy, x, y);
    }
}

/// Two output rows of one input row, each of whose words becomes two: an image that grows to twice its size. Returns
/// false where the rows are of another kind.
bool copy_row_twice([[maybe_unused]] const MappedCopy& copy, [[maybe_unused]] const std::byte* x,
                    [[maybe_unused]] std::byte* y) {
#ifdef __x86_64__
    if (copy.repeats != 2 || copy.element != sizeof(std::uint32_t) || !has_wide_words()) return false;
    const auto count = static_cast<std::int64_t>(copy.inner.size()) / 2;
    const auto* words = reinterpret_cast<const std::uint32_t*>(x + copy.inner[0]);
    auto* first = reinterpret_cast<std::uint32_t*>(y);
    auto* second = reinterpret_cast<std::uint32_t*>(y + copy.row_bytes);
    for (std::int64_t i = double_words_avx2(count, words, first, second); i < count; ++i) {
        first[2 * i] = first[2 * i + 1] = second[2 * i] = second[2 * i + 1] = words[i];
    }
    return true;
#else
    return false;
#endif
}

/// How often each of the neighbours that `offsets` name is repeated; 0 if they are no neighbours in order.
std::int64_t repeats_of(const PositionMap& offsets, std::int64_t element) {
    std::size_t repeats = 1;
    while (repeats < offsets.size() && offsets[repeats] == offsets[0]) ++repeats;
    if (repeats == 1 || offsets.size() % repeats != 0) return 0;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        if (offsets[i] != offsets[0] + static_cast<std::int64_t>(i / repeats) * element) return 0;
    }
    return static_cast<std::int64_t>(repeats);
}

/// Where a row comes from: the sum of the offsets of its places, or kFilled if one of them is filled.
std::int64_t outer_offset(const MappedCopy& copy, std::size_t dimensions, std::int64_t index) {
    std::int64_t offset = 0;
    for (std::size_t d = dimensions; d-- > 0;) {
        const auto size = static_cast<std::int64_t>(copy.outer[d].size());
        const std::int64_t part = copy.outer[d][static_cast<std::size_t>(index % size)];
        if (part == kFilled) return kFilled;
        offset += part;
        index /= size;
    }
    return offset;
}

/// Rows from `first` to `last`. A row may be as short as a few cache lines, so the places in all outer dimensions but
/// the last are looked up only where they change.
void copy_rows(const MappedCopy& copy, std::int64_t first, std::int64_t last, const std::byte* x, std::byte* y) {
    static const PositionMap single{0};
    const PositionMap& lines = copy.outer.empty() ? single : copy.outer.back();
    const auto size = static_cast<std::int64_t>(lines.size());
    const std::size_t others = copy.outer.empty() ? 0 : copy.outer.size() - 1;
    std::int64_t before = kFilled;
    std::int64_t base = 0;
    std::byte* to = y + first * copy.row_bytes;
    std::int64_t line = first % size;
    for (std::int64_t row = first; row < last; ++row, to += copy.row_bytes) {
        const bool is_twice = row + 1 < last && line + 1 < size &&
                              lines[static_cast<std::size_t>(line)] == lines[static_cast<std::size_t>(line) + 1];
        if (row == first || line == 0) base = outer_offset(copy, others, row / size);
        const std::int64_t part = lines[static_cast<std::size_t>(line)];
        const std::int64_t offset = base == kFilled || part == kFilled ? kFilled : base + part;
        if (offset == kFilled) {
            fill_bytes(copy, copy.row_bytes, to);
        } else if (is_twice && offset != before && copy_row_twice(copy, x + offset, to)) {
            ++row;
            ++line;
            to += copy.row_bytes;
        } else if (offset == before) {
            // The row before came from the same place. It lies in the cache, and needs no second look at the segments.
            std::memcpy(to, to - copy.row_bytes, static_cast<std::size_t>(copy.row_bytes));
        } else {
            copy_row(copy, x + offset, to);
        }
        before = offset;
        if (++line == size) line = 0;
    }
}

}  // namespace

MappedCopy mapped_copy(const CopyRule& rule, const std::vector<std::int64_t>& in_steps,
                       const std::vector<std::int64_t>& out_steps, std::size_t element) {
    // The output is written from its first byte to its last, so its dimensions are taken in the order in which they
    // lie there.
    std::vector<std::size_t> order(rule.maps.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return out_steps[a] > out_steps[b]; });
    MappedCopy copy;
    copy.element = static_cast<std::int64_t>(element);
    copy.fill = rule.fill;
    std::int64_t run = copy.element;
    // Dimensions that are copied whole, and lie in the input as in the output, make the runs longer. One of size 1
    // makes no difference wherever it comes from.
    while (!order.empty()) {
        const std::size_t d = order.back();
        const auto size = static_cast<std::int64_t>(rule.maps[d].size());
        const bool is_still = size == 1 && rule.maps[d][0] == 0;
        if (!is_still && !(is_whole(rule.maps[d]) && in_steps[d] * copy.element == run)) break;
        run *= size;
        order.pop_back();
    }
    PositionMap inner{0};
    if (!order.empty()) {
        inner = offsets_of(rule.maps[order.back()], in_steps[order.back()] * copy.element);
        order.pop_back();
    }
    for (const std::size_t d : order) copy.outer.push_back(offsets_of(rule.maps[d], in_steps[d] * copy.element));
    copy.segments = segments_of(inner, run);
    copy.row_bytes = static_cast<std::int64_t>(inner.size()) * run;
    // Short segments cost more than a list of offsets that is followed element by element.
    const bool has_fill = std::find(inner.begin(), inner.end(), kFilled) != inner.end();
    // Scattered: a segment has fewer than four elements on average. With a fill the list has no place to read from.
    const bool is_scattered = copy.segments.size() * 4 > inner.size() && inner.size() > 4;
    const bool is_word = element == 1 || element == 2 || element == 4 || element == 8;
    if (run == copy.element && is_scattered && !has_fill && is_word) {
        copy.repeats = repeats_of(inner, copy.element);
        copy.inner = std::move(inner);
    }
    return copy;
}

void run_mapped_copy(const MappedCopy& copy, const std::byte* x, std::byte* y) {
    std::size_t rows = 1;
    for (const PositionMap& map : copy.outer) rows *= map.size();
    // The pieces are counted in fp32 elements, whatever is copied.
    codes::in_rows(rows, static_cast<std::size_t>(copy.row_bytes) / sizeof(float) + 1,
                   [&](std::size_t first, std::size_t last) {
                       copy_rows(copy, static_cast<std::int64_t>(first), static_cast<std::int64_t>(last), x, y);
                   });
}

Support CopyingOp::accepts(const KernelRequest& request) const {
    if (request.is_fused()) return Support::no("the op fuses nothing");
    if (request.inputs.size() != 1 || request.outputs.size() != 1)
        return Support::no("only the first input may be data");
    if (!request.constants.empty() && !request.constants[0].is_empty())
        return Support::no("only the first input may be data");
    const OperandEncoding& input = request.inputs[0];
    // Codes are moved as bytes, so they must mean the same on both sides.
    if (input.params != request.outputs[0].params || (input.params && !input.params->is_per_tensor()))
        return Support::no("input and output need the same parameters");
    if (request.outputs[0].type.shape.elements() == 0 || input.type.shape.elements() == 0)
        return Support::no("nothing to copy");
    const ref::RequestContext context(request, ref::SeenAs::stored);
    return accepts_copy(context.op());
}

std::unique_ptr<Primitive> CopyingOp::build(const KernelRequest& request, const BuildContext& context) const {
    const ref::RequestContext seen(request, ref::SeenAs::stored);
    const TensorType& from = request.inputs[0].type;
    const TensorType& to = request.outputs[0].type;
    Layout input(from);
    Layout output(to);
    // fp32 and codes come in the layouts of images; the output then has the order of dimensions of the input.
    const bool is_image = from.dtype == DType::f32 || from.dtype == DType::u8 || from.dtype == DType::s8;
    if (is_image && keeps_dimensions() && from.shape.rank() == to.shape.rank() && !context.available.empty()) {
        input = dense_layout(from, context.available, 0);
        output = input.is_plain() ? output : channels_last_layout(to);
        // Any other order than channels-last is rare, and not worth a layout of its own.
        if (!input.is_plain() && !(input == channels_last_layout(from))) {
            input = Layout(from);
            output = Layout(to);
        }
    }
    std::vector<std::int64_t> in_steps = layout_steps(input);
    // Expand adds dimensions in front; the input does not move along them.
    if (in_steps.size() < to.shape.rank()) in_steps.insert(in_steps.begin(), to.shape.rank() - in_steps.size(), 0);
    const MappedCopy copy =
        mapped_copy(rule_of(seen.op(), to.shape), in_steps, layout_steps(output), size_of(from.dtype));
    const auto body = [copy](auto inputs, auto outputs) { run_mapped_copy(copy, inputs[0], outputs[0]); };
    return std::make_unique<LoopStep>("native_copy", std::vector{input}, output, body);
}

}  // namespace halftone::native
