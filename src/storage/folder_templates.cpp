// The templates of a FolderPool: made in a hidden folder beside their place, sealed, renamed.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <set>

#include "base/process.h"
#include "base/random.h"
#include "base/revert.h"
#include "digest.h"
#include "image_probe.h"
#include "import_image.h"
#include "layers/machine_files.h"
#include "library/template_folder.h"
#include "line_process.h"
#include "manifest.h"
#include "names.h"
#include "qcow2_disk.h"
#include "storage/folder_pool.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

// Shares of the progress bar: the work itself, then the checksums.
constexpr double work_share = 0.9;

void tell(const Progress& progress, double fraction, std::string step) {
  if (progress) progress(fraction, std::move(step));
}

// `progress FRACTION TEXT`; all else that a recipe prints is chatter.
void follow_recipe(const Progress& progress, std::string_view line) {
  constexpr std::string_view word = "progress ";
  if (!line.starts_with(word)) return;
  line.remove_prefix(word.size());
  double fraction = 0;
  auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), fraction);
  if (ec != std::errc() || !(fraction >= 0 && fraction <= 1)) return;
  std::string text(end, line.data() + line.size());
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  text.erase(0, text.find_first_not_of(' '));
  constexpr std::size_t text_limit = 200;
  tell(progress, fraction * work_share, text.substr(0, text_limit));
}

Async<Result<void>> run_recipe(fs::path recipe, fs::path folder, Progress progress) {
  std::error_code ec;
  if (!recipe.is_absolute() || !fs::is_regular_file(recipe, ec) ||
      ::access(recipe.c_str(), X_OK) != 0) {
    co_return fail(Code::invalid, "{} is not a recipe: no program is there", recipe.string());
  }
  constexpr auto limit = Duration(4h);
  Command command;
  command.argv = {recipe.string(), folder.string()};
  for (const auto* name : {"TRUCE", "TRUCE_CACHE", "http_proxy", "https_proxy", "no_proxy"}) {
    if (const auto* value = std::getenv(name)) command.environment.emplace_back(name, value);
  }
  co_return co_await run_with_lines(std::move(command), limit, [&progress](std::string_view line) {
    follow_recipe(progress, line);
  });
}

Result<std::shared_ptr<image::DiskFile>> open_regular(const fs::path& path) {
  TRY(auto file, image::DiskFile::open(path, image::DiskFile::Access::read_only));
  if (file->block_device()) return fail(Code::invalid, "{}: not a regular file", path.string());
  return file;
}

// Absent is unused.
Result<void> check_unused(const fs::path& folder, const std::vector<fs::path>& places,
                          const std::string& name) {
  std::error_code ec;
  if (!fs::exists(folder, ec)) return {};
  for (const auto& vms : places) {
    TRY(auto user, find_user(vms, folder));
    if (!user) continue;
    return fail(Code::precondition, "template {} is in use: disk {} is linked to it", name, *user);
  }
  return {};
}

// First out of sight in one step. Another host may be quicker.
Result<void> take_away(const fs::path& folder) {
  auto gone = folder.parent_path() / (std::string(gone_prefix) + random_hex(8));
  std::error_code ec;
  fs::rename(folder, gone, ec);
  if (ec == std::errc::no_such_file_or_directory) return {};
  if (ec) return fail_errno(ec.value(), "rename " + folder.string());
  return remove_sealed(gone);
}

}  // namespace

Async<Result<TemplateContent>> FolderPool::publish_template(fs::path made, std::string name,
                                                            TemplateContent content,
                                                            Progress progress) {
  double total = 1, done = 0;
  for (const auto& file : content.files) total += static_cast<double>(file.size.count);
  for (auto& file : content.files) {
    auto size = static_cast<double>(file.size.count);
    CO_TRY(file.sha256, co_await sha256_file(pool_, made / file.name, [&](double fraction) {
             tell(progress, work_share + (1 - work_share) * (done + fraction * size) / total,
                  "computing checksums");
           }));
    done += size;
  }
  CO_TRY_VOID(co_await run_blocking(pool_, [&]() -> Result<void> {
    TRY_VOID(seal_template(made, content));
    return place_template(made, template_folder(name));
  }));
  measured_.reset();
  tell(progress, 1, "done");
  co_return content;
}

