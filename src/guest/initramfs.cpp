// What a Linux has in memory before its disk can be read: it has to have the drivers for that.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "drivers.h"
#include "linux.h"

namespace truce::guest {

namespace {

/// How a distribution makes one. `{}` in words is the kernel's version.
struct Maker {
  std::string_view program;
  std::array<std::string_view, 2> images;  ///< where one may be
  std::string_view lister;
  std::string_view settings;  ///< where more drivers are asked for
  std::string (*asked)(const std::string& before, const Modules& drivers);
  std::vector<std::string> (*command)(const std::string& kernel, const std::string& image);
};

constexpr std::string_view mark = "# Written by Truce: on whatever this machine is moved to.\n";

std::string one_a_line(const std::string& before, const Modules& drivers) {
  auto text = before;
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  if (!text.contains(mark)) text += mark;
  for (const auto& driver : drivers)
    if (!text.contains("\n" + driver + "\n")) text += driver + "\n";
  return text;
}

std::string in_quotes(const std::string& /*before*/, const Modules& drivers) {
  return fmt::format("{}add_drivers+=\" {} \"\n", mark, fmt::join(drivers, " "));
}

constexpr std::array<Maker, 2> makers{
    Maker{"/usr/sbin/update-initramfs",
          {"/boot/initrd.img-{}", ""},
          "lsinitramfs",
          "/etc/initramfs-tools/modules",
          &one_a_line,
          [](const std::string& kernel, const std::string&) {
            return std::vector<std::string>{"update-initramfs", "-u", "-k", kernel};
          }},
    Maker{"/usr/bin/dracut",
          {"/boot/initramfs-{}.img", "/boot/initrd-{}"},
          "lsinitrd",
          "/etc/dracut.conf.d/90-truce.conf",
          &in_quotes,
          [](const std::string& kernel, const std::string& image) {
            return std::vector<std::string>{"dracut", "--force", image, kernel};
          }}};

Result<bool> is_there(Files& files, std::string_view path) {
  auto slash = path.rfind('/');
  TRY(auto names, files.names(std::string(path.substr(0, slash))));
  return std::ranges::find(names, path.substr(slash + 1)) != names.end();
}

Result<const Maker*> maker_of(Files& files) {
  for (const auto& maker : makers) {
    TRY(bool there, is_there(files, maker.program));
    if (there) return &maker;
  }
  return nullptr;
}

/// A kernel that has an initramfs.
struct Kernel {
  std::string version, image;
};

Result<std::vector<Kernel>> kernels_of(Files& files, const Maker& maker) {
  std::vector<Kernel> found;
  TRY(auto versions, files.names("/lib/modules"));
  for (const auto& version : versions)
    for (auto pattern : maker.images) {
      if (pattern.empty()) continue;
      auto image = fmt::format(fmt::runtime(pattern), version);
      TRY(bool there, is_there(files, image));
      if (there) found.push_back({version, std::move(image)});
    }
  return found;
}

/// The drivers that a kernel has as modules, and its initramfs has not.
Result<Modules> missing_in(Files& files, const Maker& maker, const Kernel& kernel) {
  auto folder = "/lib/modules/" + kernel.version;
  TRY(auto known, files.read(folder + "/modules.dep"));
  TRY(auto listed, files.run({std::string(maker.lister), kernel.image}));
  auto there = modules_in(known.value_or("")), held = modules_listed(listed);
  Modules missing;
  for (auto driver : disk_drivers())
    if (there.contains(driver) && !held.contains(driver)) missing.emplace(driver);
  return missing;
}

}  // namespace

Result<void> mend_initramfs(Files& files, bool anyway, Prepared& to) {
  TRY(const auto* maker, maker_of(files));
  if (maker == nullptr) {
    to.left.emplace_back(
        "initramfs: neither update-initramfs nor dracut is there, so it stays as it is");
    return {};
  }
  TRY(auto kernels, kernels_of(files, *maker));
  if (kernels.empty()) to.left.emplace_back("initramfs: there is none in /boot");
  std::vector<std::pair<Kernel, Modules>> old;
  Modules wanted;
  for (auto& kernel : kernels) {
    TRY(auto missing, missing_in(files, *maker, kernel));
    wanted.insert(missing.begin(), missing.end());
    if (anyway || !missing.empty()) old.emplace_back(std::move(kernel), std::move(missing));
  }
  if (!wanted.empty()) {
    std::string settings(maker->settings);
    TRY(auto before, files.read(settings));
    TRY_VOID(files.write(settings, maker->asked(before.value_or(""), wanted)));
  }
  for (const auto& [kernel, missing] : old) {
    TRY_VOID(files.run(maker->command(kernel.version, kernel.image)));
    TRY(auto still, missing_in(files, *maker, kernel));
    if (!still.empty())
      to.left.push_back(fmt::format("initramfs of {}: {} could not be put in", kernel.version,
                                    fmt::join(still, ", ")));
    if (!missing.empty())
      to.changed.push_back(
          fmt::format("initramfs of {}: has {}, too", kernel.version, fmt::join(missing, ", ")));
  }
  return {};
}

}  // namespace truce::guest
