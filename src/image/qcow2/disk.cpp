#include "qcow2/disk.h"

#include <algorithm>

#include "byte_order.h"
#include "image/qcow2.h"
#include "luks/luks.h"
#include "qcow2/describe.h"
#include "qcow2/upkeep/check.h"
#include "qcow2/upkeep/relink.h"
#include "qcow2/writer.h"

namespace truce::image::qcow2 {

void Contents::forget_decoded() {
  std::lock_guard lock(decoded_mutex_);
  decoded_.reset();
}

std::unexpected<Error> Contents::not_opened() const {
  if (header.encryption)
    return fail(Code::forbidden, "{}: the disk is encrypted (LUKS), and its key was not given",
                file->name());
  return fail(Code::forbidden, "{}: its data file '{}' was not opened", file->name(),
              header.data_file);
}

// The last cluster of a file may be cut off: what is missing is zero.
Result<void> Contents::read_data(std::uint64_t host, Span into) const {
  const auto* from = data_file();
  if (from == nullptr) return not_opened();
  auto end = from->size();
  auto stored = host >= end ? 0 : std::min<std::uint64_t>(into.size(), end - host);
  std::ranges::fill(into.subspan(stored), std::byte{});
  return from->read(host, into.first(stored));
}

Result<void> Contents::decode(const Mapped& run, Span into) {
  auto end = file->size();
  std::vector<std::byte> stored(std::min(run.stored, end - std::min(run.host, end)));
  TRY_VOID(file->read(run.host, stored));
  auto decoded = decoder.decode(stored, into);
  if (!decoded) {
    return std::unexpected(std::move(decoded).error().within(
        fmt::format("{}: the compressed cluster at {}", file->name(), run.host)));
  }
  return {};
}

Result<void> Contents::read_compressed(const Mapped& run, std::uint64_t offset, Span into) {
  const auto& geometry = header.geometry;
  if (into.size() == geometry.cluster_size()) return decode(run, into);
  std::shared_ptr<std::vector<std::byte>> cluster;
  {
    std::lock_guard lock(decoded_mutex_);
    if (decoded_at_ == run.host) cluster = decoded_;
  }
  if (!cluster) {
    cluster = std::make_shared<std::vector<std::byte>>(geometry.cluster_size());
    TRY_VOID(decode(run, *cluster));
    std::lock_guard lock(decoded_mutex_);
    decoded_ = cluster;
    decoded_at_ = run.host;
  }
  std::ranges::copy(View(*cluster).subspan(offset - geometry.round_down(offset), into.size()),
                    into.begin());
  return {};
}

Result<void> Contents::read_parent(std::uint64_t offset, Span into) const {
  if (parent_ignored) {
    return fail(Code::forbidden, "{}: the backing file '{}' was not opened", file->name(),
                header.backing_file);
  }
  auto end = parent ? parent->size() : 0;
  auto there = offset >= end ? 0 : std::min<std::uint64_t>(into.size(), end - offset);
  std::ranges::fill(into.subspan(there), std::byte{});
  return there == 0 ? Result<void>{} : parent->read(offset, into.first(there));
}

Result<void> Contents::read_run(const Mapped& run, std::uint64_t offset, Span into) {
  switch (run.state) {
    case State::zero:
      std::ranges::fill(into, std::byte{});
      return {};
    case State::data:
      return read_data(run.host, into);
    case State::compressed:
      return read_compressed(run, offset, into);
    case State::unallocated:
      return read_parent(offset, into);
  }
  return fail(Code::internal, "a state that does not exist");
}

Result<void> Contents::read(std::uint64_t offset, Span into) {
  while (!into.empty()) {
    TRY(auto run, mapping.at(offset, into.size()));
    TRY_VOID(read_run(run, offset, into.first(run.length)));
    into = into.subspan(run.length);
    offset += run.length;
  }
  return {};
}

Disk::Disk(std::unique_ptr<Contents> contents, Description description)
    : contents_(std::move(contents)), description_(std::move(description)) {}

Disk::~Disk() = default;

Result<void> Disk::read(std::uint64_t offset, Span into) {
  if (!inside(offset, into.size(), description_.size))
    return fail(Code::invalid, "{}: a read beyond the disk's end", contents_->file->name());
  return contents_->read(offset, into);
}

Result<Extent> Disk::parent_extent(std::uint64_t offset, std::uint64_t length) const {
  if (contents_->parent_ignored) {
    return fail(Code::forbidden, "{}: the backing file '{}' was not opened",
                contents_->file->name(), contents_->header.backing_file);
  }
  const auto& parent = contents_->parent;
  auto end = parent ? parent->size() : 0;
  if (offset >= end) return Extent{offset, length, Kind::hole};
  return parent->extent(offset, std::min(length, end - offset));
}

Result<Extent> Disk::extent(std::uint64_t offset, std::uint64_t length) {
  if (length == 0 || !inside(offset, length, description_.size))
    return fail(Code::invalid, "{}: a range beyond the disk's end", contents_->file->name());
  TRY(auto run, contents_->mapping.at(offset, length));
  if (run.state == State::unallocated) return parent_extent(offset, run.length);
  if (run.state == State::zero) return Extent{offset, run.length, Kind::zero};
  if (run.state == State::compressed) return Extent{offset, run.length, Kind::compressed};
  const auto* data = contents_->data_file();
  if (data == nullptr) return contents_->not_opened();
  auto end = data->size();
  if (run.host >= end) return Extent{offset, run.length, Kind::zero};
  return Extent{offset, std::min(run.length, end - run.host), Kind::data, data, run.host};
}

Result<Layer::Held> Disk::held(std::uint64_t offset, std::uint64_t length) {
  if (length == 0 || !inside(offset, length, description_.size))
    return fail(Code::invalid, "{}: a range beyond the disk's end", contents_->file->name());
  TRY(auto run, contents_->mapping.at(offset, length));
  return Held{run.length, run.state != State::unallocated};
}

Result<void> Disk::stand_on(const Parent* parent) {
  if ((contents_->header.incompatible & (feature::dirty | feature::corrupt)) != 0)
    return fail(Code::precondition, "{}: it is damaged, or was not closed: repair it first",
                contents_->file->name());
  return write_backing(*contents_->file, contents_->header, parent);
}

Result<void> Disk::forget() {
  if (!writer_) return fail(Code::precondition, "{}: it is only read", contents_->file->name());
  return writer_->forget();
}

Result<CheckReport> Disk::check() {
  if (writer_) TRY_VOID(writer_->flush());
  bool elsewhere = contents_->header.external_data();
  return qcow2::check(*contents_->file, elsewhere ? contents_->data.get() : contents_->file.get());
}

Writable* Disk::writable() {
  return writer_.get();
}

Result<void> Disk::prepare_writing() {
  if ((contents_->header.incompatible & (feature::dirty | feature::corrupt)) != 0) return {};
  if (contents_->data_file() == nullptr || contents_->parent_ignored) return {};
  auto writer = Writer::open(*contents_, description_);
  if (writer) {
    writer_ = std::move(*writer);
  } else if (writer.error().code == Code::corrupt) {
    description_.warnings.push_back("it is only read: " + writer.error().message);
  } else {
    return std::unexpected(std::move(writer).error());
  }
  return {};
}

namespace {

/// The files of an image that lies in several, under the policy.
Result<std::shared_ptr<File>> open_data_file(const File& image, const Header& header,
                                             const OpenOptions& options) {
  if (header.data_file.empty())
    return fail(Code::unsupported, "it keeps its data in another file, and does not say in which");
  TRUCE_ASSERT(options.neighbours != nullptr, "nobody gives the files that are to be followed");
  TRY(auto data, options.read_write ? options.neighbours->open_part(header.data_file)
                                    : options.neighbours->open(header.data_file));
  const auto* ours = dynamic_cast<const DiskFile*>(&image);
  const auto* theirs = dynamic_cast<const DiskFile*>(data.get());
  if (data.get() == &image ||
      (ours != nullptr && theirs != nullptr && ours->identity() == theirs->identity()))
    return fail(Code::corrupt, "it names itself as its data file");
  return data;
}

/// Null without the key: the image can be described then, and named anew what it stands on.
Result<std::shared_ptr<File>> open_encrypted(const std::shared_ptr<File>& file,
                                             const Header& header, const OpenOptions& options) {
  if (header.external_data())
    return fail(Code::unsupported, "it is encrypted, and its data lies in another file");
  const auto* keeper = dynamic_cast<const KeyKeeper*>(options.neighbours);
  auto key = keeper == nullptr ? nullptr : keeper->key();
  if (!key) return nullptr;
  const auto& luks = *header.encryption;
  TRY(auto master, luks::unlock(*file, luks.offset, luks.length, *key));
  return luks::decrypted(file, std::move(master));
}

Result<void> open_backing_file(Contents& contents, const Description& description,
                               const OpenOptions& options) {
  for (const auto& reference : description.references) {
    if (reference.role != "backing file") continue;
    contents.parent_ignored = options.external == External::ignore;
    if (contents.parent_ignored) continue;
    TRY(contents.parent, open_parent(reference, options));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Disk>> Disk::open(std::shared_ptr<File> file, const OpenOptions& options,
                                         const std::string_view* snapshot) {
  TRY(auto header, read_header(*file));
  TRY(auto snapshots, read_snapshots(*file, header));
  auto description = describe(*file, header, snapshots);
  if (options.external == External::refuse && !description.references.empty())
    return refused(description.references.front());
  auto size = header.size;
  auto l1_offset = header.l1_offset;
  auto l1_entries = header.l1_entries;
  if (snapshot != nullptr) {
    TRY(const auto* row, find_snapshot(snapshots, *snapshot));
    TRY_VOID(usable(*row, header, file->size()));
    size = row->about.size;
    l1_offset = row->l1_offset;
    l1_entries = row->l1_entries;
    if (size > options.limits.size)
      return fail(Code::limit, "snapshot '{}' has {} bytes", *snapshot, size);
  }
  description.size = size;
  std::shared_ptr<File> data;
  if (header.external_data() && options.external == External::follow) {
    TRY(data, open_data_file(*file, header, options));
  }
  if (header.encryption) {
    TRY(data, open_encrypted(file, header, options));
  }
  auto contents = std::make_unique<Contents>(std::move(file), std::move(data), std::move(header),
                                             size, l1_offset, l1_entries);
  TRY_VOID(open_backing_file(*contents, description, options));
  auto disk = std::make_unique<Disk>(std::move(contents), std::move(description));
  if (options.read_write && snapshot == nullptr) {
    TRY_VOID(disk->prepare_writing());
  } else {
    disk->contents_->mapping.forbid_tables(disk->contents_->header);
  }
  return disk;
}

}  // namespace truce::image::qcow2
