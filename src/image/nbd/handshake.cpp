#include "nbd/handshake.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace truce::image::nbd {
namespace {

using Patience = Transport::Patience;

constexpr std::size_t option_head_bytes = 16;
constexpr std::uint32_t longest_option = 65536;     // answered with "too big" above it
constexpr std::uint32_t bearable_option = 1 << 20;  // above that the connection ends
constexpr unsigned most_options = 256;
constexpr std::size_t reserved_zeroes = 124;  // behind the answer to export_name

/// Reads one option's data from front to back. `ok()` turns false when it ends before a field.
class Fields {
 public:
  explicit Fields(View data) : rest_(data) {}
  template <class T>
  T number() {
    auto bytes = take(sizeof(T));
    return bytes.size() == sizeof(T) ? be<T>(bytes, 0) : T{};
  }
  /// A string behind its length.
  View string() {
    auto length = number<std::uint32_t>();
    if (length > longest_string) ok_ = false;
    return ok_ ? take(length) : View{};
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool all_read() const { return ok_ && rest_.empty(); }

 private:
  View take(std::size_t count) {
    if (count > rest_.size()) ok_ = false;
    if (!ok_) return {};
    auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  View rest_;
  bool ok_ = true;
};

/// An answer's data, field after field.
class Answer {
 public:
  template <class T>
  Answer& number(std::type_identity_t<T> value) {
    bytes_.resize(bytes_.size() + sizeof(T));
    put_be<T>(bytes_, bytes_.size() - sizeof(T), value);
    return *this;
  }
  Answer& text(std::string_view text) {
    auto bytes = std::as_bytes(std::span(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  void zeroes(std::size_t count) { bytes_.resize(bytes_.size() + count); }
  [[nodiscard]] View view() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

std::string_view as_text(View bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<std::optional<Agreement>> Handshake::run() {
  TRY_VOID(greet());
  for (unsigned count = 0; count < most_options; ++count) {
    TRY(auto next, option());
    if (next == Next::end) return std::nullopt;
    if (next == Next::more) continue;
    agreed_.base_allocation = agreed_.style == Style::structured && allocation_of_ == agreed_.disk;
    return agreed_;
  }
  return fail(Code::limit, "the client asked for more than {} options", most_options);
}

Result<void> Handshake::greet() {
  Answer greeting;
  greeting.number<std::uint64_t>(greeting_magic).number<std::uint64_t>(option_magic);
  greeting.number<std::uint16_t>(handshake_fixed_newstyle | handshake_no_zeroes);
  TRY_VOID(transport_.send(std::array{greeting.view()}));
  TRY_VOID(inbox_.need_rest(4));
  auto flags = be<std::uint32_t>(inbox_.ready(), 0);
  inbox_.drop(4);
  if ((flags & ~std::uint32_t{handshake_fixed_newstyle | handshake_no_zeroes}) != 0)
    return fail(Code::corrupt, "the client's flags {:#x} are not known", flags);
  no_zeroes_ = (flags & handshake_no_zeroes) != 0;
  return {};
}

Result<Handshake::Next> Handshake::option() {
  TRY(bool there, inbox_.need(option_head_bytes, Patience::endless));
  if (!there) return Next::end;
  auto magic = be<std::uint64_t>(inbox_.ready(), 0);
  auto option = static_cast<Option>(be<std::uint32_t>(inbox_.ready(), 8));
  auto length = be<std::uint32_t>(inbox_.ready(), 12);
  if (magic != option_magic) return fail(Code::corrupt, "an option begins with {:#x}", magic);
  inbox_.drop(option_head_bytes);
  if (length > bearable_option)
    return fail(Code::limit, "an option of {} bytes, at most {} are taken", length,
                bearable_option);
  if (length > longest_option) {
    TRY_VOID(inbox_.skip(length));
    if (option == Option::export_name)
      return fail(Code::limit, "an export's name of {} bytes", length);
    return reply(option, OptionReply::error_too_big);
  }
  TRY_VOID(inbox_.need_rest(length));
  std::vector<std::byte> data(inbox_.ready().begin(), inbox_.ready().begin() + length);
  inbox_.drop(length);
  return act(option, data);
}

Result<Handshake::Next> Handshake::act(Option option, View data) {
  bool refused = transport_.security() == Transport::Security::tls_required;
  switch (option) {
    case Option::abort:
      // The client need not wait for the answer.
      static_cast<void>(reply(option, OptionReply::ack));
      return Next::end;
    case Option::starttls:
      return starttls(data);
    case Option::export_name:
      if (refused) return fail(Code::forbidden, "the client does not begin TLS, which is required");
      return export_name(data);
    default:
      if (refused) return reply(option, OptionReply::error_tls_required);
  }
  switch (option) {
    case Option::list:
      return list(data);
    case Option::info:
    case Option::go:
      return info(option, data);
    case Option::structured_reply:
      return structured_reply(data);
    case Option::list_meta_context:
    case Option::set_meta_context:
      return meta_context(option, data);
    default:
      return reply(option, OptionReply::error_unsupported);
  }
}

Result<Handshake::Next> Handshake::reply(Option option, OptionReply type, View data) {
  Answer head;
  head.number<std::uint64_t>(option_reply_magic);
  head.number<std::uint32_t>(static_cast<std::uint32_t>(option));
  head.number<std::uint32_t>(static_cast<std::uint32_t>(type));
  head.number<std::uint32_t>(static_cast<std::uint32_t>(data.size()));
  TRY_VOID(transport_.send(std::array{head.view(), data}));
  return Next::more;
}

Disk* Handshake::find(View name) const {
  if (name.empty() && !disks_.empty()) return disks_.front().get();
  auto found = std::ranges::find(disks_, as_text(name),
                                 [](const auto& disk) -> std::string_view { return disk->name(); });
  return found == disks_.end() ? nullptr : found->get();
}

// The one option whose errors cannot be answered.
Result<Handshake::Next> Handshake::export_name(View data) {
  auto* disk = find(data);
  if (disk == nullptr) return fail(Code::not_found, "the client wants an export that is not here");
  agreed_.disk = disk;
  Answer answer;
  answer.number<std::uint64_t>(disk->size()).number<std::uint16_t>(disk->flags());
  if (!no_zeroes_) answer.zeroes(reserved_zeroes);
  TRY_VOID(transport_.send(std::array{answer.view()}));
  return Next::transmission;
}

Result<Handshake::Next> Handshake::list(View data) {
  if (!data.empty()) return reply(Option::list, OptionReply::error_invalid);
  for (const auto& disk : disks_) {
    Answer entry;
    entry.number<std::uint32_t>(static_cast<std::uint32_t>(disk->name().size()));
    entry.text(disk->name()).text(disk->description());
    TRY_VOID(reply(Option::list, OptionReply::server, entry.view()));
  }
  return reply(Option::list, OptionReply::ack);
}

Result<Handshake::Next> Handshake::info(Option option, View data) {
  Fields fields(data);
  auto name = fields.string();
  bool wants_name = false, wants_description = false, wants_block_size = false;
  auto count = fields.number<std::uint16_t>();
  for (unsigned i = 0; i < count && fields.ok(); ++i) {
    auto wanted = static_cast<Fact>(fields.number<std::uint16_t>());
    wants_name |= wanted == Fact::name;
    wants_description |= wanted == Fact::description;
    wants_block_size |= wanted == Fact::block_size;
  }
  if (!fields.all_read()) return reply(option, OptionReply::error_invalid);
  auto* disk = find(name);
  if (disk == nullptr) return reply(option, OptionReply::error_unknown);
  auto tell = [&](Fact what, auto&& fill) -> Result<Next> {
    Answer answer;
    answer.number<std::uint16_t>(static_cast<std::uint16_t>(what));
    fill(answer);
    return reply(option, OptionReply::info, answer.view());
  };
  if (wants_name) TRY_VOID(tell(Fact::name, [&](Answer& answer) { answer.text(disk->name()); }));
  if (wants_description && !disk->description().empty())
    TRY_VOID(tell(Fact::description, [&](Answer& answer) { answer.text(disk->description()); }));
  if (wants_block_size) {
    TRY_VOID(tell(Fact::block_size, [](Answer& answer) {
      answer.number<std::uint32_t>(1).number<std::uint32_t>(preferred_block);
      answer.number<std::uint32_t>(largest_request);
    }));
  }
  TRY_VOID(tell(Fact::size, [&](Answer& answer) {
    answer.number<std::uint64_t>(disk->size()).number<std::uint16_t>(disk->flags());
  }));
  TRY_VOID(reply(option, OptionReply::ack));
  if (option == Option::info) return Next::more;
  agreed_.disk = disk;
  return Next::transmission;
}

// What was said in the clear may have been said by anybody: bytes behind the option end the
// connection, and what was agreed on is forgotten ("NBD_OPT_STARTTLS").
Result<Handshake::Next> Handshake::starttls(View data) {
  if (!data.empty() || transport_.security() == Transport::Security::secure)
    return reply(Option::starttls, OptionReply::error_invalid);
  if (transport_.security() == Transport::Security::plain)
    return reply(Option::starttls, OptionReply::error_unsupported);
  if (!inbox_.ready().empty())
    return fail(Code::corrupt, "the client sent more in the clear behind its wish for TLS");
  TRY_VOID(reply(Option::starttls, OptionReply::ack));
  TRY_VOID(transport_.start_tls());
  agreed_ = {};
  allocation_of_ = nullptr;
  return Next::more;
}

Result<Handshake::Next> Handshake::structured_reply(View data) {
  if (!data.empty()) return reply(Option::structured_reply, OptionReply::error_invalid);
  agreed_.style = Style::structured;
  return reply(Option::structured_reply, OptionReply::ack);
}

// A query names a context or, when listing, a namespace: "base:".
Result<Handshake::Next> Handshake::meta_context(Option option, View data) {
  bool setting = option == Option::set_meta_context;
  if (setting) allocation_of_ = nullptr;
  Fields fields(data);
  auto name = fields.string();
  auto count = fields.number<std::uint32_t>();
  bool matches = !setting && count == 0;
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) {
    auto query = as_text(fields.string());
    matches |= query == base_allocation || (!setting && query == "base:");
  }
  if (!fields.all_read() || agreed_.style != Style::structured)
    return reply(option, OptionReply::error_invalid);
  auto* disk = find(name);
  if (disk == nullptr) return reply(option, OptionReply::error_unknown);
  if (matches) {
    Answer answer;
    answer.number<std::uint32_t>(setting ? base_allocation_number : 0).text(base_allocation);
    TRY_VOID(reply(option, OptionReply::meta_context, answer.view()));
    if (setting) allocation_of_ = disk;
  }
  return reply(option, OptionReply::ack);
}

}  // namespace truce::image::nbd
