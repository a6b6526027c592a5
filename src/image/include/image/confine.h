// What a program that parses foreign images gives up before it begins.
#pragma once

#include "base/process.h"
#include "base/result.h"

namespace truce::image {

/// Takes from this process, for good, all that a conversion has no use for: files other than the
/// named ones (Landlock), programs, sockets, other processes, user namespaces and whatever else the
/// kernel offers (a list of allowed system calls; others fail with EPERM), core dumps, and more
/// than 4 GiB of address space. Before the first thread. Where the kernel lacks one of these the
/// others still hold.
Result<void> confine(const FileRules& files);

}  // namespace truce::image
