// LUKS version 1: where the key of an encrypted disk is kept, itself encrypted with a key that
// people have. Facts from the "LUKS On-Disk Format Specification" 1.2.3, cited as [LUKS] with the
// section, and from QEMU's crypto/block-luks.c, which reads and writes the same.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/secret.h"
#include "image/file.h"

namespace truce::image::luks {

constexpr std::size_t header_bytes = 592, slot_count = 8, sector_bytes = 512;
constexpr std::size_t master_bytes = 64;  ///< of AES-256 in XTS mode: two keys
/// From a key that people have, how often it is hashed until a key slot opens: some ten
/// milliseconds. Keys of ours are long and random, so that more would only cost time.
constexpr std::uint32_t slot_iterations = 100'000, digest_iterations = 10'000;
/// What a header may ask for: minutes of a processor at most.
constexpr std::uint32_t most_iterations = 100'000'000;

/// [LUKS] 3.1 the key slots: an encrypted copy of the master key.
struct Slot {
  bool active = false;
  std::uint32_t iterations = 0;
  std::array<std::byte, 32> salt{};
  std::uint64_t offset = 0;  ///< of its material, from the header's beginning
};

/// [LUKS] 3.1 the partition header, for AES-256 in XTS mode with SHA-256: what QEMU makes.
struct Header {
  std::array<std::byte, 20> digest{};
  std::array<std::byte, 32> digest_salt{};
  std::uint32_t digest_iterations = 0;
  std::array<Slot, slot_count> slots{};
};

/// Reads the first `header_bytes` bytes; Code::unsupported names a cipher that is not known here.
/// `area`: bytes of the header with all key material.
Result<Header> parse(View bytes, std::uint64_t area);

/// What a new header begins with, and how much room all of it takes.
struct NewHeader {
  std::vector<std::byte> front;  ///< the header and its one key slot in use
  std::uint64_t area = 0;
};
/// A master key of its own, which `key` opens.
Result<NewHeader> make(const Secret& key);

/// The master key of the header at `offset` in a file. Code::forbidden when `key` opens no slot.
Result<std::unique_ptr<Secret>> unlock(const File& file, std::uint64_t offset, std::uint64_t area,
                                       const Secret& key);

/// A file as it is behind its encryption: sector N of 512 bytes with tweak N (`plain64`). It can be
/// read and written at any place; what shares a sector with what is written is written anew.
std::shared_ptr<File> decrypted(std::shared_ptr<File> file, std::unique_ptr<Secret> master);

}  // namespace truce::image::luks
