#include "relocation/pictures.h"

#include "base/base64.h"

namespace truce::manager {
namespace {

// In base64 less than a value of the store may have.
constexpr std::size_t part_size = 512U << 10, most_parts = largest_picture / part_size;

std::string part_key(const std::string& task, std::size_t part) {
  return fmt::format("pictures/{}/{}", task, part);
}

bool has_picture(const model::Task& task) {
  return task.proof && task.proof->picture.count > 0;
}

}  // namespace

Async<Result<void>> store_picture(Ledger& ledger, std::string task, std::string png) {
  if (png.size() > largest_picture)
    co_return fail(Code::limit, "its screen's picture has {} bytes, and at most {} are kept",
                   png.size(), largest_picture);
  for (std::size_t at = 0; at < png.size(); at += part_size) {
    CO_TRY_VOID(co_await ledger.change({}, [&](Change& change) -> Result<void> {
      model::TaskPicture part{.name = task, .png = base64_encode(png.substr(at, part_size))};
      change.write(part_key(task, at / part_size), model::to_text(part));
      return {};
    }));
  }
  co_return Result<void>();
}

void keep_picture(const Inventory& inventory, Change& change, const std::string& task) {
  std::vector<model::Task> others;  // the oldest first
  for (const auto& [name, kept] : inventory.all<model::Task>())
    if (name != task && has_picture(kept->object)) others.push_back(kept->object);
  if (others.size() < pictures_kept) return;
  auto& oldest = others.front();  // one comes, one goes
  forget_picture(change, oldest.name);
  oldest.proof->picture = {};
  change.put(oldest);
}

void forget_picture(Change& change, const std::string& task) {
  for (std::size_t part = 0; part < most_parts; ++part)
    change.write(part_key(task, part), std::nullopt);
}

Async<Result<std::string>> read_picture(Ledger& ledger, model::Task task) {
  if (!has_picture(task))
    co_return fail(
        Code::not_found,
        "task '{}' has no picture: moves with --prove take one, and the last {} are kept",
        task.name, pictures_kept);
  std::string png;
  for (std::size_t part = 0; part < most_parts && png.size() < task.proof->picture.count; ++part) {
    CO_TRY(auto entry, co_await ledger.store().get(part_key(task.name, part)));
    if (!entry) co_return fail(Code::not_found, "the picture of task {} is gone", task.name);
    CO_TRY(auto stored, model::from_text<model::TaskPicture>(entry->value, model::Unknown::ignore));
    CO_TRY(auto bytes, base64_decode(stored.png));
    png += bytes;
  }
  co_return png;
}

}  // namespace truce::manager
