#include "luks/luks.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/random.h"
#include "byte_order.h"
#include "luks/cipher.h"

namespace truce::image::luks {
namespace {

constexpr std::array<unsigned char, 6> magic{'L', 'U', 'K', 'S', 0xba, 0xbe};
constexpr std::uint32_t slot_active = 0x00ac71f3, slot_idle = 0x0000dead;
constexpr std::size_t slots_at = 208, slot_bytes = 48, stripes = 4000, hash_bytes = 32;
constexpr std::size_t material_bytes = master_bytes * stripes;
// As QEMU lays slots out (crypto/block-luks.c): each begins on 4 KiB.
constexpr std::uint64_t unit = 4096;

std::string_view word(View bytes, std::size_t at) {
  constexpr std::size_t longest = 32;
  std::string_view text(reinterpret_cast<const char*>(bytes.data()) + at, longest);
  return text.substr(0, text.find('\0'));
}

void put_word(Span bytes, std::size_t at, std::string_view text) {
  std::ranges::copy(std::as_bytes(std::span(text)),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

Result<void> fill_randomly(Span bytes) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1)
    return fail(Code::internal, "no random numbers can be had");
  return {};
}

// [LUKS] 2.4: the hash of each piece with its number, the last cut to what is left.
void diffuse(Span bytes) {
  std::array<std::byte, hash_bytes> hash{};
  std::array<std::byte, 4 + hash_bytes> hashed{};
  for (std::size_t at = 0; at < bytes.size(); at += hash_bytes) {
    auto piece = bytes.subspan(at, std::min(hash_bytes, bytes.size() - at));
    put_be<std::uint32_t>(hashed, 0, static_cast<std::uint32_t>(at / hash_bytes));
    std::ranges::copy(piece, hashed.begin() + 4);
    bool done =
        EVP_Digest(hashed.data(), 4 + piece.size(), reinterpret_cast<unsigned char*>(hash.data()),
                   nullptr, EVP_sha256(), nullptr) == 1;
    TRUCE_ASSERT(done, "SHA-256 is there");
    std::ranges::copy(View(hash).first(piece.size()), piece.begin());
  }
  ::OPENSSL_cleanse(hash.data(), hash.size());
  ::OPENSSL_cleanse(hashed.data(), hashed.size());
}

void mix(Span into, View with) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] ^= with[i];
}

// [LUKS] 2.4 AFmerge over all stripes but the last, which is what splitting ends with, too.
std::unique_ptr<Secret> merge_stripes(View material) {
  auto sum = std::make_unique<Secret>(master_bytes);
  for (std::size_t i = 0; i + 1 < stripes; ++i) {
    mix(sum->bytes(), material.subspan(i * master_bytes, master_bytes));
    diffuse(sum->bytes());
  }
  return sum;
}

Result<void> split(const Secret& master, Span material) {
  TRY_VOID(fill_randomly(material.first(material_bytes - master_bytes)));
  auto sum = merge_stripes(material);
  mix(sum->bytes(), master.bytes());
  std::ranges::copy(sum->bytes(),
                    material.begin() + static_cast<std::ptrdiff_t>(material_bytes - master_bytes));
  return {};
}

Result<Slot> parse_slot(View bytes, std::size_t number, std::uint64_t area) {
  auto at = slots_at + number * slot_bytes;
  Slot slot;
  auto state = be<std::uint32_t>(bytes, at);
  if (state != slot_active && state != slot_idle)
    return fail(Code::corrupt, "LUKS: key slot {} is neither in use nor free", number);
  slot.active = state == slot_active;
  slot.iterations = be<std::uint32_t>(bytes, at + 4);
  std::ranges::copy(bytes.subspan(at + 8, slot.salt.size()), slot.salt.begin());
  slot.offset = std::uint64_t{be<std::uint32_t>(bytes, at + 40)} * sector_bytes;
  if (!slot.active) return slot;
  if (be<std::uint32_t>(bytes, at + 44) != stripes)
    return fail(Code::unsupported, "LUKS: key slot {} has not {} stripes", number, stripes);
  if (slot.offset < header_bytes || !inside(slot.offset, material_bytes, area))
    return fail(Code::corrupt, "LUKS: key slot {} does not lie in the header", number);
  if (slot.iterations == 0 || slot.iterations > most_iterations)
    return fail(Code::limit, "LUKS: key slot {} wants {} iterations, at most {} are done", number,
                slot.iterations, most_iterations);
  return slot;
}

