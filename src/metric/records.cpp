// Answers by sample number: a std::map keeps them in the order of the data set, so two groupings of the same samples
// save the same bytes. A sample that comes twice replaces itself.
#include "metric/records.hpp"

#include <algorithm>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"

namespace halftone {
namespace {

/// Far above any model's output; keeps damaged bytes from asking for memory that they cannot fill.
constexpr std::uint64_t kMostDimensions = 64;

Tensor copy_of(const TensorView& view) {
    Tensor tensor(view.type);
    std::copy_n(view.data, view.bytes(), tensor.mutable_view().data);
    return tensor;
}

void put_tensor(WireWriter& wire, const Tensor& tensor) {
    // An element type is one byte; its numbers are those of DType, which only grows at its end.
    wire.put(tensor.dtype());
    wire.put_all(tensor.shape().dims());
    wire.put_text({reinterpret_cast<const char*>(tensor.view().data), tensor.bytes()});
}

Tensor get_tensor(ByteReader& wire) {
    const auto dtype = wire.get<DType>("an element type");
    wire.expect(dtype <= DType::boolean, "a known element type");
    const auto dims = wire.get_all<std::int64_t>("dimensions");
    wire.expect(dims.size() <= kMostDimensions, "a shape");
    const std::string_view bytes = wire.get_view("the elements of a tensor");
    wire.require<MpiError>();
    // Multiplied step by step, so that no product of damaged sizes can overflow.
    std::uint64_t size = size_of(dtype);
    for (const std::int64_t dim : dims) {
        wire.expect(dim >= 0 && (dim == 0 || size <= bytes.size() / static_cast<std::uint64_t>(dim)),
                    "a shape that fits");
        wire.require<MpiError>();
        size *= static_cast<std::uint64_t>(dim);
    }
    wire.expect(size == bytes.size(), "as many elements as the shape has");
    wire.require<MpiError>();
    Tensor tensor({dtype, Shape(dims)});
    std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), tensor.mutable_view().data);
    return tensor;
}

void put_field(WireWriter& wire, const FieldValue& value) {
    const auto* texts = std::get_if<std::vector<std::string>>(&value);
    wire.put(texts != nullptr);
    if (texts == nullptr) return put_tensor(wire, std::get<Tensor>(value));
    wire.put_varint(texts->size());
    for (const std::string& text : *texts) wire.put_text(text);
}

FieldValue get_field(ByteReader& wire) {
    const bool is_text = wire.get<bool>("whether a target is a text");
    if (!is_text) return get_tensor(wire);
    std::vector<std::string> texts(wire.get_count(1, "a number of texts"));
    for (std::string& text : texts) text = wire.get_text();
    return texts;
}

}  // namespace

std::optional<double> RecordAccumulator::add(const SampleAnswer& answer) {
    // A record alone says nothing about the value, so there is no judgement.
    records_[answer.id] = record_of(answer);
    return std::nullopt;
}

AnswerRecord RecordAccumulator::record_of(const SampleAnswer& answer) const {
    AnswerRecord record;
    for (const TensorView& output : answer.outputs) record.outputs.push_back(copy_of(output));
    record.targets.assign(answer.targets.begin(), answer.targets.end());
    return record;
}

std::string RecordAccumulator::save() const {
    WireWriter wire;
    wire.put_varint(records_.size());
    for (const auto& [id, record] : records_) {
        wire.put(id);
        wire.put_varint(record.outputs.size());
        for (const Tensor& output : record.outputs) put_tensor(wire, output);
        wire.put_varint(record.targets.size());
        for (const FieldValue& target : record.targets) put_field(wire, target);
    }
    return wire.take();
}

void RecordAccumulator::merge(std::string_view saved) {
    ByteReader wire(saved, "the answers of a shard");
    const std::size_t count = wire.get_count(sizeof(std::int64_t), "a number of answers");
    for (std::size_t i = 0; i < count; ++i) {
        const auto id = wire.get<std::int64_t>("a sample number");
        AnswerRecord record;
        const std::size_t outputs = wire.get_count(1, "a number of outputs");
        for (std::size_t o = 0; o < outputs; ++o) record.outputs.push_back(get_tensor(wire));
        const std::size_t targets = wire.get_count(1, "a number of targets");
        for (std::size_t t = 0; t < targets; ++t) record.targets.push_back(get_field(wire));
        wire.expect(is_own(record), "a record of this metric");
        wire.require<MpiError>();
        records_[id] = std::move(record);
    }
    wire.require_end<MpiError>();
}

}  // namespace halftone
