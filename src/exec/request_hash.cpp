#include "exec/request_hash.hpp"

#include "base/hash.hpp"

namespace halftone {
namespace {

/// Feeds a hasher; lists go in with their length, options with whether they are there.
class Feeder {
public:
    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void put(T value) { hasher_.add(value); }
    void put(const std::string& text) { hasher_.add(std::string_view(text)); }
    template <class T>
    void put(const std::vector<T>& list) {
        put(static_cast<std::uint64_t>(list.size()));
        for (const T& element : list) put(element);
    }
    template <class T>
    void put(const std::optional<T>& option) {
        put(option.has_value());
        if (option) put(*option);
    }
    void put(const TensorType& type) {
        put(type.dtype);
        put(type.shape.dims());
    }
    /// Contents, not addresses: weights of two candidates are equal where their codes are, wherever they lie.
    void put(const Tensor& tensor) {
        put(tensor.is_empty());
        if (tensor.is_empty()) return;
        put(tensor.type());
        hasher_.add_bytes({tensor.view().data, tensor.bytes()});
    }
    void put(const QuantParams& params) {
        put(params.dtype);
        put(params.scale);
        put(params.zero_point);
        put(params.axis);
    }
    void put(const Port& port) {
        put(port.type);
        put(port.params);
    }
    void put(const Node* node) {
        put(node != nullptr);
        if (node == nullptr) return;
        put(node->op);  // without the name, which changes nothing that is computed
        for (const auto& [name, attribute] : node->attributes) {
            put(name);
            put(static_cast<std::uint64_t>(attribute.index()));
            std::visit([&](const auto& value) { put(value); }, attribute);
        }
    }
    [[nodiscard]] std::uint64_t digest() const { return hasher_.digest(); }

private:
    Hasher hasher_;
};

}  // namespace

std::uint64_t hash_of(const Tensor& tensor) {
    Feeder feeder;
    feeder.put(tensor);
    return feeder.digest();
}

std::uint64_t hash_of(const KernelRequest& request) {
    Feeder feeder;
    feeder.put(request.node);
    feeder.put(request.inputs);
    feeder.put(request.outputs);
    feeder.put(request.weight);
    feeder.put(request.weight_params);
    feeder.put(request.bias);
    feeder.put(request.has_residual);
    feeder.put(request.is_bf16);
    feeder.put(request.activation);
    feeder.put(request.clamp.low);
    feeder.put(request.clamp.high);
    feeder.put(request.constants);
    return feeder.digest();
}

}  // namespace halftone
