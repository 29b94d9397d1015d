// Hash, equality and text of a KernelRequest, all by the list of fields in request_fields.hpp.
//
//   FieldWriter   writes every field as bytes to a sink, so that different requests give different bytes
//   hash_of       the sink is a hasher
//   is_same       the sink collects the bytes, which are compared; tensors are compared in place
//   type_key      these bytes without the tensors' elements
//   to_text       a walk of its own, because a reader wants shapes instead of elements
#include "kernel/ops/request_fields.hpp"

#include <algorithm>

#include "base/hash.hpp"

namespace halftone {
namespace {

/// Lists are written with their length and options with whether they are there, so that no two requests give the same
/// bytes by accident: {1}, {2, 3} differs from {1, 2}, {3}.
template <class Sink>
class FieldWriter {
public:
    explicit FieldWriter(Sink& sink) : sink_(sink) {}

    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void put(T value) { put_bytes(std::as_bytes(std::span<const T, 1>(&value, 1))); }
    void put(const std::string& text) {
        put(static_cast<std::uint64_t>(text.size()));
        put_bytes(std::as_bytes(std::span(text)));
    }
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
    void put(const Shape& shape) { put(shape.dims()); }
    /// Contents, not addresses: weights of two candidates are equal where their codes are, wherever they lie.
    void put(const Tensor& tensor) {
        put(tensor.is_empty());
        if (tensor.is_empty()) return;
        put(tensor.type());
        if constexpr (requires { sink_.add_elements(tensor); }) {
            sink_.add_elements(tensor);
        } else {
            put_bytes({tensor.view().data, tensor.bytes()});
        }
    }
    /// What a node computes. Its name and the ids of its values are left out: they change no result, and the same step
    /// has other ones in another graph.
    void put(const Node* node) {
        put(node != nullptr);
        if (node == nullptr) return;
        put(node->op);
        put(static_cast<std::uint64_t>(node->attributes.size()));
        for (const auto& [name, attribute] : node->attributes) {
            put(name);
            put(static_cast<std::uint64_t>(attribute.index()));
            // The index in front tells an integer 1 from a float whose bytes are the same.
            std::visit([&](const auto& value) { put(value); }, attribute);
        }
    }
    template <HasFields T>
    void put(const T& part) {
        visit_fields(part, [this](std::string_view, const auto& field) { put(field); });
    }

private:
    void put_bytes(std::span<const std::byte> bytes) { sink_.add_bytes(bytes); }

    Sink& sink_;
};

/// Keeps the tensors apart from the other fields: their elements may be many megabytes and need no copy.
struct ByteCollector {
    std::vector<std::byte> bytes;
    std::vector<Tensor> tensors;
    void add_bytes(std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
    void add_elements(const Tensor& tensor) { tensors.push_back(tensor); }
};

ByteCollector fields_of(const KernelRequest& request) {
    ByteCollector collector;
    FieldWriter(collector).put(request);
    return collector;
}

/// Every field as name=value, in the order of the list.
class TextWriter {
public:
    template <class T>
    requires std::is_arithmetic_v<T>
    void put(T value) { text_ += std::to_string(value); }
    void put(bool value) { text_ += value ? "yes" : "no"; }
    void put(DType dtype) { text_ += to_string(dtype); }
    void put(const std::string& text) { text_ += "'" + text + "'"; }
    void put(const Shape& shape) { text_ += shape.to_text(); }
    void put(const Node* node) { text_ += node == nullptr ? "none" : node->op; }
    void put(const Tensor& tensor) {
        if (tensor.is_empty()) {
            text_ += "none";
        } else {
            put(tensor.type());
        }
    }
    template <class T>
    void put(const std::optional<T>& option) {
        if (option) {
            put(*option);
        } else {
            text_ += "none";
        }
    }
    template <class T>
    void put(const std::vector<T>& list) {
        text_ += "[";
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (i > 0) text_ += ", ";
            put(list[i]);
        }
        text_ += "]";
    }
    template <HasFields T>
    void put(const T& part) {
        text_ += "{";
        bool is_first = true;
        visit_fields(part, [&](std::string_view name, const auto& field) {
            if (!is_first) text_ += ", ";
            is_first = false;
            text_ += std::string(name) + "=";
            put(field);
        });
        text_ += "}";
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

}  // namespace

std::uint64_t hash_of(const Tensor& tensor) {
    Hasher hasher;
    FieldWriter(hasher).put(tensor);
    return hasher.digest();
}

std::uint64_t hash_of(const KernelRequest& request) {
    Hasher hasher;
    FieldWriter(hasher).put(request);
    return hasher.digest();
}

bool is_same(const Tensor& a, const Tensor& b) {
    if (a.is_empty() || b.is_empty()) return a.is_empty() == b.is_empty();
    if (!(a.type() == b.type())) return false;
    const std::byte* data = a.view().data;
    // Candidates of one search often share a weight's memory; then nothing is compared.
    return data == b.view().data || std::equal(data, data + a.bytes(), b.view().data);
}

bool is_same(const KernelRequest& a, const KernelRequest& b) {
    const ByteCollector first = fields_of(a);
    const ByteCollector second = fields_of(b);
    return first.bytes == second.bytes &&
           std::equal(first.tensors.begin(), first.tensors.end(), second.tensors.begin(), second.tensors.end(),
                      [](const Tensor& x, const Tensor& y) { return is_same(x, y); });
}

std::string type_key(const KernelRequest& request) {
    const std::vector<std::byte> bytes = fields_of(request).bytes;
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_text(const KernelRequest& request) {
    TextWriter writer;
    writer.put(request);
    return writer.text();
}

}  // namespace halftone
