// Changes of ONNX models by protobuf's reflection: the message is parsed, changed, and serialised again.
//
//   mutate_onnx      parses, changes, serialises
//   collect          lists all messages of the tree; a change picks one of them, then one of its fields
//   change_scalar    another number or text; texts that name something take a name that means something
//   change_repeated  an element of a list is removed, repeated, swapped or taken from a message of the same type
//   grow_node        a node with another operator behind an existing value, so that graphs do not only shrink
//
// Reflection reaches every field of the format, those that no test of ours thought of included.
#include <google/protobuf/message.h>
#include <onnx/onnx_pb.h>

#include <array>
#include <memory>
#include <vector>

#include "fuzz/mutate/mutate.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::array<const char*, 36> kAttributeNames{"axis",
                                                      "axes",
                                                      "keepdims",
                                                      "perm",
                                                      "kernel_shape",
                                                      "strides",
                                                      "pads",
                                                      "dilations",
                                                      "group",
                                                      "auto_pad",
                                                      "ceil_mode",
                                                      "alpha",
                                                      "beta",
                                                      "epsilon",
                                                      "transA",
                                                      "transB",
                                                      "mode",
                                                      "to",
                                                      "value",
                                                      "value_int",
                                                      "min",
                                                      "max",
                                                      "blocksize",
                                                      "hidden_size",
                                                      "direction",
                                                      "size",
                                                      "bias",
                                                      "output_shape",
                                                      "p",
                                                      "storage_order",
                                                      "select_last_index",
                                                      "count_include_pad",
                                                      "nearest_mode",
                                                      "coordinate_transformation_mode",
                                                      "noop_with_empty_axes",
                                                      "batch_dims"};

constexpr std::array<std::int64_t, 18> kOddIntegers{
    0, 1, 2, 3, 4, 7, 8, -1, -2, 127, 255, 65536, 2147483647, 2147483648, -2147483648, 1LL << 40, INT64_MAX, INT64_MIN};

class ModelMutator {
public:
    ModelMutator(onnx::ModelProto& model, Rng& rng) : model_(model), rng_(rng) {
        collect(model_);
        for (const auto& node : model_.graph().node()) {
            names_.insert(names_.end(), node.output().begin(), node.output().end());
        }
        for (const auto& input : model_.graph().input()) names_.push_back(input.name());
        for (const auto& initializer : model_.graph().initializer()) names_.push_back(initializer.name());
        names_.emplace_back();  // an input that is left out
    }

    void change() {
        if (below(8) == 0) return grow_node();
        Message& message = *messages_[below(messages_.size())];
        const auto& descriptor = *message.GetDescriptor();
        const FieldDescriptor& field =
            *descriptor.field(static_cast<int>(below(std::size_t(descriptor.field_count()))));
        if (field.is_repeated()) {
            change_repeated(message, field);
        } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
            change_message(message, field);
        } else {
            change_scalar(message, field);
        }
    }

