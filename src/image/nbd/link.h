// One connection to a server, through libnbd.
#pragma once

#include <libnbd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "image/nbd_file.h"

namespace truce::image::nbd {

/// What a server has said about a range. Bytes.
struct Stretch {
  std::uint64_t length = 0;
  bool stored = true;
};

/// Does one thing at a time, each within the options' time. After an error of the connection itself
/// it is dead and must not be used.
class Link {
 public:
  /// Begins to connect a handle; -1 as libnbd does.
  using Begin = std::function<int(nbd_handle*)>;
  static Result<std::unique_ptr<Link>> connect(const std::string& name,
                                               const NbdFileOptions& options, const Begin& begin);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// What offsets and lengths must be multiples of; a power of two.
  [[nodiscard]] std::uint64_t smallest() const { return smallest_; }
  /// The most bytes of one read or write.
  [[nodiscard]] std::uint64_t largest() const { return largest_; }
  [[nodiscard]] bool read_only() const { return nbd_is_read_only(handle_.get()) != 0; }
  [[nodiscard]] bool several() const { return nbd_can_multi_conn(handle_.get()) == 1; }
  [[nodiscard]] bool zeroes() const { return nbd_can_zero(handle_.get()) == 1; }
  [[nodiscard]] bool allocation() const;
  [[nodiscard]] bool dead() const;

  Result<void> read(std::uint64_t offset, Span into);
  Result<void> write(std::uint64_t offset, View from);
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length);
  Result<void> flush();
  /// From `offset` on; at least one, none empty, together at most `length`.
  Result<std::vector<Stretch>> status(std::uint64_t offset, std::uint64_t length);

 private:
  struct Close {
    void operator()(nbd_handle* handle) const { nbd_close(handle); }
  };
  Link(std::string name, std::chrono::milliseconds patience)
      : handle_(nbd_create()), name_(std::move(name)), patience_(patience) {}
  Result<void> prepare(const NbdFileOptions& options);
  Result<void> wait_connected(std::chrono::milliseconds patience);
  Result<void> learn();
  Result<void> complete(std::int64_t cookie, std::string_view what);
  [[nodiscard]] std::unexpected<Error> failed(std::string_view what) const;

  std::unique_ptr<nbd_handle, Close> handle_;
  std::string name_;
  std::chrono::milliseconds patience_;
  std::uint64_t size_ = 0, smallest_ = 1, largest_ = 0;
  bool given_up_ = false;
};

}  // namespace truce::image::nbd
