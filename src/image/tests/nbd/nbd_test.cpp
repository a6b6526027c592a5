// The protocol, by bytes: no sockets.
#include "nbd_support.h"

namespace truce::image::nbd {
namespace {

constexpr std::size_t disk_size = std::size_t{4} << 20U;

class Protocol : public testing::Test {
 protected:
  Protocol()
      : content(sparse_content(disk_size, 5)),
        file(std::make_shared<MemoryFile>("disk", content)) {}
  Talk say(const Says& says, Access access = Access::read_write, std::size_t piece = 1U << 30U) {
    return talk(says, one_disk(raw_image(file, access == Access::read_write), access),
                Transport::Security::plain, piece);
  }
  /// The first chunk that answers one request.
  Failure failure_of(Command command, std::uint64_t offset, std::uint32_t length,
                     std::uint16_t flags = 0, Access access = Access::read_write) {
    Says says;
    says.begin().request(command, offset, length, flags);
    if (command == Command::write) says.payload(length, 1);
    auto heard = say(says, access).output;
    Hears hears(heard);
    hears.to_transmission();
    return hears.chunk().failure();
  }
  Content content;
  std::shared_ptr<MemoryFile> file;
};

TEST_F(Protocol, reads_the_whole_disk_however_the_bytes_of_requests_come) {
  for (std::size_t piece : {1U, 27U, 29U, 1U << 30U}) {
    Says says;
    says.begin();
    for (std::size_t at = 0; at < disk_size; at += 131072)
      says.request(Command::read, at, 131072, 0, at);
    says.request(Command::disconnect, 0, 0);
    auto done = say(says, Access::read_only, piece);
    ASSERT_TRUE(done.ended) << done.ended.error().message;
    Hears hears(done.output);
    hears.to_transmission();
    Content got(disk_size, std::byte{0xee});
    unsigned holes = 0, finished = 0;
    while (!hears.rest.empty()) {
      auto chunk = hears.chunk();
      ASSERT_TRUE(chunk.type == Chunk::offset_data || chunk.type == Chunk::offset_hole);
      auto offset = be<std::uint64_t>(chunk.payload, 0);
      ASSERT_EQ(offset / 131072 * 131072, chunk.cookie);
      finished += chunk.done;
      if (chunk.type == Chunk::offset_hole) {
        ++holes;
        std::fill_n(got.begin() + static_cast<std::ptrdiff_t>(offset),
                    be<std::uint32_t>(chunk.payload, 8), std::byte{});
      } else {
        std::ranges::copy(chunk.payload.subspan(8),
                          got.begin() + static_cast<std::ptrdiff_t>(offset));
      }
    }
    EXPECT_EQ(finished, disk_size / 131072);
    EXPECT_GT(holes, 4U);
    EXPECT_TRUE(got == content);
  }
}

TEST_F(Protocol, answers_without_structured_replies_in_one_piece) {
  Says says;
  says.hello(1).option(Option::export_name, Says().text("disk"));
  says.request(Command::read, 100, 100000).request(Command::read, disk_size, 1);
  auto done = say(says);
  ASSERT_TRUE(done.ended);
  Hears hears(done.output);
  hears.greeting();
  EXPECT_EQ(hears.number<std::uint64_t>(), disk_size);
  hears.skip(2 + 124);  // flags, zeros
  EXPECT_EQ(hears.number<std::uint32_t>(), simple_reply_magic);
  EXPECT_EQ(hears.number<std::uint32_t>(), 0U);
  EXPECT_EQ(hears.number<std::uint64_t>(), 77U);
  ASSERT_GE(hears.rest.size(), 100000U);
  EXPECT_TRUE(std::ranges::equal(hears.rest.first(100000), View(content).subspan(100, 100000)));
  hears.skip(100000);
  EXPECT_EQ(hears.number<std::uint32_t>(), simple_reply_magic);
  EXPECT_EQ(hears.number<std::uint32_t>(), 22U);
  hears.skip(8);
  EXPECT_TRUE(hears.rest.empty());
}

TEST_F(Protocol, does_not_fragment_where_that_is_forbidden) {
  Says says;
  says.begin().request(Command::read, 0, disk_size, command_df);
  auto heard = say(says).output;
  Hears hears(heard);
  hears.to_transmission();
  auto chunk = hears.chunk();
  EXPECT_TRUE(chunk.done);
  ASSERT_EQ(chunk.payload.size(), 8 + disk_size);
  EXPECT_TRUE(std::ranges::equal(chunk.payload.subspan(8), content));
}

TEST_F(Protocol, writes_large_and_odd_ranges) {
  Says says;
  says.begin().request(Command::write, 4097, 1000001).payload(1000001, 9);
  says.request(Command::write, 3, 5, command_fua).payload(5, 8);
  says.request(Command::write_zeroes, 65536, 4096, command_no_hole);
  says.request(Command::trim, 2 << 20, 65536, command_fua).request(Command::flush, 0, 0);
  auto done = say(says, Access::read_write, 1000);
  ASSERT_TRUE(done.ended);
  auto expected = content;
  std::fill_n(expected.begin() + 4097, 1000001, std::byte{9});
  std::fill_n(expected.begin() + 3, 5, std::byte{8});
  std::fill_n(expected.begin() + 65536, 4096, std::byte{0});
  std::fill_n(expected.begin() + (2 << 20), 65536, std::byte{0});
  EXPECT_TRUE(file->content() == expected);
  Hears hears(done.output);
  hears.to_transmission();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(hears.chunk().type, Chunk::none);
  EXPECT_TRUE(hears.rest.empty());
}

TEST_F(Protocol, answers_what_cannot_be_done_with_the_protocols_errors) {
  EXPECT_EQ(failure_of(Command::read, disk_size - 1, 2), Failure::invalid);
  EXPECT_EQ(failure_of(Command::read, ~std::uint64_t{0}, 2), Failure::invalid);
  EXPECT_EQ(failure_of(Command::write, disk_size - 1, 2), Failure::no_space);
  EXPECT_EQ(failure_of(Command::trim, disk_size, 1), Failure::no_space);
  EXPECT_EQ(failure_of(Command::write_zeroes, 0, 0xffffffff), Failure::no_space);
  EXPECT_EQ(failure_of(Command::write, 0, 2, 0, Access::read_only), Failure::not_permitted);
  EXPECT_EQ(failure_of(Command::trim, 0, 2, 0, Access::read_only), Failure::not_permitted);
  EXPECT_EQ(failure_of(Command::write_zeroes, 0, 2, 0, Access::read_only), Failure::not_permitted);
  EXPECT_EQ(failure_of(Command::read, 0, 2, command_fua), Failure::invalid);
  EXPECT_EQ(failure_of(Command::write, 0, 2, 0x8000), Failure::invalid);
  EXPECT_EQ(failure_of(Command::block_status, 0, 0), Failure::invalid);
  EXPECT_EQ(failure_of(static_cast<Command>(5), 0, 1), Failure::invalid);
  EXPECT_EQ(failure_of(static_cast<Command>(999), 0, 1), Failure::invalid);
  EXPECT_EQ(failure_of(Command::write_zeroes, 0, 4096, command_fast_zero), Failure::not_supported);
  EXPECT_TRUE(file->content() == content);
}

TEST_F(Protocol, stays_in_step_behind_a_write_that_is_refused) {
  Says says;
  says.begin().request(Command::write, 0, 300000, 0, 1).payload(300000, 1);
  says.request(Command::read, 0, 16, 0, 2);
  auto done = say(says, Access::read_only);
  ASSERT_TRUE(done.ended);
  Hears hears(done.output);
  hears.to_transmission();
  EXPECT_EQ(hears.chunk().failure(), Failure::not_permitted);
  auto chunk = hears.chunk();
  EXPECT_EQ(chunk.cookie, 2U);
  EXPECT_EQ(chunk.type, Chunk::offset_data);
}

TEST_F(Protocol, refuses_a_read_that_is_too_large_and_ends_at_a_write_that_is) {
  auto large = std::make_shared<MemoryFile>("large");
  ASSERT_TRUE(large->resize(64 << 20));
  auto disks = one_disk(raw_image(large, true), Access::read_write);
  auto read = talk(Says().begin().request(Command::read, 0, largest_request + 1), disks);
  Hears hears(read.output);
  hears.to_transmission();
  EXPECT_EQ(hears.chunk().failure(), Failure::too_large);
  auto write =
      talk(Says().begin().request(Command::write, 0, largest_request + 1).payload(64, 1), disks);
  EXPECT_EQ(write.ended.error().code, Code::limit);
}

TEST_F(Protocol, tells_many_extents_at_once_and_one_when_one_is_wanted) {
  for (bool one : {false, true}) {
    Says says;
    says.begin().request(Command::block_status, 0, disk_size, one ? command_req_one : 0);
    auto heard = say(says).output;
    Hears hears(heard);
    hears.to_transmission();
    auto chunk = hears.chunk();
    ASSERT_EQ(chunk.type, Chunk::block_status);
    Hears pairs(chunk.payload);
    EXPECT_EQ(pairs.number<std::uint32_t>(), base_allocation_number);
    std::uint64_t at = 0, count = 0;
    for (; !pairs.rest.empty(); ++count) {
      auto length = pairs.number<std::uint32_t>(), state = pairs.number<std::uint32_t>();
      ASSERT_GT(length, 0U);
      if (state == (state_hole | state_zero))
        EXPECT_TRUE(all_zero(View(content).subspan(at, length)));
      at += length;
    }
    EXPECT_EQ(count == 1, one);
    EXPECT_EQ(at == disk_size, !one);
  }
}

TEST_F(Protocol, tells_no_extents_that_were_not_negotiated) {
  auto heard = say(Says()
                       .hello()
                       .option(Option::structured_reply)
                       .go()
                       .request(Command::block_status, 0, 4096))
                   .output;
  Hears hears(heard);
  hears.greeting();
  EXPECT_EQ(hears.reply(), OptionReply::ack);
  EXPECT_EQ(hears.reply(), OptionReply::info);
  EXPECT_EQ(hears.reply(), OptionReply::ack);
  EXPECT_EQ(hears.chunk().failure(), Failure::invalid);
}

TEST_F(Protocol, ends_at_bytes_that_make_no_sense) {
  EXPECT_EQ(say(Says().hello(7)).ended.error().code, Code::corrupt);
  EXPECT_EQ(
      say(Says().hello().number<std::uint64_t>(1).number<std::uint64_t>(2)).ended.error().code,
      Code::corrupt);
  EXPECT_EQ(say(Says().begin().payload(28, 0x55)).ended.error().code, Code::corrupt);
  EXPECT_EQ(say(Says().begin().payload(27, 0)).ended.error().code, Code::corrupt);
  EXPECT_EQ(
      say(Says().begin().request(Command::write, 0, 4096).payload(4095, 1)).ended.error().code,
      Code::corrupt);
  EXPECT_EQ(
      say(Says().hello().option(Option::export_name, Says().text("nobody"))).ended.error().code,
      Code::not_found);
  Says endless;
  endless.hello();
  for (int i = 0; i < 300; ++i) endless.option(Option::list);
  EXPECT_EQ(say(endless).ended.error().code, Code::limit);
  Says huge;
  huge.hello()
      .number<std::uint64_t>(option_magic)
      .number<std::uint32_t>(3)
      .number<std::uint32_t>(0xffffffff);
  EXPECT_EQ(say(huge).ended.error().code, Code::limit);
}

TEST_F(Protocol, refuses_options_that_it_cannot_follow_and_goes_on) {
  Says says, context, cut;
  context.string("disk").number<std::uint32_t>(1).string(base_allocation);
  cut.number<std::uint32_t>(1000).text("disk");
  says.hello()
      .option(static_cast<Option>(4711))
      .option(Option::starttls)
      .option(Option::set_meta_context, context);
  says.option(Option::list, Says().payload(1, 0)).option(Option::list, Says().payload(70000, 0));
  says.option(Option::go, cut)
      .go("nobody")
      .option(Option::info, Says().string("disk").number<std::uint16_t>(9));
  says.option(Option::abort);
  auto done = say(says);
  ASSERT_TRUE(done.ended);
  Hears hears(done.output);
  hears.greeting();
  EXPECT_EQ(hears.reply(), OptionReply::error_unsupported);
  EXPECT_EQ(hears.reply(), OptionReply::error_unsupported);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(hears.reply(), OptionReply::error_invalid);
  EXPECT_EQ(hears.reply(), OptionReply::error_too_big);
  EXPECT_EQ(hears.reply(), OptionReply::error_invalid);
  EXPECT_EQ(hears.reply(), OptionReply::error_unknown);
  EXPECT_EQ(hears.reply(), OptionReply::error_invalid);
  EXPECT_EQ(hears.reply(), OptionReply::ack);
  EXPECT_TRUE(hears.rest.empty());
}

TEST_F(Protocol, says_nothing_about_exports_before_tls_that_is_required) {
  auto disks = one_disk(raw_image(file, false), Access::read_only);
  constexpr auto required = Transport::Security::tls_required;
  Says says;
  says.hello()
      .option(Option::list)
      .go()
      .option(Option::structured_reply)
      .option(Option::info)
      .option(Option::abort);
  auto done = talk(says, disks, required);
  Hears hears(done.output);
  hears.greeting();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(hears.reply(), OptionReply::error_tls_required);
  EXPECT_EQ(hears.reply(), OptionReply::ack);
  auto named =
      talk(Says().hello().option(Option::export_name, Says().text("disk")), disks, required);
  EXPECT_EQ(named.ended.error().code, Code::forbidden);
}

TEST_F(Protocol, takes_no_bytes_sent_in_the_clear_behind_starttls) {
  auto disks = one_disk(raw_image(file, false), Access::read_only);
  auto done = talk(Says().hello().option(Option::starttls).option(Option::list), disks,
                   Transport::Security::tls_required);
  EXPECT_EQ(done.ended.error().code, Code::corrupt);
}

TEST_F(Protocol, forgets_with_tls_what_was_agreed_on_in_the_clear) {
  auto disks = one_disk(raw_image(file, false), Access::read_only);
  Says says;
  says.hello().option(Option::structured_reply).option(Option::starttls);
  auto clear = says.bytes.size();
  says.go().request(Command::read, 0, 1);
  Scripted transport(says.bytes, Transport::Security::tls_offered);
  transport.in_pieces(clear);  // what follows comes when TLS has begun
  Inbox inbox(transport);
  auto agreed = Handshake(transport, inbox, disks).run();
  ASSERT_TRUE(agreed && *agreed);
  EXPECT_EQ((*agreed)->style, Style::simple);
}

/// Whatever is asked of it fails.
class BrokenImage final : public Image {
 public:
  BrokenImage() { description_.size = 1 << 20; }
  [[nodiscard]] const Description& description() const override { return description_; }
  Result<void> read(std::uint64_t, Span) override {
    return fail(Code::corrupt, "/secret/path: broken");
  }
  Result<Extent> extent(std::uint64_t at, std::uint64_t length) override {
    if (at < 65536) return Extent{at, std::min<std::uint64_t>(length, 65536 - at), Kind::zero};
    return Extent{at, length, Kind::compressed};
  }
  Result<CheckReport> check() override { return fail(Code::unsupported, "no"); }

