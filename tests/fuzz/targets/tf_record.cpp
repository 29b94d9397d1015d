// Any bytes as a TFRecord file, and any bytes as the records in it: refused with a DataError, or samples that have the
// types of their kind.
#include "data/formats/tf_record.hpp"
#include "base/error.hpp"
#include "data/formats/tf_example.hpp"
#include "data/record_kinds.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

/// A record of any kind may be given to the reader of any other.
void read_record_as_all_kinds(std::string_view bytes) {
    for (const RecordKind* kind : {&imagenet_records(), &coco_records(), &voc_records()}) {
        try {
            Sample sample;
            kind->fill(parse_tf_example(bytes, "fuzz: record 0"), sample);
            expect(sample.inputs.size() == kind->schema.inputs.size(), "a record gives another number of inputs");
            expect(sample.targets.size() == kind->schema.targets.size(), "a record gives another number of targets");
        } catch (const DataError&) {
            continue;
        }
    }
}

void run_tf_record(std::string_view bytes) {
    static const ScratchFolder folder;
    read_record_as_all_kinds(bytes);
    const std::string path = folder.write("fuzz.tfrecord", bytes);
    try {
        std::int64_t number = 0;
        for (const TfRecordPlace& place : read_tf_record_index(path)) {
            const std::string record = read_tf_record(path, place, number++);
            expect(record.size() == place.bytes, "a record has another size than its length says");
            read_record_as_all_kinds(record);
        }
    } catch (const DataError&) {
        return;
    }
}

}  // namespace

FuzzTarget make_tf_record_target() { return {.run = &run_tf_record}; }

}  // namespace halftone::fuzz
