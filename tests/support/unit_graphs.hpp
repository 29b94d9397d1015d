#pragma once
// Small graphs of units for tests of the room space: convolutions over [N,4,8,8] with all types known.

#include <string>
#include <vector>

#include "graph/unit.hpp"
#include "support/graph_helpers.hpp"

namespace halftone::test {

class UnitGraphMaker {
public:
    ValueId input() { return maker_.input("x", kShape); }
    ValueId conv(const std::string& name, ValueId x) {
        return typed(maker_.conv(name, x, random_tensor({4, 4, 1, 1}, 1)));
    }
    ValueId gemm(const std::string& name, ValueId x) {
        return typed(maker_.gemm(name, x, random_tensor({256, 256}, 1)), {kSymbolic, 256});
    }
    ValueId relu(const std::string& name, ValueId x) { return typed(maker_.node("Relu", name, {x})); }
    ValueId add(const std::string& name, ValueId a, ValueId b) { return typed(maker_.node("Add", name, {a, b})); }
    ValueId max_pool(const std::string& name, ValueId x) { return typed(maker_.node("MaxPool", name, {x})); }
    ValueId concat(const std::string& name, std::vector<ValueId> inputs) {
        return typed(maker_.node("Concat", name, std::move(inputs)));
    }
    ValueId flatten(const std::string& name, ValueId x) {
        return typed(maker_.node("Flatten", name, {x}), {kSymbolic, 256});
    }
    Graph build(const std::vector<ValueId>& outputs) { return maker_.build(outputs); }

private:
    ValueId typed(ValueId id, Shape shape = kShape) {
        maker_.builder().value(id).type = {DType::f32, std::move(shape)};
        maker_.builder().value(id).has_type = true;
        return id;
    }
    inline static const Shape kShape{kSymbolic, 4, 8, 8};
    GraphMaker maker_;
};

}  // namespace halftone::test
