// What a dump holds, and how a rank writes its parts.
//
//   DumpWork, add_unit   decide the layout: for each unit the shape of a sample, and whether codes are stored
//   identity_of          makes the hash that tells parts of this dump from parts of another
//   write_part           runs both models over one shard, batch by batch, and appends the outputs
//   gather               brings a batch whose samples do not lie together into the order of the file
//   write_weights        writes the weights of the units, for write_index
//   write_index          is called last, by one rank: it writes the index over all parts
//
// The parts do not depend on the number of ranks: shards are fixed, and each is run in batches from its own begin.
#include "study/dump_work.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/saturate.hpp"
#include "base/text.hpp"
#include "eval/open_shapes.hpp"
#include "eval/sample_feed.hpp"
#include "kernel/ops/machine.hpp"
#include "tensor/affine.hpp"

namespace halftone::study {
namespace {

/// Returns the parameters of a value, or null where it is not quantized. `unit` is empty for activations.
const QuantizedTensor* find_tensor(const QuantizedModel& model, const std::string& name, const std::string& unit) {
    const auto found = std::find_if(model.tensors.begin(), model.tensors.end(), [&](const QuantizedTensor& tensor) {
        return tensor.name == name && tensor.unit == unit;
    });
    return found == model.tensors.end() ? nullptr : &*found;
}

/// Returns the DequantizeLinear of constants that gives a unit its weight in the quantized graph, or null where the
/// weight is not stored as codes. The unit's main node keeps its name when a graph is quantized.
const Node* weight_dequantize(const Graph& fp32, const Unit& unit, const Graph& quantized) {
    const Node& main = fp32.node(unit.main);
    const auto place = std::find(main.inputs.begin(), main.inputs.end(), unit.weight) - main.inputs.begin();
    const auto& nodes = quantized.nodes();
    const auto same =
        std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.name == main.name; });
    if (same == nodes.end()) return nullptr;
    const NodeId producer = quantized.producer(same->inputs[static_cast<std::size_t>(place)]);
    if (!producer.is_valid() || quantized.node(producer).op != "DequantizeLinear") return nullptr;
    const Node& node = quantized.node(producer);
    return quantized.value(node.inputs[0]).is_constant() ? &node : nullptr;
}

/// Returns the int8 codes of a unit's weight, with scales along one axis; null where it is not stored so.
const Tensor* stored_weight(const Graph& fp32, const Unit& unit, const Graph& quantized) {
    const Node* node = weight_dequantize(fp32, unit, quantized);
    if (node == nullptr || int_attribute(*node, "block_size", 0) != 0) return nullptr;
    const Tensor& codes = quantized.value(node->inputs[0]).constant;
    return codes.dtype() == DType::s8 ? &codes : nullptr;
}

/// Codes of 4 or 8 bits, each of which takes a byte, as HDF5 elements.
H5Elements elements_of_codes(const Tensor& codes) {
    if (codes.dtype() == DType::s4 || codes.dtype() == DType::s8) {
        const auto all = codes.as<std::int8_t>();
        return std::vector<std::int8_t>(all.begin(), all.end());
    }
    const auto all = codes.as<std::uint8_t>();
    return std::vector<std::uint8_t>(all.begin(), all.end());
}

/// Writes a weight by blocks as its DequantizeLinear reads it. Without zero points in the model none are written.
void write_blocks(H5Writer& file, const std::string& group, const Graph& quantized, const Node& node) {
    const Tensor& codes = quantized.value(node.inputs[0]).constant;
    const Tensor& scale = quantized.value(node.inputs[1]).constant;
    file.array({.path = group + "/quantized",
                .description =
                    "its codes, as the matrix of the file: real = scale * (code - zero_point); row r of scale "
                    "and zero_point belongs to the rows of codes from r * block_size on",
                .units = "1",
                .elements = elements_of_codes(codes),
                .shape = codes.shape().dims()});
    file.attribute(group + "/quantized", "block_size", int_attribute(node, "block_size", 0));
    file.attribute(group + "/quantized", "bits", std::int64_t{is_four_bit(codes.dtype()) ? 4 : 8});
    const auto scales = scale.as<float>();
    file.array({.path = group + "/scale",
                .description = "real value of one step of the codes",
                .units = "1",
                .elements = std::vector<float>(scales.begin(), scales.end()),
                .shape = scale.shape().dims()});
    if (!has_input(node, 2)) return;
    const Tensor& zero_point = quantized.value(node.inputs[2]).constant;
    file.array({.path = group + "/zero_point",
                .description = "code of 0.0",
                .units = "1",
                .elements = elements_of_codes(zero_point),
                .shape = zero_point.shape().dims()});
}