// Null when it is not the key of this slot.
Result<std::unique_ptr<Secret>> open_slot(const File& file, std::uint64_t offset,
                                          const Header& header, const Slot& slot,
                                          const Secret& key) {
  Secret slot_key(master_bytes);
  TRY_VOID(stretch(key.bytes(), slot.salt, slot.iterations, slot_key.bytes()));
  Secret material(material_bytes);
  TRY_VOID(file.read(offset + slot.offset, material.bytes()));
  TRY_VOID(cipher(Way::decrypt, slot_key, 0, material.bytes()));
  auto master = merge_stripes(material.bytes());
  mix(master->bytes(), View(material.bytes()).last(master_bytes));
  std::array<std::byte, 20> digest{};
  TRY_VOID(stretch(master->bytes(), header.digest_salt, header.digest_iterations, digest));
  if (::CRYPTO_memcmp(digest.data(), header.digest.data(), digest.size()) != 0) master.reset();
  return master;
}

std::vector<std::byte> header_of(const Header& header, std::uint64_t area) {
  std::vector<std::byte> bytes(header_bytes);
  std::ranges::copy(std::as_bytes(std::span(magic)), bytes.begin());
  bytes[7] = std::byte{1};
  put_word(bytes, 8, "aes");
  put_word(bytes, 40, "xts-plain64");
  put_word(bytes, 72, "sha256");
  put_be<std::uint32_t>(bytes, 104, static_cast<std::uint32_t>(area / sector_bytes));
  put_be<std::uint32_t>(bytes, 108, master_bytes);
  std::ranges::copy(header.digest, bytes.begin() + 112);
  std::ranges::copy(header.digest_salt, bytes.begin() + 132);
  put_be<std::uint32_t>(bytes, 164, header.digest_iterations);
  put_word(bytes, 168, random_uuid());
  for (std::size_t i = 0; i < slot_count; ++i) {
    const auto& slot = header.slots[i];
    auto at = slots_at + i * slot_bytes;
    put_be<std::uint32_t>(bytes, at, slot.active ? slot_active : slot_idle);
    put_be<std::uint32_t>(bytes, at + 4, slot.iterations);
    std::ranges::copy(slot.salt, bytes.begin() + static_cast<std::ptrdiff_t>(at + 8));
    put_be<std::uint32_t>(bytes, at + 40, static_cast<std::uint32_t>(slot.offset / sector_bytes));
    put_be<std::uint32_t>(bytes, at + 44, stripes);
  }
  return bytes;
}

/// What lies behind the encryption.
class Decrypted final : public File {
 public:
  Decrypted(std::shared_ptr<File> file, std::unique_ptr<Secret> master)
      : file_(std::move(file)), master_(std::move(master)) {}

  [[nodiscard]] std::string name() const override { return file_->name(); }
  [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    Sectors sectors(offset, into.size());
    if (!sectors.whole) {
      std::vector<std::byte> bytes(sectors.length);
      TRY_VOID(read(sectors.start, bytes));
      auto part = View(bytes).subspan(offset - sectors.start, into.size());
      std::ranges::copy(part, into.begin());
      return {};
    }
    TRY_VOID(file_->read(offset, into));
    return cipher(Way::decrypt, *master_, offset / sector_bytes, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    Sectors sectors(offset, from.size());
    std::vector<std::byte> bytes(sectors.length);
    if (!sectors.whole) TRY_VOID(read(sectors.start, bytes));
    std::ranges::copy(from, bytes.begin() + static_cast<std::ptrdiff_t>(offset - sectors.start));
    TRY_VOID(cipher(Way::encrypt, *master_, sectors.start / sector_bytes, bytes));
    return file_->write(sectors.start, bytes);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    return write_zeroes_in_pieces(*this, offset, length);
  }
  Result<void> resize(std::uint64_t size) override { return file_->resize(size); }
  Result<void> flush() override { return file_->flush(); }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t length) const override {
    return Run{length, true};  // a hole is not zero behind the encryption
  }

