// Codes of units to an .npz archive and back.
//
//   write_codes   the codes that numbers hold: three arrays for each unit, two where there are no zero points
//   read_codes    the same from the file that a plan names, once its hash is that of the plan
//
// What a unit's configuration says (type and axis of the blocks, their size) does not stand in the archive: load_plan
// takes it from the plan, and compares the sizes of the arrays with it.
#include "plan/codes_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "data/formats/stored_array.hpp"
#include "tensor/block_affine.hpp"
#include "tensor/npy.hpp"
#include "tensor/npz.hpp"

namespace halftone {
namespace {

bool is_unsigned_code(DType dtype) { return dtype == DType::u4 || dtype == DType::u8; }

/// NumPy has no type of 4 bits: such codes, which take a byte each here too, are written as bytes.
DType byte_type(DType dtype) { return is_unsigned_code(dtype) ? DType::u8 : DType::s8; }

// Of the whole file: a plan must not be carried out with the codes of another run.
std::string code_hash(const std::string& bytes) { return hex16(hash_bytes(std::as_bytes(std::span(bytes)))); }

Tensor as_bytes_tensor(const Tensor& codes) {
    Tensor bytes({byte_type(codes.dtype()), codes.shape()});
    std::copy_n(codes.view().data, codes.bytes(), bytes.mutable_view().data);
    return bytes;
}

Tensor zero_point_tensor(const QuantParams& params, const Shape& shape) {
    Tensor zero_points({byte_type(params.dtype), shape});
    std::byte* bytes = zero_points.mutable_view().data;
    for (std::size_t i = 0; i < params.zero_point.size(); ++i) bytes[i] = static_cast<std::byte>(params.zero_point[i]);
    return zero_points;
}

Tensor read_array(const std::string& path, const std::string& name) {
    const auto array = open_npz(path, name);
    return array->read_rows(0, array->rows());
}

}  // namespace

std::optional<CodesFile> write_codes(const PlanNumbers& numbers, const std::string& name) {
    std::vector<std::pair<std::string, std::string>> arrays;
    CodesFile file;
    file.reference.file = name;
    for (const auto& [unit, own] : numbers.units) {  // by name, so that the order is always the same
        if (own.codes.is_empty()) continue;
        const std::size_t index = file.reference.units.size();
        const Shape shape = block_scale_shape(own.codes.shape(), own.weight.axis, own.weight.block_size);
        arrays.emplace_back(fmt::format("codes.{}", index), to_npy(as_bytes_tensor(own.codes).view()));
        arrays.emplace_back(fmt::format("scale.{}", index), to_npy(Tensor::of<float>(shape, own.weight.scale).view()));
        if (is_unsigned_code(own.weight.dtype)) {
            arrays.emplace_back(fmt::format("zero_point.{}", index),
                                to_npy(zero_point_tensor(own.weight, shape).view()));
        }
        file.reference.units.push_back(unit);
    }
    if (arrays.empty()) return std::nullopt;
    file.bytes = to_npz(arrays);
    file.reference.hash = code_hash(file.bytes);
    return file;
}

CodesByUnit read_codes(const ParsedPlan& parsed, const std::string& plan_path) {
    CodesByUnit codes;
    if (!parsed.document.codes) return codes;
    const PlanCodes& reference = *parsed.document.codes;
    const std::string path = joined_path(parent_path(plan_path), reference.file);
    const auto files = make_posix_file_system();
    if (!files->exists(path)) {
        throw ConfigError(fmt::format("{}: {} is missing: it holds the codes of this plan", parsed.places.codes, path));
    }
    if (code_hash(files->read(path)) != reference.hash) {
        throw ConfigError(fmt::format("{}: {} has other codes than those of this plan: its hash is not {}",
                                      parsed.places.codes, path, reference.hash));
    }
    for (std::size_t i = 0; i < reference.units.size(); ++i) {
        BlockCodes own;
        own.codes = read_array(path, fmt::format("codes.{}", i));
        const Tensor scale = read_array(path, fmt::format("scale.{}", i));
        if (scale.dtype() != DType::f32 || (own.codes.dtype() != DType::s8 && own.codes.dtype() != DType::u8)) {
            throw DataError(fmt::format("{}: codes.{} must be int8 or uint8, and scale.{} float32", path, i, i));
        }
        own.params.dtype = own.codes.dtype();
        own.params.scale.assign(scale.as<float>().begin(), scale.as<float>().end());
        own.params.zero_point.assign(own.params.scale.size(), 0);  // symmetric codes have no array of them
        if (own.codes.dtype() == DType::u8) {
            const Tensor zero_points = read_array(path, fmt::format("zero_point.{}", i));
            if (zero_points.dtype() != DType::u8) {
                throw DataError(fmt::format("{}: zero_point.{} must be uint8", path, i));
            }
            own.params.zero_point.assign(zero_points.as<std::uint8_t>().begin(), zero_points.as<std::uint8_t>().end());
        }
        codes.emplace(reference.units[i], std::move(own));
    }
    return codes;
}

}  // namespace halftone
