#include "library/folder_library.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "digest.h"
#include "manifest.h"
#include "names.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> fail_write(int error_number, const std::string& upload) {
  if (error_number == ENOSPC || error_number == EDQUOT) {
    return fail(Code::limit,
                "there is no room for more of the upload {}: make room, then go on with it",
                upload);
  }
  return fail_errno(error_number, "write the upload " + upload);
}

Result<std::uint64_t> size_of(const Fd& file, const fs::path& path) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "stat " + path.string());
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> write_all(const Fd& file, std::uint64_t offset, std::string_view bytes,
                       const std::string& upload) {
  while (!bytes.empty()) {
    auto done = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_write(errno, upload);
    offset += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<void> write_piece(const fs::path& folder, const std::string& upload, std::uint64_t offset,
                         std::string_view piece) {
  if (offset == 0) TRY_VOID(make_folder(folder, 0700));
  auto path = folder / upload;
  auto opened = open_file(path, O_WRONLY | O_NOFOLLOW | (offset == 0 ? O_CREAT : 0), 0600);
  if (!opened && opened.error().code != Code::not_found)
    return std::unexpected(std::move(opened).error());
  std::uint64_t size = 0;
  if (opened) {
    TRY(size, size_of(*opened, path));
  }
  if (size < offset) {
    return fail(Code::corrupt,
                "only {} of the {} bytes of the upload {} are still there: delete it and begin "
                "again",
                size, offset, upload);
  }
  const auto& file = *opened;
  // Of a piece whose end nobody was told of.
  if (size > offset && ::ftruncate(file.get(), static_cast<off_t>(offset)) != 0)
    return fail_write(errno, upload);
  TRY_VOID(write_all(file, offset, piece, upload));
  if (::fdatasync(file.get()) != 0) return fail_write(errno, upload);
  return offset == 0 ? sync_path(folder) : Result<void>();
}

Result<void> remove_others(const fs::path& folder, const std::set<std::string>& kept) {
  std::error_code ec;
  std::vector<fs::path> gone;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (!kept.contains(entry.path().filename().string())) gone.push_back(entry.path());
  }
  if (ec && ec != std::errc::no_such_file_or_directory)
    return fail_errno(ec.value(), "list " + folder.string());
  for (const auto& path : gone) TRY_VOID(remove_tree(path));
  return {};
}

Result<std::string> read_some(const Fd& file, const std::string& name, std::uint64_t offset,
                              std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    auto got =
        ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read " + name);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

class FileReader final : public TemplateReader {
 public:
  FileReader(asio::thread_pool& readers, TemplateFile about, Fd file)
      : readers_(readers), about_(std::move(about)), file_(std::move(file)) {}

  [[nodiscard]] const TemplateFile& file() const override { return about_; }
  Async<Result<std::string>> read(std::uint64_t offset, std::size_t size) override {
    co_return co_await run_blocking(
        readers_, [this, offset, size] { return read_some(file_, about_.name, offset, size); });
  }

 private:
  asio::thread_pool& readers_;
  TemplateFile about_;
  Fd file_;
};

// What is made when it is asked for.
class TextReader final : public TemplateReader {
 public:
  TextReader(std::string name, std::string text)
      : about_{std::move(name), {text.size()}, ""}, text_(std::move(text)) {}

  [[nodiscard]] const TemplateFile& file() const override { return about_; }
  Async<Result<std::string>> read(std::uint64_t offset, std::size_t size) override {
    auto from = std::min<std::uint64_t>(offset, text_.size());
    co_return text_.substr(from, size);
  }

 private:
  TemplateFile about_;
  std::string text_;
};

}  // namespace

Async<Result<void>> FolderLibrary::write(std::string upload, std::uint64_t offset,
                                         std::string piece) {
  CO_TRY_VOID(check_upload_name(upload));
  co_return co_await run_blocking(writer_,
                                  [&] { return write_piece(folder_, upload, offset, piece); });
}

Async<Result<void>> FolderLibrary::keep(std::set<std::string> uploads) {
  co_return co_await run_blocking(writer_, [&] { return remove_others(folder_, uploads); });
}

Async<Result<void>> FolderLibrary::check(WholeUpload upload, Progress progress) {
  auto path = folder_ / upload.name;
  std::error_code ec;
  auto size = fs::file_size(path, ec);
  if (ec || size != upload.size.count) {
    co_return fail(Code::corrupt, "{} of the {} bytes are there: delete the upload and begin again",
                   ec ? 0 : size, upload.size.count);
  }
  if (upload.sha256.empty()) co_return Result<void>();
  auto tell = [&progress](double fraction) {
    if (progress) progress(fraction * 0.1, "checking what was sent");
  };
  CO_TRY(auto found, co_await sha256_file(readers_, path, tell));
  if (found == upload.sha256) co_return Result<void>();
  co_return fail(Code::corrupt,
                 "what arrived has the SHA-256 {}, and {} was said: delete the upload and send the "
                 "file again",
                 found, upload.sha256);
}

Async<Result<TemplateContent>> FolderLibrary::make_template(WholeUpload upload,
                                                            std::string template_name,
                                                            Progress progress) {
  CO_TRY_VOID(check_upload_name(upload.name));
  auto existing = co_await pool_.template_content(template_name);
  if (existing || existing.error().code != Code::not_found) co_return existing;
  CO_TRY_VOID(co_await check(upload, progress));
  auto later = [&progress](double fraction, std::string step) {
    if (progress) progress(0.1 + 0.9 * fraction, std::move(step));
  };
  co_return co_await pool_.import_template(template_name, folder_ / upload.name, later);
}

Async<Result<std::shared_ptr<TemplateReader>>> FolderLibrary::open(std::string template_name,
                                                                   std::string part) {
  CO_TRY(auto content, co_await pool_.template_content(template_name));
  if (part == manifest_name) {  // it says all of itself, and nothing says it of it
    std::shared_ptr<TemplateReader> reader =
        std::make_shared<TextReader>(manifest_name, format_manifest(content));
    co_return reader;
  }
  auto name = !part.empty() ? part : content.disk.empty() ? content.iso : content.disk;
  auto about = std::ranges::find(content.files, name, &TemplateFile::name);
  if (!part.empty() && about == content.files.end())
    co_return fail(Code::not_found, "template {} has no file '{}'", template_name, part);
  if (name.empty() || about == content.files.end()) {
    co_return fail(Code::precondition, "template {} has neither a disk nor an ISO", template_name);
  }
  auto path = pool_.template_folder(template_name) / name;
  CO_TRY(auto file, co_await run_blocking(readers_, [&]() -> Result<Fd> {
           TRY(auto opened, open_file(path, O_RDONLY | O_NOFOLLOW));
           TRY(auto size, size_of(opened, path));
           if (size == about->size.count) return opened;
           return fail(Code::corrupt, "template {}: {} is not what was written", template_name,
                       name);
         }));
  std::shared_ptr<TemplateReader> reader =
      std::make_shared<FileReader>(readers_, *about, std::move(file));
  co_return reader;
}

}  // namespace truce::storage