private:
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(rng_.below(bound)); }

    void collect(Message& message) {
        messages_.push_back(&message);
        std::vector<const FieldDescriptor*> fields;
        const Reflection& reflection = *message.GetReflection();
        reflection.ListFields(message, &fields);
        for (const FieldDescriptor* field : fields) {
            if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
            if (!field->is_repeated()) collect(*reflection.MutableMessage(&message, field));
            for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i) {
                collect(*reflection.MutableRepeatedMessage(&message, field, i));
            }
        }
    }

    /// A copy of another message of the field's type, or null. A copy, because a change may delete the other one: it
    /// may lie inside the changed message, or share a `oneof` with it.
    std::unique_ptr<Message> copy_of_any(const FieldDescriptor& field) {
        for (int tries = 0; tries < 16; ++tries) {
            const Message* other = messages_[below(messages_.size())];
            if (other->GetDescriptor() != field.message_type()) continue;
            std::unique_ptr<Message> copy(other->New());
            copy->CopyFrom(*other);
            return copy;
        }
        return nullptr;
    }

    std::string other_text(const FieldDescriptor& field, std::string old) {
        const std::string name = field.full_name();
        if (name == "onnx.NodeProto.op_type") return any_op();
        if (name == "onnx.AttributeProto.name") return kAttributeNames[below(kAttributeNames.size())];
        const bool is_name = name == "onnx.NodeProto.input" || name == "onnx.NodeProto.output" ||
                             name == "onnx.ValueInfoProto.name" || name == "onnx.TensorProto.name";
        if (is_name && below(4) != 0) return names_[below(names_.size())];
        (void)mutate_text(old, rng_);
        return old;
    }

    std::string any_op() {
        static const std::vector<std::string> ops = op_types(Backend::ref);
        return ops[below(ops.size())];
    }

    std::int64_t other_integer(std::int64_t old) {
        switch (below(4)) {
            case 0:
                return kOddIntegers[below(kOddIntegers.size())];
            case 1:
                return static_cast<std::int64_t>(static_cast<std::uint64_t>(old) + below(5) - 2);
            default:
                return static_cast<std::int64_t>(below(8));
        }
    }

    float other_float() {
        const std::array<float, 8> odd{0.0F, -0.0F, 1.0F, -1.0F, 1e-38F, 3e38F, __builtin_inff(), __builtin_nanf("")};
        return below(2) == 0 ? odd[below(odd.size())] : static_cast<float>(rng_.uniform(-2, 2));
    }

    void change_scalar(Message& message, const FieldDescriptor& field) {
        const Reflection& r = *message.GetReflection();
        if (below(8) == 0) return r.ClearField(&message, &field);
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return r.SetInt32(&message, &field,
                                  static_cast<std::int32_t>(other_integer(r.GetInt32(message, &field))));
            case FieldDescriptor::CPPTYPE_INT64:
                return r.SetInt64(&message, &field, other_integer(r.GetInt64(message, &field)));
            case FieldDescriptor::CPPTYPE_FLOAT:
                return r.SetFloat(&message, &field, other_float());
            case FieldDescriptor::CPPTYPE_ENUM:
                return r.SetEnumValue(&message, &field, static_cast<int>(below(25)));
            case FieldDescriptor::CPPTYPE_STRING:
                return r.SetString(&message, &field, other_text(field, r.GetString(message, &field)));
            default:
                return;
        }
    }

    void change_message(Message& message, const FieldDescriptor& field) {
        const Reflection& r = *message.GetReflection();
        if (below(4) == 0) return r.ClearField(&message, &field);
        const auto copy = copy_of_any(field);
        Message& child = *r.MutableMessage(&message, &field);
        if (copy) child.CopyFrom(*copy);
    }

    void change_repeated(Message& message, const FieldDescriptor& field) {
        const Reflection& r = *message.GetReflection();
        const int size = r.FieldSize(message, &field);
        const auto any = [&] { return static_cast<int>(below(static_cast<std::size_t>(size))); };
        switch (size == 0 ? 3 : below(4)) {
            case 0:
                r.SwapElements(&message, &field, any(), any());
                return;
            case 1:
                r.SwapElements(&message, &field, any(), size - 1);
                r.RemoveLast(&message, &field);
                return;
            case 2:
                return set_element(message, field, any());
            default:
                add_element(message, field);
        }
    }

    void set_element(Message& message, const FieldDescriptor& field, int i) {
        const Reflection& r = *message.GetReflection();
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return r.SetRepeatedInt32(&message, &field, i, static_cast<std::int32_t>(other_integer(0)));
            case FieldDescriptor::CPPTYPE_INT64:
                return r.SetRepeatedInt64(&message, &field, i, other_integer(r.GetRepeatedInt64(message, &field, i)));
            case FieldDescriptor::CPPTYPE_FLOAT:
                return r.SetRepeatedFloat(&message, &field, i, other_float());
            case FieldDescriptor::CPPTYPE_STRING:
                return r.SetRepeatedString(&message, &field, i,
                                           other_text(field, r.GetRepeatedString(message, &field, i)));
            case FieldDescriptor::CPPTYPE_MESSAGE: {
                const auto copy = copy_of_any(field);
                Message& child = *r.MutableRepeatedMessage(&message, &field, i);
                if (copy) child.CopyFrom(*copy);
                return;
            }
            default:
                return;
        }
    }

    void add_element(Message& message, const FieldDescriptor& field) {
        const Reflection& r = *message.GetReflection();
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return r.AddInt32(&message, &field, static_cast<std::int32_t>(other_integer(0)));
            case FieldDescriptor::CPPTYPE_INT64:
                return r.AddInt64(&message, &field, other_integer(0));
            case FieldDescriptor::CPPTYPE_FLOAT:
                return r.AddFloat(&message, &field, other_float());
            case FieldDescriptor::CPPTYPE_DOUBLE:
                return r.AddDouble(&message, &field, static_cast<double>(other_float()));
            case FieldDescriptor::CPPTYPE_STRING:
                return r.AddString(&message, &field, other_text(field, ""));
            case FieldDescriptor::CPPTYPE_MESSAGE: {
                const auto copy = copy_of_any(field);
                Message& child = *r.AddMessage(&message, &field);
                if (copy) child.CopyFrom(*copy);
                return;
            }
            default:
                return;
        }
    }

    /// A new node whose result replaces the graph's first output.
    void grow_node() {
        onnx::NodeProto& node = *model_.mutable_graph()->add_node();
        node.set_op_type(any_op());
        const std::size_t inputs = 1 + below(3);
        for (std::size_t i = 0; i < inputs; ++i) node.add_input(names_[below(names_.size())]);
        node.add_output("grown" + std::to_string(rng_.below(1000)));
        if (below(2) == 0) {
            onnx::AttributeProto& attribute = *node.add_attribute();
            attribute.set_name(kAttributeNames[below(kAttributeNames.size())]);
            attribute.set_type(onnx::AttributeProto::INT);
            attribute.set_i(static_cast<std::int64_t>(below(4)));
        }
        if (model_.graph().output_size() > 0) model_.mutable_graph()->mutable_output(0)->set_name(node.output(0));
    }

    onnx::ModelProto& model_;
    Rng& rng_;
    std::vector<Message*> messages_;
    std::vector<std::string> names_;
};

}  // namespace

bool mutate_onnx(std::string& bytes, Rng& rng) {
    onnx::ModelProto model;
    if (!model.ParseFromString(bytes)) return false;
    // The list of messages is made anew for each change: a change may delete some of them.
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes) ModelMutator(model, rng).change();
    return model.SerializeToString(&bytes);
}

}  // namespace halftone::fuzz
