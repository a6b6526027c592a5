// What a pool's answers are cut into, and what they mean.
#include <gtest/gtest.h>

#include "cutter.h"
#include "picture.h"

namespace truce::xapi {
namespace {

using model::Observed;
using platform::Update;

struct Cut {
  Result<std::string> rest;
  std::vector<std::string> events;
};

Cut cut(std::string_view text, std::size_t piece, Cutter::Bounds bounds = {}) {
  std::vector<std::string> events;
  Cutter cutter(
      [&](std::string_view event) -> Result<void> {
        events.emplace_back(event);
        return {};
      },
      bounds);
  for (std::size_t at = 0; at < text.size(); at += piece)
    if (auto fed = cutter.feed(text.substr(at, piece)); !fed)
      return {std::unexpected(fed.error()), events};
  return {cutter.finish(), events};
}

TEST(Cutter, cuts_events_out_wherever_the_pieces_end) {
  constexpr std::string_view text =
      R"({"jsonrpc":"2.0","result":{"token":"1,0","events":[{"a":"]}\"{"}, {"b":{"c":[1]}}],)"
      R"("valid_ref_counts":{"events":[{"x":1}]}},"events":[{"y":2}],"id":1})";
  for (std::size_t piece = 1; piece < 12; ++piece) {
    auto all = cut(text, piece);
    ASSERT_TRUE(all.rest) << all.rest.error().message;
    EXPECT_EQ(all.events, (std::vector<std::string>{R"({"a":"]}\"{"})", R"({"b":{"c":[1]}})"}));
    EXPECT_EQ(*all.rest, R"({"jsonrpc":"2.0","result":{"token":"1,0","events":[],)"
                         R"("valid_ref_counts":{"events":[{"x":1}]}},"events":[{"y":2}],"id":1})");
    EXPECT_TRUE(read_answer(*all.rest));
  }
}

TEST(Cutter, refuses_what_is_too_large_too_deep_or_not_whole) {
  Cutter::Bounds small{.event = kib(1), .rest = kib(1), .all = kib(4)};
  std::string head = R"({"result":{"events":[)";
  auto code = [](const Cut& all) { return all.rest ? Code::internal : all.rest.error().code; };
  EXPECT_EQ(code(cut(head + R"({"a":")" + std::string(2000, 'x') + "\"}", 64, small)), Code::limit);
  EXPECT_EQ(code(cut("{\"a\":\"" + std::string(2000, 'x') + "\"}", 64, small)), Code::limit);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "{\"a\":1},";
  EXPECT_EQ(code(cut(head + many, 64, small)), Code::limit);
  EXPECT_EQ(code(cut(std::string(100, '['), 7)), Code::limit);
  EXPECT_EQ(code(cut(head + "{\"a\":" + std::string(100, '['), 7)), Code::limit);
  EXPECT_EQ(code(cut(head + "17]}}", 7)), Code::corrupt);
  EXPECT_EQ(code(cut(head + "{\"a\":1}", 7)), Code::corrupt);
  EXPECT_EQ(code(cut("{}}", 7)), Code::corrupt);
}

TEST(Answers, are_results_or_errors_in_words) {
  EXPECT_EQ(*read_answer(R"({"jsonrpc":"2.0","result":"x","id":1})"), json::value("x"));
  auto refused = read_answer(
      R"({"error":{"code":1,"message":"VM_BAD_POWER_STATE","data":["OpaqueRef:1","halted","running"]}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::precondition);
  EXPECT_EQ(code_in(refused.error()), "VM_BAD_POWER_STATE");
  EXPECT_TRUE(refused.error().message.contains("halted, running")) << refused.error().message;
  auto over = read_answer(R"({"error":{"message":"SESSION_INVALID","data":["OpaqueRef:secret"]}})");
  ASSERT_FALSE(over);
  EXPECT_FALSE(over.error().message.contains("secret")) << "a session is as good as a password";
  for (const auto* text : {"", "<html>", "[]", "{}", "17", R"({"result":)"})
    EXPECT_FALSE(read_answer(text)) << text;
}

TEST(Answers, calls_carry_any_text) {
  auto read = read_object(request({"VM.snapshot", {to_json("a\"b\\\n"), "true"}}, "s"));
  ASSERT_TRUE(read);
  EXPECT_EQ(texts_at(*read, "params"), (std::vector<std::string>{"s", "a\"b\\\n"}));
  EXPECT_EQ(text_at(*read, "method"), "VM.snapshot");
}

TEST(Answers, moments_are_read_in_both_forms) {
  constexpr auto moment = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 3h + 4min + 5s;
  EXPECT_EQ(read_time("20260102T03:04:05Z"), Time(moment));
  EXPECT_EQ(read_time("2026-01-02T03:04:05.250Z"), Time(moment));
  for (const auto* text : {"", "x", "20261302T03:04:05Z", "20260102"})
    EXPECT_EQ(read_time(text), Time());
}

/// A picture that is told of objects as a server tells them.
class APicture : public testing::Test {
 protected:
  void tell(const std::string& kind, const std::string& ref, const std::string& fields,
            const std::string& operation = "add") {
    auto taken = picture_.take(
        fmt::format(R"({{"class":"{}","operation":"{}","ref":"{}","snapshot":{{{}}}}})", kind,
                    operation, ref, fields));
    EXPECT_TRUE(taken);
  }
  void machine(const std::string& ref, const std::string& more) {
    tell("vm", ref,
         more + (more.empty() ? "" : ",") + R"("uuid":"U-)" + ref +
             R"(","power_state":"Halted","VCPUs_at_startup":"2")");
  }
  void gone(const std::string& kind, const std::string& ref) {
    EXPECT_TRUE(
        picture_.take(fmt::format(R"({{"class":"{}","operation":"del","ref":"{}"}})", kind, ref)));
  }
  Update whole() { return picture_.collect(Update::Extent::whole); }
  Update changes() { return picture_.collect(Update::Extent::changes); }

  Picture picture_;
};

