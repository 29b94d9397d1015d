// COCO's annotations, by a parser that tells what it meets instead of building a tree.
//
//   FileCharacters   the text of a file in pieces of 1 MiB, as an iterator
//   CocoVisitor      is told of every value; keeps those of `images` and `annotations` and the ids of `categories`
//   join             gives each annotation to its image, wherever in the file the two lists stand
#include "data/formats/coco_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kJsonPieceBytes = std::uint64_t{1} << 20U;
/// COCO's own files are five levels deep.
constexpr int kMostJsonDepth = 64;
/// Memory is asked for in steps: a budget that is asked for every box would be asked a million times.
constexpr std::size_t kMemoryStep = std::size_t{1} << 20U;
/// What an id in a set takes, with its place.
constexpr std::size_t kCategoryBytes = 64;

/// A file's bytes, which are read when the iterator comes to them.
class JsonFile {
public:
    explicit JsonFile(const std::string& path) : path_(path), left_(files_->size(path)) { next_piece(); }
    [[nodiscard]] bool at_end() const { return position_ == piece_.size() && left_ == 0; }
    [[nodiscard]] char current() const { return piece_[position_]; }
    void advance() {
        if (++position_ == piece_.size() && left_ > 0) next_piece();
    }

private:
    void next_piece() {
        const std::uint64_t count = std::min(left_, kJsonPieceBytes);
        piece_ = files_->read_part(path_, offset_, count);
        offset_ += count;
        left_ -= count;
        position_ = 0;
    }

    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    const std::string& path_;
    std::uint64_t offset_ = 0;
    std::uint64_t left_;
    std::string piece_;
    std::size_t position_ = 0;
};

/// What the parser takes: a pair of input iterators. The end has no file.
class FileCharacters {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = char;

    explicit FileCharacters(JsonFile* file = nullptr) : file_(file) {}
    char operator*() const { return file_->current(); }
    FileCharacters& operator++() {
        file_->advance();
        return *this;
    }
    FileCharacters operator++(int) {
        FileCharacters before = *this;
        file_->advance();
        return before;
    }
    friend bool operator==(const FileCharacters& a, const FileCharacters& b) { return a.is_end() == b.is_end(); }

private:
    // All ends are equal, and nothing else is compared: the parser asks only whether it is at the end.
    [[nodiscard]] bool is_end() const { return file_ == nullptr || file_->at_end(); }
    JsonFile* file_;
};

struct CocoAnnotation {
    std::int64_t image = 0;
    std::int64_t number = 0;  ///< in `annotations`, from 0
    CocoBox box;
};

/// Is told of every value of the file. Entries of the three lists are objects at depth 3 (file, list, entry).
class CocoVisitor : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit CocoVisitor(const std::string& name) : name_(name) {}

    bool null() override { return true; }
    bool boolean(bool value) override { return number(value ? 1 : 0, true); }
    bool number_integer(number_integer_t value) override { return number(static_cast<double>(value), true, value); }
    bool number_unsigned(number_unsigned_t value) override {
        const bool fits = value <= static_cast<number_unsigned_t>(INT64_MAX);
        return number(static_cast<double>(value), fits, fits ? static_cast<std::int64_t>(value) : 0);
    }
    bool number_float(number_float_t value, const string_t&) override { return number(value, false); }
    bool string(string_t& value) override {
        if (in_entry() && key_ == "file_name") image_.file_name = value;
        return true;
    }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override {
        // Counted before anything is done, so that an entry's own values are at depth 3, and those of a list in it
        // at 4.
        if (++depth_ == 3 && section_ != Section::none) begin_entry();
        return depth_ <= kMostJsonDepth || fail("is nested too deeply");
    }
    bool key(string_t& value) override {
        // The lists are keys of the file itself; COCO's `info` may have keys of the same names.
        if (depth_ == 1) {
            section_ = value == "images"        ? Section::images
                       : value == "annotations" ? Section::annotations
                       : value == "categories"  ? Section::categories
                                                : Section::none;
        }
        // Keys deeper down belong to outlines (RLE has `counts` and `size`) and must not hide the entry's key.
        if (depth_ == 3) key_ = value;
        return true;
    }
    bool end_object() override {
        const bool is_good = !in_entry() || end_entry();
        --depth_;
        return is_good;
    }
    bool start_array(std::size_t) override {
        ++depth_;
        if (depth_ == 2 && section_ == Section::images) has_images_ = true;
        if (depth_ == 2 && section_ == Section::annotations) has_annotations_ = true;
        return depth_ <= kMostJsonDepth || fail("is nested too deeply");
    }
    bool end_array() override {
        --depth_;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        // The library's text begins with its own number of the error, which says nothing to users.
        const std::string text = error.what();
        const std::size_t end_of_number = text.find("] ");
        return fail(fmt::format("is no JSON at byte {}: {}", position,
                                end_of_number == std::string::npos ? text : text.substr(end_of_number + 2)));
    }

    /// @throws DataError with what was wrong
    CocoAnnotations result(bool is_parsed) {
        if (!is_parsed) throw DataError(name_ + ": " + fault_);
        if (!has_images_ || !has_annotations_) {
            throw DataError(name_ +
                            ": holds no lists `images` and `annotations`, as COCO's instances_val2017.json does");
        }
        return join();
    }