 private:
  struct Sectors {
    Sectors(std::uint64_t offset, std::uint64_t size)
        : start(offset / sector_bytes * sector_bytes),
          length(round_up(offset + size, sector_bytes) - start),
          whole(start == offset && length == size) {}
    std::uint64_t start, length;
    bool whole;
  };

  std::shared_ptr<File> file_;
  std::unique_ptr<Secret> master_;
};

}  // namespace

Result<Header> parse(View bytes, std::uint64_t area) {
  if (bytes.size() < header_bytes || area < header_bytes)
    return fail(Code::corrupt, "LUKS: the header is cut off");
  if (!std::ranges::equal(bytes.first(magic.size()), std::as_bytes(std::span(magic))))
    return fail(Code::corrupt, "LUKS: it does not begin with a header of LUKS");
  if (auto version = be<std::uint16_t>(bytes, 6); version != 1)
    return fail(Code::unsupported, "LUKS: version {}; known is 1", version);
  auto name = word(bytes, 8), mode = word(bytes, 40), hash = word(bytes, 72);
  auto key_bytes = be<std::uint32_t>(bytes, 108);
  if (name != "aes" || mode != "xts-plain64" || hash != "sha256" || key_bytes != master_bytes) {
    return fail(Code::unsupported,
                "LUKS: encrypted another way than by AES-256 in the mode xts-plain64 with sha256");
  }
  Header header;
  std::ranges::copy(bytes.subspan(112, header.digest.size()), header.digest.begin());
  std::ranges::copy(bytes.subspan(132, header.digest_salt.size()), header.digest_salt.begin());
  header.digest_iterations = be<std::uint32_t>(bytes, 164);
  if (header.digest_iterations == 0 || header.digest_iterations > most_iterations)
    return fail(Code::limit, "LUKS: it wants {} iterations, at most {} are done",
                header.digest_iterations, most_iterations);
  for (std::size_t i = 0; i < slot_count; ++i) {
    TRY(header.slots[i], parse_slot(bytes, i, area));
  }
  return header;
}

Result<NewHeader> make(const Secret& key) {
  Header header{.digest_iterations = digest_iterations};
  auto room = round_up(material_bytes, unit);
  for (std::size_t i = 0; i < slot_count; ++i) header.slots[i].offset = unit + i * room;
  auto& slot = header.slots.front();
  slot.active = true;
  slot.iterations = slot_iterations;
  TRY_VOID(fill_randomly(slot.salt));
  TRY_VOID(fill_randomly(header.digest_salt));
  Secret master(master_bytes), slot_key(master_bytes), material(material_bytes);
  TRY_VOID(fill_randomly(master.bytes()));
  TRY_VOID(stretch(master.bytes(), header.digest_salt, header.digest_iterations, header.digest));
  TRY_VOID(stretch(key.bytes(), slot.salt, slot.iterations, slot_key.bytes()));
  TRY_VOID(split(master, material.bytes()));
  TRY_VOID(cipher(Way::encrypt, slot_key, 0, material.bytes()));
  NewHeader made{.front = {}, .area = unit + slot_count * room};
  made.front = header_of(header, made.area);
  made.front.resize(slot.offset);
  made.front.insert(made.front.end(), material.bytes().begin(), material.bytes().end());
  return made;
}

Result<std::unique_ptr<Secret>> unlock(const File& file, std::uint64_t offset, std::uint64_t area,
                                       const Secret& key) {
  std::vector<std::byte> bytes(header_bytes);
  TRY_VOID(file.read(offset, bytes));
  TRY(auto header, parse(bytes, area));
  for (const auto& slot : header.slots) {
    if (!slot.active) continue;
    TRY(auto master, open_slot(file, offset, header, slot, key));
    if (master) return master;
  }
  return fail(Code::forbidden, "this key does not open it");
}

std::shared_ptr<File> decrypted(std::shared_ptr<File> file, std::unique_ptr<Secret> master) {
  return std::make_shared<Decrypted>(std::move(file), std::move(master));
}

}  // namespace truce::image::luks
