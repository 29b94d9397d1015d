#pragma once
// Unit configurations that both toy spaces and tests of real graphs name.

#include "space/quant_plan.hpp"

namespace halftone::test {

inline const UnitConfig kFp32 = high_precision(DType::f32);

}  // namespace halftone::test
