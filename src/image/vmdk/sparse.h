// An extent of grains that two levels of tables find.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "table_cache.h"
#include "vmdk/layout.h"
#include "vmdk/store.h"

namespace truce::image::vmdk {

/// Where a grain is, as its entry says.
struct Grain {
  Piece::State state = Piece::State::absent;
  std::uint64_t offset = 0;  ///< in the file
  bool operator==(const Grain&) const = default;
};

class SparseStore final : public Store {
 public:
  /// `base`: where the file stands on the shelf, which is what the cache is of.
  SparseStore(std::shared_ptr<File> file, Tables tables, TableCache& cache, File& shelf,
              std::uint64_t base)
      : file_(std::move(file)), tables_(tables), cache_(cache), shelf_(shelf), base_(base) {}
  Result<Piece> find(std::uint64_t offset, std::uint64_t length) override;
  Result<void> decode(std::uint64_t offset, Span into) override;
  Result<void> check(Depth depth, CheckReport& report) override;

  File* writable() override { return tables_.writable ? file_.get() : nullptr; }
  Result<void> begin() override;
  Result<void> write(std::uint64_t offset, View from, const Below& below) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length,
                            const Below& below) override;
  Result<void> commit() override;
  Result<void> end() override;
  Result<void> forget() override;
  Result<void> mend(Repaired& report) override;
  Result<void> resize(std::uint64_t size) override;

 private:
  friend class SparseCheck;
  /// Reads numbers of a table, a page at a time.
  class Cursor {
   public:
    explicit Cursor(SparseStore& store) : store_(store) {}
    /// The entry at the file's `offset`.
    Result<std::uint64_t> entry(std::uint64_t offset);
    /// Whether all entries from `offset` to `end` are in the page at hand, and none is set.
    [[nodiscard]] bool nothing_until(std::uint64_t offset, std::uint64_t end) const;
    /// Whether the entries from `offset` to `end` are not in the page at hand, but in a hole of the
    /// file. Asks the file once.
    Result<bool> in_hole(std::uint64_t offset, std::uint64_t end);
    [[nodiscard]] unsigned pages() const { return pages_; }

   private:
    SparseStore& store_;
    TableCache::Page page_;
    unsigned pages_ = 0;
    std::uint64_t hole_start_ = 0, hole_end_ = 0;
    bool asked_ = false;
  };
  struct Scan;

  /// Where the grain table `index` begins, 0 when there is none.
  Result<std::uint64_t> table(Cursor& cursor, std::uint64_t directory, std::uint64_t index);
  /// What the entry of grain `number` says; checked.
  [[nodiscard]] Result<Grain> grain(std::uint64_t number, std::uint64_t entry) const;
  [[nodiscard]] Result<Grain> sesparse_grain(std::uint64_t number, std::uint64_t entry) const;
  [[nodiscard]] std::uint64_t grain_length(std::uint64_t number) const;
  Result<bool> scan_table(Scan& scan, std::uint64_t table_at, std::uint64_t table_end);
  Result<std::shared_ptr<std::vector<std::byte>>> decoded(std::uint64_t number);
  Result<std::vector<std::byte>> inflate(std::uint64_t number, std::uint64_t offset);

  /// A new grain behind all others, a hole so far.
  Result<std::uint64_t> allocate(std::uint64_t number);
  /// Gives the grain of `offset` a place, with what was there so far and `from` over it.
  Result<void> write_new(std::uint64_t offset, View from, const Below& below);
  Result<void> add_pending(std::uint64_t number, std::uint64_t place);
  Result<void> write_entries(std::uint64_t first, View entries);
  Result<void> mark(bool unclean);
  Result<void> mend_redundant();
  Result<void> put_header(std::uint64_t size);
  Result<void> forget_grains(std::uint64_t first, std::uint64_t last);
  Result<void> clear_tail();
  Result<void> move_directories(std::uint64_t count);
  Result<void> mend_directories(Repaired& report);
  Result<void> mend_tables(Repaired& report);
  Result<std::uint64_t> mend_table(std::uint64_t index, std::uint64_t table_at,
                                   std::uint64_t copy_at);
  [[nodiscard]] bool possible(std::uint64_t number, std::uint64_t entry) const;

  std::shared_ptr<File> file_;
  Tables tables_;
  TableCache& cache_;
  File& shelf_;
  std::uint64_t base_;
  std::map<std::uint64_t, std::uint64_t> pending_;  // grains that no table has yet, their places
  std::mutex mutex_;                                // over the two below
  std::uint64_t last_number_ = ~std::uint64_t{0};
  std::shared_ptr<std::vector<std::byte>> last_grain_;
};

}  // namespace truce::image::vmdk