 private:
  Description description_;
};

TEST_F(Protocol, tells_of_a_failing_image_where_it_fails_and_names_no_file) {
  auto disks = one_disk(std::make_shared<BrokenImage>(), Access::read_only);
  auto done = talk(
      Says().begin().request(Command::read, 0, 262144).request(Command::read, 70000, 512), disks);
  ASSERT_TRUE(done.ended);
  Hears hears(done.output);
  hears.to_transmission();
  EXPECT_EQ(hears.chunk().type, Chunk::offset_hole);
  auto failed = hears.chunk();
  EXPECT_EQ(failed.type, Chunk::error_offset);
  EXPECT_EQ(failed.failure(), Failure::io);
  EXPECT_EQ(be<std::uint64_t>(failed.payload, 6), 65536U);
  EXPECT_EQ(hears.chunk().failure(), Failure::io);
  std::string_view all(reinterpret_cast<const char*>(done.output.data()), done.output.size());
  EXPECT_FALSE(all.contains("secret"));
}

TEST_F(Protocol, will_not_serve_for_writing_what_cannot_be_written) {
  auto disk = Disk::open({.name = "",
                          .description = {},
                          .image = raw_image(file, false),
                          .access = Access::read_write});
  EXPECT_EQ(disk.error().code, Code::invalid);
  ServeOptions twice;
  for (int i = 0; i < 2; ++i)
    twice.exports.push_back({.name = "a", .description = {}, .image = raw_image(file, false)});
  twice.socket = "/tmp/none";
  EXPECT_EQ(Server::start(std::move(twice)).error().code, Code::invalid);
}

}  // namespace
}  // namespace truce::image::nbd
