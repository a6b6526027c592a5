#include "store/checks.h"

#include <set>

namespace truce::store {

namespace {

Result<void> check_key(std::string_view key) {
  if (key.empty()) return fail(Code::invalid, "a key is empty");
  if (key.size() > max_key_size) {
    return fail(Code::invalid, "the key {}... has {} bytes, {} are allowed", key.substr(0, 40),
                key.size(), max_key_size);
  }
  return {};
}

}  // namespace

std::size_t size_of(const std::vector<Write>& writes) {
  std::size_t bytes = 0;
  for (const auto& write : writes)
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  return bytes;
}

Result<void> check_limits(const std::vector<Condition>& conditions,
                          const std::vector<Write>& writes) {
  if (writes.size() > max_writes_in_commit || conditions.size() > max_writes_in_commit) {
    return fail(Code::invalid, "a commit has {} conditions and {} writes, {} of each are allowed",
                conditions.size(), writes.size(), max_writes_in_commit);
  }
  for (const auto& condition : conditions) TRY_VOID(check_key(condition.key));
  std::set<std::string_view> keys;
  for (const auto& write : writes) {
    TRY_VOID(check_key(write.key));
    if (write.value && write.value->size() > max_value_size) {
      return fail(Code::invalid, "{}: the value has {} bytes, {} are allowed", write.key,
                  write.value->size(), max_value_size);
    }
    if (!keys.insert(write.key).second) {
      return fail(Code::invalid, "{}: written twice in one commit", write.key);
    }
  }
  return {};
}

Result<void> check_condition(const Condition& condition, Revision modified) {
  if (modified == condition.modified) return {};
  if (condition.modified == 0) return fail(Code::conflict, "{}: exists already", condition.key);
  if (modified == 0) return fail(Code::conflict, "{}: does not exist any more", condition.key);
  return fail(Code::conflict, "{}: changed meanwhile (revision {}, expected {})", condition.key,
              modified, condition.modified);
}

}  // namespace truce::store
