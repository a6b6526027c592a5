// The process that reads an image from outside. It gets the source as descriptor 3 and a new, empty
// file as 4, gives up all else, and says what it does in lines on standard output:
// `progress 0.5`, `note TEXT`, `error CODE TEXT`.
#include "storage/import_process.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "image/confine.h"
#include "image/convert.h"
#include "image/formats.h"
#include "image/package.h"
#include "image/place.h"
#include "image_probe.h"
#include "import_image.h"

namespace truce::storage {

namespace {

constexpr std::string_view import_word = "--import-image";
constexpr int source_descriptor = 3, target_descriptor = 4;

void say(std::string line) {
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  line += '\n';
  // Nobody listens any more: SIGPIPE ends us.
  static_cast<void>(::write(STDOUT_FILENO, line.data(), line.size()));
}

/// Whatever an image refers to is not there.
class NoNeighbours final : public image::Neighbours {
 public:
  Result<std::shared_ptr<image::File>> open(const std::string& name) override {
    return fail(Code::invalid,
                "it refers to another file, '{}': give an image that stands alone, made with "
                "'truce image convert'",
                name);
  }
  Result<std::shared_ptr<image::File>> create(const std::string& name) override {
    return fail(Code::internal, "there is no place for '{}'", name);
  }
};

Result<void> refuse_damage(image::Image& image) {
  auto report = image.check();
  if (!report && report.error().code == Code::unsupported) return {};  // has no tables
  if (!report) return std::unexpected(std::move(report).error());
  if (report->corruptions == 0) return {};
  return fail(Code::corrupt, "the {} image is damaged: {}", image.description().format,
              report->problems.empty() ? "" : report->problems.front());
}

Result<std::unique_ptr<image::Image>> open_packaged(std::shared_ptr<image::File> source) {
  TRY(auto package, image::read_package(std::move(source)));
  for (const auto& warning : package->warnings()) say("note " + warning);
  auto disks = package->appliance().disks.size();
  if (disks != 1) {
    return fail(Code::unsupported,
                "the package has {} disks, and a template has one: take it apart with 'truce image "
                "unpack' and import the disk",
                disks);
  }
  auto verified = package->verify({});
  if (!verified && verified.error().code != Code::unsupported)
    return std::unexpected(std::move(verified).error());
  return package->open_disk(0);
}

Result<std::unique_ptr<image::Image>> open_source(std::string_view kind, NoNeighbours& nothing) {
  TRY(auto source, image::DiskFile::adopt(Fd(source_descriptor), "the image"));
  TRY_VOID(image::lock_image(*source, image::Use::read));
  // What is shared or copied by the kernel must be on the disk: file systems have shown holes
  // there.
  TRY_VOID(source->flush());
  if (kind == iso_kind) return image::open(std::move(source), {}, "raw");
  if (kind == package_kind) return open_packaged(std::move(source));
  return image::open(std::move(source),
                     {.external = image::External::follow, .neighbours = &nothing}, kind);
}

class Teller {
 public:
  void operator()(const image::Progress& progress) {
    auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    say(fmt::format("progress {:.4f}", progress.total == 0
                                           ? 1
                                           : static_cast<double>(progress.done) /
                                                 static_cast<double>(progress.total)));
  }

 private:
  std::chrono::steady_clock::time_point next_;
};

Result<void> import(std::string_view kind) {
  NoNeighbours nothing;
  TRY(auto image, open_source(kind, nothing));
  const auto& about = image->description();
  // What the tables of a qcow2 add is far less than this.
  TRY_VOID(image::limit_file_size(about.size + about.size / 256 + (16 << 20)));
  TRY_VOID(refuse_damage(*image));
  bool is_iso = kind == iso_kind;
  const auto* format = image::find_format(is_iso ? "raw" : "qcow2");
  if (!is_iso) {
    for (const auto& line :
         image::losses(about, format->name, format->sector_size(about.sector_size)))
      say("note " + line);
  }
  for (const auto& warning : about.warnings) say("note " + warning);
  TRY(auto target, image::DiskFile::adopt(Fd(target_descriptor), "the template"));
  TRY(auto builder, image::build(*format, std::move(target), {.size = about.size}));
  Teller teller;
  image::ConvertOptions how{.durability = image::Builder::Durability::none,
                            .progress = [&](const image::Progress& now) { teller(now); }};
  TRY_VOID(image::convert(*image, *builder, how));
  return {};
}

Result<void> confined_import(std::string_view kind) {
  struct stat status{};
  if (::fstat(source_descriptor, &status) != 0) return fail_errno(errno, "the image");
  TRY_VOID(give_up_all_else(static_cast<std::uint64_t>(status.st_size)));
  return import(kind);
}

}  // namespace

Result<void> give_up_all_else(std::uint64_t size) {
  // Our end follows the pool's; nobody of our user may look into us.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0)
    return fail_errno(errno, "prctl");
  // Unpacking takes a second for some hundreds of MiB: this ends only what a hostile image does.
  constexpr std::uint64_t minimum_seconds = 600, bytes_a_second = 4 << 20;
  return image::confine({}, {}, {.processor_seconds = minimum_seconds + size / bytes_a_second});
}

ImportProcess this_program() {
  ImportProcess process{{"/proc/self/exe", std::string(import_word)}, {}};
  constexpr uid_t nobody = 65534;
  if (::geteuid() == 0) process.user = {nobody, nobody};
  return process;
}

void run_as_import_process(int count, char** words) {
  if (count != 3 || words[1] != import_word) return;
  // Buffers of a MiB or two come and go: the C library would map each anew, page by page.
  ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  Result<void> done;
  try {
    done = confined_import(words[2]);
  } catch (const std::exception& error) {  // memory that the bounds do not grant
    done = fail(Code::limit, "the image cannot be read: {}", error.what());
  }
  if (!done) say(fmt::format("error {} {}", to_string(done.error().code), done.error().message));
  // Nothing is left to be done, and what a sanitizer does at the end is no longer allowed.
  ::_exit(done ? 0 : 1);
}

}  // namespace truce::storage
