#pragma once
// Decoders of records of TFRecordDataset: ParseDecodeImagenet, ParseDecodeCoco and ParseDecodeVoc.

#include <memory>

#include "data/record_kinds.hpp"

namespace halftone {

/// Returns a transform that turns the bytes of a record into the sample that the data set of this kind would yield. A
/// sample whose input is a picture already passes unchanged: LPOT's configs name the decoder behind data sets that
/// decode by themselves, too.
/// @throws ConfigError when the section has settings, other than the key `input`
[[nodiscard]] std::unique_ptr<Transform> make_record_decoder(const ConfigNode& node, const RecordKind& kind);

}  // namespace halftone