Async<Result<TemplateContent>> FolderPool::build_template(std::string name, fs::path recipe,
                                                          Progress progress) {
  if (first_ != this) co_return co_await first_->build_template(name, recipe, progress);
  auto existing = co_await template_content(name);
  if (existing || existing.error().code != Code::not_found) co_return existing;
  CO_TRY(auto hold, take(name));
  auto made = templates_ / fmt::format(".new-{}-{}", name, random_hex(4));
  CO_TRY_VOID(make_folder(made));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_sealed(made)); });
  CO_TRY_VOID(co_await run_recipe(recipe, made, progress));
  auto content = co_await run_blocking(pool_, [made] { return examine_template(made); });
  if (!content) {
    co_return std::unexpected(
        std::move(content).error().within("recipe " + recipe.filename().string()));
  }
  co_return co_await publish_template(made, name, *content, progress);
}

Async<Result<TemplateContent>> FolderPool::import_template(std::string name, fs::path source,
                                                           Progress progress) {
  if (first_ != this) co_return co_await first_->import_template(name, source, progress);
  auto existing = co_await template_content(name);
  if (existing || existing.error().code != Code::not_found) co_return existing;
  CO_TRY(auto hold, take(name));
  auto context = "import " + source.string();
  if (!source.is_absolute()) co_return fail(Code::invalid, "{}: not an absolute path", context);
  auto file = co_await run_blocking(pool_, [source] { return open_regular(source); });
  if (!file) co_return std::unexpected(std::move(file).error().within("import"));
  auto kind = co_await run_blocking(pool_, [&file] { return probe_image(**file); });
  if (!kind) co_return std::unexpected(std::move(kind).error().within(context));
  auto made = templates_ / fmt::format(".new-{}-{}", name, random_hex(4));
  CO_TRY_VOID(make_folder(made));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_sealed(made)); });
  TemplateContent content;
  (*kind == iso_kind ? content.iso : content.disk) = *kind == iso_kind ? "image.iso" : "disk.qcow2";
  tell(progress, 0, "copying the image");
  auto target = made / (content.iso.empty() ? content.disk : content.iso);
  auto copied = co_await import_image(
      import_process_, **file, *kind, target,
      [&progress](double fraction) { tell(progress, fraction * work_share, "copying the image"); });
  if (!copied) co_return std::unexpected(std::move(copied).error().within(context));
  CO_TRY_VOID(write_file_durably(made / manifest_name, format_manifest(content)));
  CO_TRY(content, co_await run_blocking(pool_, [made] { return examine_template(made); }));
  co_return co_await publish_template(made, name, content, progress);
}

Async<Result<TemplateContent>> FolderPool::template_content(std::string name) {
  CO_TRY_VOID(check_template_name(name));
  auto content = read_manifest(template_folder(name));
  if (!content && content.error().code == Code::not_found) {
    co_return fail(Code::not_found, "there is no template {}", name);
  }
  co_return content;
}

Async<Result<std::vector<std::string>>> FolderPool::templates() {
  co_return co_await run_blocking(
      pool_, [folder = first_->templates_]() -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        std::error_code ec;
        for (auto at = fs::directory_iterator(folder, ec); !ec && at != fs::directory_iterator();
             at.increment(ec)) {
          auto name = at->path().filename().string();
          if (check_template_name(name) && fs::exists(at->path() / manifest_name))
            names.push_back(std::move(name));
        }
        if (ec) return fail_errno(ec.value(), "list " + folder.string());
        std::ranges::sort(names);
        return names;
      });
}

Async<Result<void>> FolderPool::verify_template(std::string name) {
  CO_TRY(auto hold, first_->share(name));
  CO_TRY(auto content, co_await template_content(name));
  for (const auto& file : content.files) {
    auto found = co_await sha256_file(pool_, template_folder(name) / file.name);
    if (!found && found.error().code != Code::not_found) {
      co_return std::unexpected(std::move(found).error());
    }
    if (!found || *found != file.sha256) {
      co_return fail(Code::corrupt, "template {}: {} is {}; delete the template and make it again",
                     name, file.name, found ? "not what was written" : "missing");
    }
  }
  co_return Result<void>();
}

Async<Result<void>> FolderPool::delete_template(std::string name) {
  if (first_ != this) co_return co_await first_->delete_template(name);
  CO_TRY_VOID(check_template_name(name));
  CO_TRY(auto hold, take(name));
  measured_.reset();
  // Pools that hosts share have copies of their own, for linked clones in them.
  std::set<fs::path> folders{template_folder(name)};
  std::vector<fs::path> places{vms_};
  for (const auto& [pool, other] : folders_->others) {
    places.push_back(other.vms);
    folders.insert(other.templates / name);
  }
  co_return co_await run_blocking(pool_, [folders, name, places]() -> Result<void> {
    for (const auto& folder : folders) TRY_VOID(check_unused(folder, places, name));
    for (const auto& folder : folders) TRY_VOID(take_away(folder));
    return {};
  });
}

}  // namespace truce::storage
