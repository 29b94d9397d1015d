#include "kernel/ref/lib/strided_copy.hpp"

namespace halftone::ref {
namespace {

/// Counts the position like an odometer and moves the offset along, so that no element costs a division. A dimension
/// that overflows goes back to its start.
template <class Word>
void gather(const Word* source, const Shape& out, std::int64_t offset, const std::vector<std::int64_t>& steps,
            Word* target) {
    std::vector<std::int64_t> place(out.rank(), 0);
    for (std::int64_t i = 0, count = out.elements(); i < count; ++i) {
        target[i] = source[offset];
        for (std::size_t d = out.rank(); d-- > 0;) {
            offset += steps[d];
            if (++place[d] < out[d]) break;
            offset -= steps[d] * out[d];
            place[d] = 0;
        }
    }
}

}  // namespace

std::vector<std::int64_t> row_major_steps(const Shape& shape) {
    std::vector<std::int64_t> steps(shape.rank(), 1);
    for (std::size_t d = shape.rank(); d-- > 1;) steps[d - 1] = steps[d] * shape[d];
    return steps;
}

void gather_strided(const TensorView& from, std::int64_t start, const std::vector<std::int64_t>& steps,
                    const MutableView& to) {
    with_word(from.type.dtype, [&]<class Word>(Word) {
        gather(reinterpret_cast<const Word*>(from.data), to.type.shape, start, steps, reinterpret_cast<Word*>(to.data));
    });
}

}  // namespace halftone::ref
