#include "dump/event_file.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "base/hash.hpp"
#include "base/wire.hpp"
#include "event.pb.h"

namespace halftone {
namespace {

/// TensorFlow's dtype of texts.
constexpr std::int32_t kStringType = 7;

/// A CRC that is stored beside the data it covers is masked, so that a CRC of it does not come out the same.
/// Source: TensorFlow, tensorflow/core/lib/hash/crc32c.h (rotation by 15 bits, constant).
std::uint32_t masked(std::string_view bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

tensorboard::Event event_at(std::int64_t step, double wall_time_s) {
    tensorboard::Event event;
    event.set_step(step);
    event.set_wall_time(wall_time_s);
    return event;
}

std::string record_of(const tensorboard::Event& event) { return framed_record(event.SerializeAsString()); }

}  // namespace

std::string framed_record(const std::string& bytes) {
    // WireWriter is little-endian, as TFRecord is. The length has a CRC of its own, so that a reader never trusts a
    // damaged length and asks for gigabytes.
    WireWriter length;
    length.put(static_cast<std::uint64_t>(bytes.size()));
    const std::string head = length.take();
    WireWriter frame;
    frame.put(masked(head));
    const std::string head_crc = frame.take();
    WireWriter tail;
    tail.put(masked(bytes));
    return head + head_crc + bytes + tail.take();
}

std::int64_t Distribution::total() const { return std::accumulate(counts.begin(), counts.end(), std::int64_t{0}); }

EventFile::EventFile(FileSystem& files, const std::string& folder, double wall_time_s) {
    files.create_directories(folder);
    // TensorBoard recognises event files by "tfevents" in the name; the number behind it keeps sessions apart.
    const auto second = static_cast<std::int64_t>(wall_time_s);
    file_ = files.open_append(folder + "/events.out.tfevents." + std::to_string(second) + ".halftone");
    tensorboard::Event first = event_at(0, wall_time_s);
    // By convention the first record says which version of the messages follows.
    first.set_file_version("brain.Event:2");
    file_->append(record_of(first));
}

void EventFile::add_scalar(const std::string& tag, std::int64_t step, double wall_time_s, double value) {
    tensorboard::Event event = event_at(step, wall_time_s);
    auto* summary = event.mutable_summary()->add_value();
    summary->set_tag(tag);
    // The format has floats only.
    summary->set_simple_value(static_cast<float>(value));
    file_->append(record_of(event));
}

void EventFile::add_text(const std::string& tag, std::int64_t step, double wall_time_s, const std::string& text) {
    tensorboard::Event event = event_at(step, wall_time_s);
    auto* summary = event.mutable_summary()->add_value();
    summary->set_tag(tag);
    // A text is a string tensor that names the plug-in which shows it.
    summary->mutable_metadata()->mutable_plugin_data()->set_plugin_name("text");
    summary->mutable_tensor()->set_dtype(kStringType);
    summary->mutable_tensor()->mutable_tensor_shape()->add_dim()->set_size(1);
    summary->mutable_tensor()->add_string_val(text);
    file_->append(record_of(event));
}

void EventFile::add_distribution(const std::string& tag, std::int64_t step, double wall_time_s,
                                 const Distribution& values) {
    tensorboard::Event event = event_at(step, wall_time_s);
    auto* summary = event.mutable_summary()->add_value();
    summary->set_tag(tag);
    auto* histogram = summary->mutable_histo();
    histogram->set_min(values.min);
    histogram->set_max(values.max);
    histogram->set_num(static_cast<double>(values.total()));
    histogram->set_sum(values.sum);
    histogram->set_sum_squares(values.sum_squares);
    // A histogram lists the upper end of each bucket. The first bucket, of what lies below the bins, ends where they
    // begin; the last one reaches to the largest double.
    const auto bins = static_cast<double>(values.counts.size() - 2);
    for (std::size_t i = 0; i < values.counts.size(); ++i) {
        const bool is_last = i + 1 == values.counts.size();
        histogram->add_bucket_limit(is_last ? std::numeric_limits<double>::max()
                                            : values.low + (values.high - values.low) * static_cast<double>(i) / bins);
        histogram->add_bucket(static_cast<double>(values.counts[i]));
    }
    file_->append(record_of(event));
}

}  // namespace halftone
