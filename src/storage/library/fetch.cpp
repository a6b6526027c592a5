// Templates that come from elsewhere: from another host, or from this one's first pool into a pool
// that hosts share.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/random.h"
#include "base/revert.h"
#include "digest.h"
#include "library/template_folder.h"
#include "manifest.h"
#include "names.h"
#include "storage/copy_file.h"
#include "storage/folder_pool.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

constexpr double fetch_share = 0.9;  // of the progress; the rest are checksums

Result<void> write_at(const Fd& file, std::uint64_t offset, std::string_view bytes,
                      const std::string& name) {
  while (!bytes.empty()) {
    auto done = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_errno(errno, "write " + name);
    offset += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

// How far a fetch of several files has come, for people.
class Meter {
 public:
  Meter(const TemplateContent& content, const Progress& progress) : progress_(progress) {
    for (const auto& file : content.files) total_ += static_cast<double>(file.size.count);
  }
  void add(std::size_t bytes) {
    done_ += static_cast<double>(bytes);
    if (progress_) progress_(fetch_share * done_ / total_, "fetching the template");
  }

 private:
  const Progress& progress_;
  double total_ = 1, done_ = 0;
};

// A connection that breaks is no reason to begin anew: it goes on where it was, a few times.
Async<Result<void>> fetch_file(asio::thread_pool& threads, TemplateSource& source,
                               TemplateFile about, fs::path path, Meter& meter) {
  constexpr int tries = 5;
  CO_TRY(auto file, open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  std::uint64_t at = 0;
  auto take = [&](std::string bytes) -> Async<Result<void>> {
    if (bytes.size() > about.size.count - at) {
      co_return fail(Code::corrupt, "{} is larger than its {} bytes", about.name, about.size.count);
    }
    CO_TRY_VOID(
        co_await run_blocking(threads, [&] { return write_at(file, at, bytes, about.name); }));
    at += bytes.size();
    meter.add(bytes.size());
    co_return Result<void>{};
  };
  for (int failed = 0;;) {
    auto before = at;
    auto done = co_await source.read(about.name, at, take);
    if (done && at == about.size.count) co_return done;
    if (done) {
      done = fail(Code::unavailable, "{} ended after {} of {} bytes", about.name, at,
                  about.size.count);
    }
    auto code = done.error().code;
    bool broken = code == Code::unavailable || code == Code::timeout;
    if (at > before) failed = 0;
    if (!broken || ++failed == tries) co_return done;
    co_await sleep_for(200ms * failed);
  }
}

Async<Result<void>> check_file(asio::thread_pool& threads, fs::path path, TemplateFile about) {
  CO_TRY(auto found, co_await sha256_file(threads, path));
  if (found == about.sha256) co_return Result<void>{};
  co_return fail(Code::corrupt, "{} has arrived with the SHA-256 {} instead of {}", about.name,
                 found, about.sha256);
}

// Whoever sends may send anything.
Result<void> check_content(const TemplateContent& content) {
  constexpr std::size_t most_files = 8;
  if (content.files.empty() || content.files.size() > most_files)
    return fail(Code::corrupt, "its manifest names {} files", content.files.size());
  for (const auto& file : content.files) {
    if (file.name == manifest_name || file.sha256.empty())
      return fail(Code::corrupt, "its manifest says nothing that {} could be checked by",
                  file.name);
  }
  return {};
}

}  // namespace

Async<Result<TemplateContent>> FolderPool::fetch_template(std::string name, TemplateSource& source,
                                                          Progress progress) {
  if (first_ != this) co_return co_await first_->fetch_template(name, source, progress);
  auto existing = co_await template_content(name);
  if (existing || existing.error().code != Code::not_found) co_return existing;
  CO_TRY(auto hold, take(name));
  auto context = "fetch template " + name;
  auto fail_within = [&](Error error) { return std::unexpected(std::move(error).within(context)); };
  auto manifest = co_await source.manifest();
  if (!manifest) co_return fail_within(manifest.error());
  auto content = parse_manifest(*manifest);
  if (!content) co_return fail_within(content.error());
  if (auto good = check_content(*content); !good) co_return fail_within(good.error());
  auto made = templates_ / fmt::format(".new-{}-{}", name, random_hex(4));
  CO_TRY_VOID(make_folder(made));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_sealed(made)); });
  Meter meter(*content, progress);
  for (const auto& file : content->files) {
    auto done = co_await fetch_file(pool_, source, file, made / file.name, meter);
    if (done) done = co_await check_file(pool_, made / file.name, file);
    if (!done) co_return fail_within(done.error());
  }
  auto placed = co_await run_blocking(pool_, [&]() -> Result<void> {
    TRY_VOID(write_file_durably(made / manifest_name, *manifest, 0444));
    TRY(auto examined, examine_template(made));
    if (examined.files.size() != content->files.size())
      return fail(Code::corrupt, "its manifest names files that it does not need");
    examined.files = content->files;
    *content = examined;
    TRY_VOID(seal_template(made, *content));
    return place_template(made, template_folder(name));
  });
  if (!placed) co_return fail_within(placed.error());
  measured_.reset();
  if (progress) progress(1, "done");
  co_return *content;
}

// A copy for linked clones in this pool, so that every host that shares it opens them by the same
// path. Two hosts may do so at once: one copy stays.
Async<Result<void>> FolderPool::bring_template(std::string name, TemplateContent content,
                                               Progress progress) {
  auto place = template_folder(name);
  std::error_code ec;
  if (fs::exists(place / manifest_name, ec)) co_return Result<void>{};
  auto about = std::ranges::find(content.files, content.disk, &TemplateFile::name);
  if (about == content.files.end())
    co_return fail(Code::precondition, "template {} has no disk", name);
  // Its other files are used from the first pool of each host.
  content.files = {*about};
  content.kernel.clear();
  content.initrd.clear();
  content.iso.clear();
  CO_TRY_VOID(make_folder(templates_));
  auto made = templates_ / fmt::format("{}{}-{}", made_prefix(share_.host), name, random_hex(4));
  CO_TRY_VOID(make_folder(made));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_sealed(made)); });
  auto file = content.files.front();
  auto from = first_->template_folder(name) / file.name;
  CO_TRY_VOID(co_await copy_file(copies_, from, made / file.name,
                                 fmt::format("copying template {} into the pool {}", name, name_),
                                 std::move(progress)));
  CO_TRY_VOID(co_await check_file(pool_, made / file.name, file));
  measured_.reset();
  co_return co_await run_blocking(pool_, [=]() -> Result<void> {
    TRY_VOID(seal_template(made, content));
    // Never replaces a folder that something is in.
    if (::rename(made.c_str(), place.c_str()) == 0) return sync_path(place.parent_path());
    if (errno == EEXIST || errno == ENOTEMPTY) return {};
    return fail_errno(errno, "rename to " + place.string());
  });
}

}  // namespace truce::storage
