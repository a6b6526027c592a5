// What people call: loads no library that files of images do not need, and so is there at once. The
// whole program, beside it or in libexec, does the rest.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>

#include "small/small.h"

namespace {

int run_whole(char** words) {
  std::error_code error;
  auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto* place : {"truce-whole", "../libexec/truce/truce-whole"}) {
    auto program = folder / place;
    ::execv(program.c_str(), words);
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
    return status ? *status : run_whole(words);
  } catch (const std::exception& error) {  // nothing below throws on purpose
    std::fprintf(stderr, "truce: internal error: %s\n", error.what());
    return 1;
  }
}