/// Returns a hash of everything that decides what the parts hold: two dumps with equal identity may exchange parts.
std::string identity_of(const DumpLayout& layout, const QuantizedModel& model, const Pipeline& data) {
    Hasher hash;
    hash.add(layout.model);
    hash.add(layout.isa);
    hash.add(data.identity_hash());
    hash.add(layout.samples);
    hash.add(layout.batch);
    hash.add(layout.gzip);
    for (const DumpShard& shard : layout.shards) hash.add(shard.first);
    for (const DumpedUnit& unit : layout.units) hash.add(unit.group + unit.value);
    for (const QuantizedTensor& tensor : model.tensors) {
        hash.add(tensor.name + "/" + tensor.unit);
        hash.add(static_cast<std::int64_t>(tensor.params.dtype));
        for (const float scale : tensor.params.scale) hash.add(static_cast<double>(scale));
        for (const std::int32_t zero : tensor.params.zero_point) hash.add(static_cast<std::int64_t>(zero));
    }
    return hex16(hash.digest());
}

}  // namespace

DumpWork::DumpWork(const Pipeline& data, const PreparedModel& fp32, QuantizedModel quantized,
                   const DumpContents& contents)
    : data_(data),
      fp32_(fp32),
      quantized_(std::move(quantized)),
      batch_(contents.batch),
      weights_(make_weight_cache()) {
    if (!fp32.graph.info().bound_dims.empty() && has_open_sizes(data.schema().inputs)) {
        throw ConfigError("a dump needs samples of one size; collate: {pad_to: {max: N}} pads them");
    }
    CompileOptions compile;
    compile.batch = batch_;
    // Both sessions share packed weights and working memory: a dump needs little more than one model.
    compile.weights = weights_.get();
    compile.memory = &memory_;
    // Every unit is watched, whichever are written: what is watched may decide how its neighbours are computed.
    probe_.emplace(ProbeKind::unit_errors, fp32_, quantized_.graph, compile);
    layout_.model = hex16(fp32.hash);
    layout_.isa = isa_name();
    layout_.version = contents.version;
    layout_.plan = contents.plan;
    layout_.samples = contents.samples;
    layout_.batch = batch_;
    layout_.gzip = contents.gzip;
    for (std::int64_t s = 0; s < contents.shards; ++s) {
        const SampleRange range = shard_range(contents.samples, contents.shards, s);
        layout_.shards.push_back({range.first, range.count()});
    }
    for (const std::size_t unit : contents.units) add_unit(unit);
    layout_.identity = identity_of(layout_, quantized_, data_);
}

void DumpWork::add_unit(std::size_t u) {
    const Unit& unit = fp32_.units[u];
    const std::string& value = fp32_.graph.value(unit.output).name;
    // The batch is the value's symbolic dimension. It need not be the first one: a transposed value may have it
    // anywhere.
    const Shape& actual = probe_->reference(u).type.shape;
    const auto& declared = probe_->declared(u).dims();
    const auto symbolic = std::find(declared.begin(), declared.end(), kSymbolic);
    const auto axis = static_cast<std::size_t>(symbolic == declared.end() ? 0 : symbolic - declared.begin());
    DumpedUnit dumped;
    dumped.group = dump_group(u, unit.name);
    dumped.unit = unit.name;
    dumped.op = unit.op;
    dumped.value = value;
    Source source{.unit = u, .outer = 1, .params = {}};
    for (std::size_t d = 0; d < actual.rank(); ++d) {
        if (d < axis) source.outer *= actual[d];
        if (d > axis) dumped.inner *= actual[d];
        if (d != axis) dumped.sample_shape.push_back(actual[d]);
    }
    // Without a row for each sample nobody could say which element belongs to which sample.
    if (actual[axis] != batch_) {
        throw ModelError("the output '" + value + "' of unit '" + unit.name + "' has shape " + actual.to_text() +
                         " for " + std::to_string(batch_) + " samples: it cannot be split by sample");
    }
    const QuantizedTensor* tensor = find_tensor(quantized_, value, "");
    // An output is stored as codes where a QuantizeLinear and a DequantizeLinear stand behind it: its readers then see
    // another value. Values with a scale for each channel stay float32.
    const bool is_code = seen_output(quantized_.graph, value) != *quantized_.graph.find_value(value);
    if (is_code && tensor != nullptr && tensor->params.is_per_tensor()) {
        source.params = tensor->params;
        dumped.stored = tensor->params.dtype;
        dumped.scale = tensor->params.scale[0];
        dumped.zero_point = tensor->params.zero_point[0];
    }
    layout_.units.push_back(std::move(dumped));
    sources_.push_back(std::move(source));
}

std::int64_t DumpWork::activation_bytes() const {
    std::int64_t bytes = 0;
    for (const DumpedUnit& unit : layout_.units) {
        // The count of samples is the user's. A product that wraps would pass --max-bytes.
        bytes = saturating_sum(bytes, saturating_product(unit.sample_bytes(), layout_.samples));
    }
    return bytes;
}

std::int64_t DumpWork::weight_bytes() const {
    std::int64_t bytes = 0;
    for (const Source& source : sources_) {
        const Unit& unit = fp32_.units[source.unit];
        const Shape& shape = fp32_.graph.value(unit.weight).type.shape;
        // Codes of 4 bits have a byte each here, too. The scales of blocks are few beside them.
        const bool has_codes = weight_dequantize(fp32_.graph, unit, quantized_.graph) != nullptr;
        bytes += shape.elements() * static_cast<std::int64_t>(sizeof(float) + (has_codes ? 1 : 0));
    }
    return bytes;
}