TEST_F(APicture, tells_of_machines_and_not_of_what_only_looks_like_one) {
  machine("a", R"("name_label":"web","memory_static_max":1073741824)");
  machine("t", R"("is_a_template":true)");
  machine("s", R"("is_a_snapshot":true,"is_a_template":true,"snapshot_of":"a")");
  machine("d", R"("is_control_domain":true)");
  auto all = whole();
  ASSERT_EQ(all.machines.seen.size(), 1U);
  const auto& seen = all.machines.seen[0];
  EXPECT_EQ(seen.id, "u-a");
  EXPECT_EQ(seen.name, "web");
  EXPECT_EQ(seen.cpus, 2);
  EXPECT_EQ(seen.memory, gib(1));
  EXPECT_EQ(seen.state, Observed::off);
}

TEST_F(APicture, what_is_plugged_to_a_machine_changes_it) {
  machine("a", R"("VBDs":["b"],"VIFs":["f"],"metrics":"m")");
  machine("other", "");
  tell("sr", "s", R"("uuid":"S","type":"nfs")");
  tell("vdi", "v",
       R"("uuid":"V","SR":"s","virtual_size":4096,"VBDs":["b"],"sm_config":{"vdi_type":"vhd"})");
  tell("vbd", "b", R"("VM":"a","VDI":"v","type":"Disk","device":"xvda")");
  whole();
  tell("vdi", "v",
       R"("uuid":"V","SR":"s","virtual_size":8192,"VBDs":["b"],"sm_config":{"vdi_type":"vhd"})",
       "mod");
  auto update = changes();
  ASSERT_EQ(update.machines.seen.size(), 1U) << "and no other";
  ASSERT_EQ(update.machines.seen[0].disks.size(), 1U);
  const auto& disk = update.machines.seen[0].disks[0];
  EXPECT_EQ(disk.size, kib(8));
  EXPECT_EQ(disk.file, "S/V");
  EXPECT_EQ(disk.format, "vhd");
  EXPECT_TRUE(disk.thin);
  gone("vbd", "b");
  update = changes();
  ASSERT_EQ(update.machines.seen.size(), 1U);
  EXPECT_TRUE(update.machines.seen[0].disks.empty());
  tell("vm_metrics", "m", R"("memory_actual":1024)", "mod");
  EXPECT_EQ(changes().machines.seen.size(), 1U);
  EXPECT_TRUE(changes().empty());
  gone("vm", "a");
  EXPECT_EQ(changes().machines.gone, std::vector<std::string>{"u-a"});
}

TEST_F(APicture, snapshots_are_a_tree_with_parents_first_even_when_they_go_round) {
  machine("a", R"("snapshots":["3","1","2"],"parent":"3")");
  auto snapshot = [&](const std::string& ref, const std::string& parent) {
    machine(ref, R"("is_a_snapshot":true,"snapshot_of":"a","parent":")" + parent + "\"");
  };
  snapshot("1", "OpaqueRef:NULL");
  snapshot("2", "1");
  snapshot("3", "2");
  auto tree = whole().machines.seen[0];
  ASSERT_EQ(tree.snapshots.size(), 3U);
  EXPECT_EQ(tree.snapshot, "u-3");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(tree.snapshots[static_cast<std::size_t>(i)].id, fmt::format("u-{}", i + 1));
    EXPECT_EQ(tree.snapshots[static_cast<std::size_t>(i)].parent,
              i == 0 ? "" : fmt::format("u-{}", i));
  }
  snapshot("1", "3");
  tree = changes().machines.seen[0];
  ASSERT_EQ(tree.snapshots.size(), 3U) << "each once";
  EXPECT_EQ(tree.snapshots[0].parent, "");
}

}  // namespace
}  // namespace truce::xapi
