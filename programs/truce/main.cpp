// The whole program. Most words reach it through small/main.cpp.
#include <cstdio>
#include <exception>

#include "program.h"

int main(int count, char** words) {
  try {
    return truce::cli::run_program({words + 1, words + count});
  } catch (const std::exception& error) {  // nothing below throws on purpose
    std::fprintf(stderr, "truce: internal error: %s\n", error.what());
    return 1;
  }
}
