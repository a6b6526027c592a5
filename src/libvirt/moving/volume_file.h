// Volumes of a host as files, by libvirt's streams. For threads that may block: what a host no
// longer answers is left behind.
#pragma once

#include "crew.h"
#include "image/blocks.h"
#include "image/in_order.h"
#include "lines.h"

namespace truce::libvirt {

/// How a host is spoken to by who moves bytes. It may outlive the Platform.
struct Lane {
  std::shared_ptr<Lines> lines;
  std::shared_ptr<Crew> crew;
  const std::atomic<bool>* cancelled = nullptr;  ///< outlives what is made with it; null: never

  /// Runs `work` on a thread and a line, as Crew::wait() does.
  template <class T>
  Result<T> ask(std::function<Result<T>(Connection&, const std::atomic<bool>& left)> work,
                Duration limit) const {
    auto carry = [all = lines, work = std::move(work)](const std::atomic<bool>& left) -> Result<T> {
      TRY(auto line, all->take());
      return work(*line, left);
    };
    return crew->wait<T>(std::move(carry), limit, cancelled);
  }
};
/// So many ranges of a volume are read at a time.
constexpr int most_ranges = 8;
/// With threads of its own. What is asked of it has to come within five minutes; a host that is
/// silent is found out by libvirt's keepalive before.
Lane new_lane(std::shared_ptr<Lines> lines, const std::atomic<bool>* cancelled);

/// A volume that is read by ranges, each a stream. Small reads are answered from blocks, read ahead
/// where they follow one another; holes are not sent.
class VolumeFile final : public image::File {
 public:
  VolumeFile(Lane lane, std::string path, std::uint64_t size);

  [[nodiscard]] std::string name() const override { return path_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, image::Span into) const override;
  /// These three: Code::unsupported.
  Result<void> write(std::uint64_t offset, image::View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<image::Run> run(std::uint64_t offset, std::uint64_t length) const override;

 private:
  Result<void> fetch(std::uint64_t offset, image::Span into) const;

  Lane lane_;
  std::string path_;
  std::uint64_t size_;
  mutable image::web::Blocks blocks_;
};

/// A volume that is written from its beginning to its end, by one stream.
class VolumeSink final : public image::InOrder {
 public:
  static Result<std::unique_ptr<VolumeSink>> open(Lane lane, std::string path);
  ~VolumeSink() override;  ///< gives up, unless it was finished
  VolumeSink(const VolumeSink&) = delete;
  VolumeSink& operator=(const VolumeSink&) = delete;

  Result<void> write(image::View bytes) override;
  Result<void> hole(std::uint64_t length) override;
  /// Returns when the host has taken all.
  Result<void> finish();

 private:
  struct Open;
  using Work = std::function<Result<void>(Open& open)>;
  explicit VolumeSink(Lane lane, std::shared_ptr<Open> open)
      : lane_(std::move(lane)), open_(std::move(open)) {}
  Result<void> flush();
  Result<void> run(Work work);

  Lane lane_;
  std::shared_ptr<Open> open_;
  std::vector<std::byte> waiting_;  ///< to be sent
  bool over_ = false;
};

}  // namespace truce::libvirt
