// y = a shifted by b bits to the side that `direction` names. A signed number that is shifted to the right keeps its
// sign; a shift by less than nothing or by more bits than there are leaves the sign only. Source: ONNX operator
// BitShift, opset 11 for unsigned numbers; for signed ones opset 28.
#include "kernel/ref/lib/bitwise.hpp"

namespace halftone::ref {
namespace {

struct BitShift {
    explicit BitShift(const OpContext& op) {
        const std::string direction = string_attribute(op.node, "direction", "");
        if (direction != "LEFT" && direction != "RIGHT")
            refuse(op, "direction '" + direction + "' is neither LEFT nor RIGHT");
        is_left = direction == "LEFT";
    }
    template <class T>
    T operator()(T a, T b) const {
        const bool is_outside = b < T{0} || static_cast<std::uint64_t>(b) >= sizeof(T) * 8;
        if (is_left) {
            // Unsigned: a shift of a signed number out of its range would be undefined.
            return is_outside ? T{0} : static_cast<T>(static_cast<std::uint64_t>(a) << static_cast<std::uint64_t>(b));
        }
        if (is_outside) return a < T{0} ? static_cast<T>(-1) : T{0};
        return static_cast<T>(a >> b);
    }
    bool is_left = false;
};

}  // namespace

const RefOp& bit_shift_op() {
    static const BitwiseOp<BitShift> op;
    return op;
}

}  // namespace halftone::ref
