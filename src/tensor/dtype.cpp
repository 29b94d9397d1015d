#include "tensor/dtype.hpp"

#include "base/check.hpp"

namespace halftone {

std::size_t size_of(DType dtype) {
    switch (dtype) {
        case DType::s8:
        case DType::u8:
        case DType::boolean:
        case DType::s4:
        case DType::u4:
            return 1;
        case DType::f16:
        case DType::bf16:
        case DType::s16:
        case DType::u16:
            return 2;
        case DType::f32:
        case DType::s32:
        case DType::u32:
            return 4;
        case DType::f64:
        case DType::s64:
        case DType::u64:
            return 8;
    }
    // A switch without default: a type that is added and forgotten here is a warning of the compiler.
    HALFTONE_CHECK(false, "a DType outside the enumeration");
    return 0;
}

}  // namespace halftone
