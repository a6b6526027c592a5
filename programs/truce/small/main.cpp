// What people call: loads no library that files of images do not need, and so is there at once.
// What talks to a server, or what has all, does the rest: beside it, or in libexec.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string_view>

#include "small/small.h"

namespace {

int run_other(char** words, bool images) {
  std::error_code error;
  auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto* name : {"truce-remote", "truce-whole"}) {
    if (images && std::string_view(name) == "truce-remote") continue;
    for (const auto* place : {"", "../libexec/truce"}) {
      auto program = folder / place / name;
      ::execv(program.c_str(), words);
    }
  }
  std::fprintf(stderr,
               "truce: truce-whole is neither beside this program nor in %s/../libexec/truce: "
               "install it again\n",
               folder.c_str());
  return 1;
}

}  // namespace

int main(int count, char** words) {
  try {
    auto status = truce::cli::run_small({words + 1, words + count});
    bool images = std::any_of(words + 1, words + count,
                              [](const char* word) { return std::string_view(word) == "image"; });
    return status ? *status : run_other(words, images);
  } catch (const std::exception& error) {  // nothing below throws on purpose
    std::fprintf(stderr, "truce: internal error: %s\n", error.what());
    return 1;
  }
}