private:
    enum class Section { none, images, annotations, categories };

    [[nodiscard]] bool in_entry() const { return depth_ == 3 && section_ != Section::none; }

    bool fail(const std::string& what) {
        fault_ = what;
        return false;
    }
    [[nodiscard]] std::string entry_name() const {
        if (section_ == Section::images) return fmt::format("images[{}]", images_.size());
        return section_ == Section::categories ? fmt::format("categories[{}]", listed_)
                                               : fmt::format("annotations[{}]", annotations_);
    }

    void begin_entry() {
        image_ = {};
        annotation_ = {};
        category_ = 0;
        box_numbers_.clear();
        has_id_ = has_image_ = has_category_ = has_area_ = false;
    }

    /// Takes a number: a key of an entry, or one of the four of its `bbox`.
    bool number(double value, bool is_integer, std::int64_t integer = 0) {
        if (section_ == Section::none) return true;
        if (depth_ == 4 && key_ == "bbox") box_numbers_.push_back(value);
        if (depth_ != 3) return true;
        if (key_ == "area") {
            annotation_.box.area = value;
            has_area_ = true;
        } else if (key_ == "iscrowd") {
            annotation_.box.is_crowd = value != 0;
        } else if (std::int64_t* place = integer_named(key_)) {
            if (!is_integer) return fail(fmt::format("{}: {} is no integer", entry_name(), key_));
            *place = integer;
        }
        return true;
    }

    /// Returns where the integer of a key belongs, and notes that it is there; null for a key that nobody needs.
    std::int64_t* integer_named(const std::string& key) {
        if (section_ == Section::images) {
            if (key == "height") return &image_.height;
            if (key == "width") return &image_.width;
            if (key != "id") return nullptr;
            has_id_ = true;
            return &image_.id;
        }
        if (section_ == Section::categories) return key == "id" ? &category_ : nullptr;
        if (key == "image_id") {
            has_image_ = true;
            return &annotation_.image;
        }
        if (key != "category_id") return nullptr;
        has_category_ = true;
        return &annotation_.box.category;
    }

    bool end_entry() {
        if (section_ == Section::categories) return end_category();
        return section_ == Section::images ? end_image() : end_annotation();
    }

    bool end_category() {
        ++listed_;
        if (categories_.insert(category_).second) count_memory(kCategoryBytes);
        return true;
    }

    // An image must be known by its id and have a file. Sizes may be missing: the picture itself has them.
    bool end_image() {
        if (!has_id_) return fail(entry_name() + " has no id");
        if (image_.file_name.empty()) return fail(entry_name() + " has no file_name");
        if (image_.height < 0 || image_.width < 0) return fail(entry_name() + " has a negative size");
        image_.number = static_cast<std::int64_t>(images_.size());
        count_memory(2 * sizeof(CocoImage) + image_.file_name.size());
        images_.push_back(std::move(image_));
        return true;
    }

    /// Annotations without a box (of whole pictures, or of other tasks) are left out, as LPOT does.
    bool end_annotation() {
        const bool has_box = !box_numbers_.empty();
        if (has_box && !has_image_) return fail(entry_name() + " has no image_id");
        if (has_box && !has_category_) return fail(entry_name() + " has no category_id");
        if (has_box && box_numbers_.size() != 4) {
            return fail(fmt::format("{}: bbox has {} numbers, not 4", entry_name(), box_numbers_.size()));
        }
        if (has_box) {
            std::copy(box_numbers_.begin(), box_numbers_.end(), annotation_.box.corner_and_size.begin());
            const auto& [x, y, width, height] = annotation_.box.corner_and_size;
            if (!(width >= 0) || !(height >= 0)) return fail(entry_name() + ": bbox has a negative size");
            if (!has_area_) annotation_.box.area = width * height;
            annotation_.number = annotations_;
            count_memory(2 * (sizeof(CocoAnnotation) + sizeof(CocoBox)));  // lists grow to twice what they need at most
            found_.push_back(annotation_);
        }
        ++annotations_;
        return true;
    }

    CocoAnnotations join() {
        // Only now: annotations stand in front of the images in some files, COCO's own among them.
        std::unordered_map<std::int64_t, std::size_t> by_id;
        for (std::size_t i = 0; i < images_.size(); ++i) {
            const auto [first, is_new] = by_id.emplace(images_[i].id, i);
            if (is_new) continue;
            throw DataError(fmt::format("{}: images[{}] and images[{}] have the same id {}", name_, first->second, i,
                                        images_[i].id));
        }
        // In the file's order, so that boxes of a picture keep theirs.
        for (const CocoAnnotation& annotation : found_) {
            const auto image = by_id.find(annotation.image);
            if (image == by_id.end()) {
                throw DataError(fmt::format("{}: annotations[{}] is of the image {}, which `images` does not list",
                                            name_, annotation.number, annotation.image));
            }
            // pycocotools leaves such annotations out. A file without the list is taken as it is.
            if (!categories_.empty() && !categories_.contains(annotation.box.category)) {
                throw DataError(
                    fmt::format("{}: annotations[{}] is of the category {}, which `categories` does not list", name_,
                                annotation.number, annotation.box.category));
            }
            images_[image->second].boxes.push_back(annotation.box);
        }
        return {.images = std::move(images_), .taken = std::move(taken_)};
    }

    void count_memory(std::size_t bytes) {
        not_taken_ += bytes;
        if (not_taken_ < kMemoryStep) return;
        taken_.push_back(std::make_unique<const BudgetedBytes>(process_budget(), not_taken_, name_));
        not_taken_ = 0;
    }

    const std::string& name_;
    std::string fault_ = "is no JSON";
    int depth_ = 0;
    Section section_ = Section::none;
    std::string key_;  ///< of the entry that is read
    bool has_images_ = false, has_annotations_ = false;

    CocoImage image_;
    CocoAnnotation annotation_;
    std::vector<double> box_numbers_;
    bool has_id_ = false, has_image_ = false, has_category_ = false, has_area_ = false;

    std::vector<CocoImage> images_;
    std::vector<CocoAnnotation> found_;
    std::int64_t annotations_ = 0;  ///< entries so far, also those without a box
    std::int64_t category_ = 0;     ///< the id of the entry that is read
    std::int64_t listed_ = 0;       ///< categories so far
    std::unordered_set<std::int64_t> categories_;
    std::vector<std::unique_ptr<const BudgetedBytes>> taken_;
    std::size_t not_taken_ = 0;  ///< bytes that the budget was not asked for yet
};

}  // namespace

CocoAnnotations read_coco_json(const std::string& path) {
    if (!make_posix_file_system()->is_file(path)) throw DataError(path + ": no such file");
    CocoVisitor visitor(path);
    JsonFile file(path);
    const bool is_parsed = nlohmann::json::sax_parse(FileCharacters(&file), FileCharacters(), &visitor);
    return visitor.result(is_parsed);
}

CocoAnnotations parse_coco_json(std::string_view text, const std::string& name) {
    CocoVisitor visitor(name);
    const bool is_parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &visitor);
    return visitor.result(is_parsed);
}

}  // namespace halftone
