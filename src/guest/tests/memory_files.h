// A guest in memory.
#pragma once

#include <functional>
#include <map>

#include "guest/files.h"

namespace truce::guest {

/// `keys`: by path, in the case that is asked for, with its numbers.
struct Registry {
  std::map<std::string, std::map<std::string, std::uint32_t>> keys;
};

class MemoryHive final : public Hive {
 public:
  explicit MemoryHive(Registry& registry) : registry_(registry), now_(registry) {}
  Result<bool> has(const std::string& key) override {
    auto found = now_.keys.lower_bound(key);
    return found != now_.keys.end() && found->first.starts_with(key);
  }
  Result<std::optional<std::uint32_t>> number(const std::string& key,
                                              const std::string& value) override {
    auto found = now_.keys.find(key);
    if (found == now_.keys.end() || !found->second.contains(value)) return std::nullopt;
    return found->second.at(value);
  }
  Result<void> set_number(const std::string& key, const std::string& value,
                          std::uint32_t number) override {
    now_.keys[key][value] = number;
    return {};
  }
  Result<void> remove(const std::string& key) override {
    std::erase_if(now_.keys, [&](const auto& one) { return one.first.starts_with(key); });
    return {};
  }
  Result<void> commit() override {
    registry_ = now_;
    return {};
  }

 private:
  Registry& registry_;
  Registry now_;
};

class MemoryFiles final : public Files {
 public:
  Result<std::optional<std::string>> read(const std::string& path) override {
    auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> write(const std::string& path, std::string_view content) override {
    files[path] = content;
    ++writes;
    return {};
  }
  Result<std::vector<std::string>> names(const std::string& folder) override {
    std::vector<std::string> found;
    for (const auto& [path, content] : files) {
      if (!path.starts_with(folder + "/")) continue;
      auto rest = path.substr(folder.size() + 1);
      rest.resize(std::min(rest.find('/'), rest.size()));
      if (found.empty() || found.back() != rest) found.push_back(std::move(rest));
    }
    return found;
  }
  Result<std::string> run(const std::vector<std::string>& argv) override {
    ran.push_back(argv);
    return program(argv);
  }
  Result<std::string> uuid_of(const std::string& device) override {
    auto found = uuids.find(device);
    return found == uuids.end() ? std::string() : found->second;
  }
  Result<std::unique_ptr<Hive>> hive(const std::string& name) override {
    if (name != "SYSTEM") return fail(Code::not_found, "{}", name);
    return std::make_unique<MemoryHive>(registry);
  }

  std::map<std::string, std::string> files, uuids;
  Registry registry;
  std::function<Result<std::string>(const std::vector<std::string>& argv)> program;
  std::vector<std::vector<std::string>> ran;
  int writes = 0;
};

}  // namespace truce::guest
