#include "qcow2/upkeep/repair.h"

#include "byte_order.h"
#include "qcow2/upkeep/check.h"
#include "qcow2/upkeep/copied_flags.h"
#include "qcow2/upkeep/damage.h"
#include "qcow2/upkeep/recount.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t marks = feature::dirty | feature::corrupt;

class Repair {
 public:
  Repair(File& file, Header header, Giving giving)
      : file_(file), header_(std::move(header)), giving_(giving) {}
  Result<Repaired> run();

 private:
  /// False: parts of the disk would be lost, and they may not be.
  Result<bool> look(const CheckReport& before);
  Result<void> give_up_damaged();
  Result<void> count_anew(const CheckReport& before);
  Result<void> end();
  Result<void> put_bits(std::size_t at, std::uint64_t value);

  File& file_;
  Header header_;
  Giving giving_;
  std::unique_ptr<Damage> damage_;
  Repaired report_;
};

Result<void> Repair::put_bits(std::size_t at, std::uint64_t value) {
  std::vector<std::byte> bits(8);
  put_be<std::uint64_t>(bits, 0, value);
  TRY_VOID(file_.flush());
  TRY_VOID(file_.write(at, bits));
  return file_.flush();
}

// Refcounts that are counted while an entry is damaged would free what it stands for: somebody who
// mends that entry by hand would find another's bytes there.
Result<bool> Repair::look(const CheckReport& before) {
  if (before.corruptions == 0) return true;
  TRY(damage_, Damage::collect(file_, header_));
  TRY_VOID(damage_->walk(Damage::Doing::finding, report_));
  for (const auto& line : damage_->lists()) report_.remains(line);
  bool damaged = damage_->parts() != 0 || !damage_->lists().empty();
  if (!damaged) return true;
  if (giving_ == Giving::nothing) return false;
  // Bitmaps can be given up, snapshots not: they may be all that somebody has of a disk.
  for (const auto& line : damage_->lists()) {
    if (line.starts_with("snapshot")) return false;
  }
  report_.left.clear();
  return true;
}

Result<void> Repair::give_up_damaged() {
  if (!damage_) return {};
  if (!damage_->lists().empty()) {
    header_.autoclear &= ~feature::bitmaps;
    TRY_VOID(put_bits(field::autoclear, header_.autoclear));
    report_.mended("the bitmaps are out of date now: their list is damaged");
  }
  if (damage_->parts() == 0 && damage_->harmless() == 0) return {};
  TRY_VOID(damage_->walk(Damage::Doing::mending, report_));
  if (damage_->harmless() != 0)
    report_.mended(
        fmt::format("{} places that were reserved for zeros are no longer", damage_->harmless()));
  return file_.flush();
}

Result<void> Repair::count_anew(const CheckReport& before) {
  TRY_VOID(recount(file_, header_));
  report_.mended(fmt::format("the refcounts were counted anew ({} were too high, {} other faults)",
                             before.leaks, before.corruptions));
  RefcountReader refcounts(file_, header_);
  TRY(auto flags, mend_copied_flags(file_, header_, [&](std::uint64_t offset) {
        return refcounts.at(offset >> header_.geometry.cluster_bits);
      }));
  if (flags != 0) report_.mended(fmt::format("{} copied flags were set right", flags));
  return file_.flush();
}

Result<void> Repair::end() {
  TRY(auto after, check(file_, nullptr));
  bool well = after.leaks == 0 && after.corruptions == 0;
  for (auto& line : after.problems) report_.remains(std::move(line));
  auto gone = header_.incompatible & (well ? marks : feature::dirty);
  if (gone == 0) return {};
  header_.incompatible &= ~gone;
  return put_bits(field::incompatible, header_.incompatible);
}

Result<Repaired> Repair::run() {
  TRY(auto before, check(file_, nullptr));
  auto marked = header_.incompatible & marks;
  bool clean = before.leaks == 0 && before.corruptions == 0;
  if (clean && marked == 0) return report_;
  TRY(bool may, look(before));
  if (!may) return report_;
  if (!clean) {
    header_.incompatible |= header_.version == 3 ? feature::dirty : 0;
    if (header_.version == 3) TRY_VOID(put_bits(field::incompatible, header_.incompatible));
    TRY_VOID(give_up_damaged());
    if (auto counted = count_anew(before); !counted) {
      header_.incompatible = (header_.incompatible & ~marks) | marked;
      if (header_.version == 3) TRY_VOID(put_bits(field::incompatible, header_.incompatible));
      return std::unexpected(std::move(counted).error());
    }
  }
  TRY_VOID(end());
  auto taken = marked & ~header_.incompatible;
  if ((taken & feature::dirty) != 0) report_.mended("it is no longer marked as not cleanly closed");
  if ((taken & feature::corrupt) != 0) report_.mended("it is no longer marked as corrupt");
  return report_;
}

}  // namespace

Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions& options) {
  TRY(auto header, read_header(*file));
  return Repair(*file, std::move(header), options.giving).run();
}

}  // namespace truce::image::qcow2
