#include "table_cache.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image {

bool TableCache::Page::holds(std::uint64_t offset, std::size_t length) const {
  return bytes && offset >= start && inside(offset - start, length, bytes->size());
}

Result<TableCache::Page> TableCache::page(std::uint64_t offset) {
  auto number = offset / page_size;
  std::lock_guard lock(mutex_);
  if (auto found = slots_.find(number); found != slots_.end()) {
    if (found->second.page.holds(offset, 1)) {
      order_.splice(order_.begin(), order_, found->second.used);
      return found->second.page;
    }
    order_.erase(found->second.used);  // the file may have grown since
    slots_.erase(found);
  }
  auto size = file_.size();
  if (offset >= size)
    return fail(Code::corrupt, "{}: a table at {} lies beyond the file's end", file_.name(),
                offset);
  auto start = number * page_size;
  Page made{start, std::make_shared<std::vector<std::byte>>(std::min(page_size, size - start))};
  TRY_VOID(file_.read(start, *made.bytes));
  if (slots_.size() >= limit_) {
    slots_.erase(order_.back());
    order_.pop_back();
  }
  order_.push_front(number);
  slots_[number] = {made, order_.begin()};
  return made;
}

template <class T>
Result<T> TableCache::le(std::uint64_t offset) {
  TRY(auto found, page(offset));
  if (!found.holds(offset, sizeof(T)))
    return fail(Code::corrupt, "{}: a table at {} is cut off", file_.name(), offset);
  return image::le<T>(found.from(offset), 0);
}

template <class T>
Result<T> TableCache::be(std::uint64_t offset) {
  TRY(auto value, le<T>(offset));
  return std::byteswap(value);
}

template Result<std::uint16_t> TableCache::le(std::uint64_t);
template Result<std::uint32_t> TableCache::le(std::uint64_t);
template Result<std::uint64_t> TableCache::le(std::uint64_t);
template Result<std::uint16_t> TableCache::be(std::uint64_t);
template Result<std::uint32_t> TableCache::be(std::uint64_t);
template Result<std::uint64_t> TableCache::be(std::uint64_t);

Result<void> TableCache::put(File& file, std::uint64_t offset, View bytes) {
  TRUCE_ASSERT(&file == &file_, "the cache is of another file");
  TRY_VOID(file.write(offset, bytes));
  std::lock_guard lock(mutex_);
  while (!bytes.empty()) {
    auto number = offset / page_size;
    auto part = std::min<std::uint64_t>(bytes.size(), (number + 1) * page_size - offset);
    if (auto found = slots_.find(number); found != slots_.end()) {
      auto& content = *found->second.page.bytes;
      auto at = offset - number * page_size;
      if (at > content.size()) {  // what lies between was written by another way
        order_.erase(found->second.used);
        slots_.erase(found);
      } else {
        if (at + part > content.size()) content.resize(at + part);
        std::ranges::copy(bytes.first(part), content.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    bytes = bytes.subspan(part);
    offset += part;
  }
  return {};
}

void TableCache::forget(std::uint64_t offset, std::uint64_t length) {
  std::lock_guard lock(mutex_);
  std::erase_if(order_, [&](std::uint64_t number) {
    auto start = number * page_size;
    bool away = start < offset + length && offset < start + page_size;
    if (away) slots_.erase(number);
    return away;
  });
}

}  // namespace truce::image