const float* DumpWork::gather(TensorView value, const Source& source, const DumpedUnit& unit, std::int64_t rows,
                              std::vector<float>& buffer) const {
    // Where the batch comes first, samples lie one after the other already.
    const float* from = value.as<float>().data();
    if (source.outer == 1) return from;
    const auto inner = static_cast<std::size_t>(unit.inner);
    buffer.resize(static_cast<std::size_t>(rows * unit.sample_elements()));
    float* to = buffer.data();
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t o = 0; o < source.outer; ++o, to += inner) {
            std::copy_n(from + static_cast<std::size_t>(o * batch_ + row) * inner, inner, to);
        }
    }
    return buffer.data();
}

void DumpWork::write_part(std::size_t shard, const std::string& folder) {
    DumpPart part(layout_, shard, folder);
    const DumpShard& range = layout_.shards[shard];
    const InputFields fields = fields_of(fp32_.graph, data_.schema());
    // The last batch may be short: its unused rows are run, and not written.
    for (std::int64_t done = 0; done < range.count; done += batch_) {
        const std::int64_t rows = std::min(batch_, range.count - done);
        const std::int64_t first = range.first + done;
        read_samples(data_, {first, first + rows}, fields, batch_, probe_->inputs());
        probe_->run_units();
        for (std::size_t i = 0; i < sources_.size(); ++i) {
            const Source& source = sources_[i];
            const DumpedUnit& unit = layout_.units[i];
            const auto elements = static_cast<std::size_t>(rows * unit.sample_elements());
            const float* reference = gather(probe_->reference(source.unit), source, unit, rows, gathered_fp32_);
            const float* other = gather(probe_->candidate(source.unit), source, unit, rows, gathered_quantized_);
            const auto* stored = reinterpret_cast<const std::byte*>(other);
            if (source.params) {
                const Shape flat{static_cast<std::int64_t>(elements)};
                // Batches are of one size but for the last one: the buffer grows once.
                if (codes_.elements() < flat.elements()) codes_ = Tensor({unit.stored, flat});
                const MutableView codes{{unit.stored, flat}, codes_.mutable_view().data};
                const std::int32_t zero = source.params->zero_point[0];
                quantize_linear({other, elements}, source.params->scale[0], zero, codes);
                // The executor shows real values. Quantizing them again must give the codes behind them, which is
                // checked by going back: else the dump would be wrong.
                check_.resize(elements);
                dequantize_linear(codes, source.params->scale[0], zero, check_);
                HALFTONE_CHECK(std::equal(check_.begin(), check_.end(), other), "codes give the reals that were seen");
                stored = codes.data;
            }
            part.write(i, done, rows, reinterpret_cast<const std::byte*>(reference), stored);
        }
    }
    part.commit();
}

void DumpWork::write_weights(H5Writer& file, std::size_t i) const {
    const Unit& unit = fp32_.units[sources_[i].unit];
    const Value& value = fp32_.graph.value(unit.weight);
    const std::string group = "/weights/" + layout_.units[i].group;
    const auto elements = [](const Tensor& tensor) {
        const auto all = tensor.as<float>();
        return std::vector<float>(all.begin(), all.end());
    };
    const Tensor& weight = value.constant;
    file.array({.path = group + "/fp32",
                .description = "weight of the unit in the fp32 model, BatchNormalization folded in",
                .units = "1",
                .elements = elements(weight),
                .shape = weight.shape().dims()});
    file.attribute(group, "unit", unit.name);
    file.attribute(group, "value", value.name);
    const Node* dequantize = weight_dequantize(fp32_.graph, unit, quantized_.graph);
    if (dequantize != nullptr && int_attribute(*dequantize, "block_size", 0) != 0) {
        write_blocks(file, group, quantized_.graph, *dequantize);
        return;
    }
    const QuantizedTensor* tensor = find_tensor(quantized_, value.name, unit.name);
    const Tensor* codes = stored_weight(fp32_.graph, unit, quantized_.graph);
    if (tensor == nullptr || codes == nullptr) return;
    const auto all = codes->as<std::int8_t>();
    file.array({.path = group + "/quantized",
                .description = "its codes: real = scale * (code - zero_point), by position along `axis`",
                .units = "1",
                .elements = std::vector<std::int8_t>(all.begin(), all.end()),
                .shape = weight.shape().dims()});
    file.attribute(group + "/quantized", "axis", tensor->params.axis);
    file.attribute(group + "/quantized", "scale",
                   std::vector<double>(tensor->params.scale.begin(), tensor->params.scale.end()));
    file.attribute(group + "/quantized", "zero_point",
                   std::vector<std::int64_t>(tensor->params.zero_point.begin(), tensor->params.zero_point.end()));
}

void DumpWork::write_index(const std::string& folder) const {
    H5Writer file(folder + "/index.h5");
    halftone::write_index(file, layout_, folder);
    file.group("/weights", "Weights of the units, as the fp32 model has them and as codes");
    for (std::size_t i = 0; i < sources_.size(); ++i) write_weights(file, i);
    file.commit();
}

}  // namespace halftone::study
