#include "output.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/random.h"
#include "progress.h"
#include "settings.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

class Printed : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("TZ", "UTC-2", 1);  // two hours east of Greenwich
    tzset();
  }
  const CommandRow& vm_list = *find_command("vm", "list").value();
  json::value page = json::parse(R"({"revision":7,"items":[
    {"name":"web01","observed":"running","cpus":2,"memory":2147483648,"addresses":["10.77.0.5","fd00::5"],
     "template":"debian-12@1","host":"node1"},
    {"name":"b","observed":"off","cpus":1,"memory":536870912,"addresses":[],"template":"","host":"node1"}],
    "next":""})");
};

TEST_F(Printed, a_page_is_a_table_of_the_commands_columns) {
  EXPECT_EQ(shown_page(page, vm_list, Style::table, false),
            "NAME   OBSERVED  CPUS  MEMORY  ADDRESSES           TEMPLATE     HOST\n"
            "web01  running      2    2GiB  10.77.0.5, fd00::5  debian-12@1  node1\n"
            "b      off          1  512MiB  -                   -            node1\n");
}

TEST_F(Printed, a_list_with_machines_of_platforms_says_which) {
  auto& own = page.at("items").as_array()[1];
  page.at("items").as_array()[0] = json::parse(
      R"({"name":"prod/web 1","observed":"off","cpus":1,"memory":536870912,"addresses":[],"host":"esx1","platform":"prod"})");
  EXPECT_FALSE(own.as_object().contains("platform"));
  EXPECT_EQ(shown_page(page, vm_list, Style::table, false),
            "NAME        OBSERVED  CPUS  MEMORY  ADDRESSES  TEMPLATE  HOST   PLATFORM\n"
            "prod/web 1  off          1  512MiB  -          -         esx1   prod\n"
            "b           off          1  512MiB  -          -         node1  -\n");
}

TEST_F(Printed, an_empty_page_is_a_line_of_titles) {
  auto empty = json::parse(R"({"revision":1,"items":[],"next":""})");
  EXPECT_EQ(shown_page(empty, vm_list, Style::table, false),
            "NAME  OBSERVED  CPUS  MEMORY  ADDRESSES  TEMPLATE  HOST\n");
  EXPECT_EQ(shown_page(empty, vm_list, Style::csv, false),
            "name,observed,cpus,memory,addresses,template,host\r\n");
}

TEST_F(Printed, quiet_is_names_only_in_every_style) {
  EXPECT_EQ(shown_page(page, vm_list, Style::table, true), "web01\nb\n");
  EXPECT_EQ(shown_page(page, vm_list, Style::json, true), "web01\nb\n");
}

TEST_F(Printed, json_is_what_the_api_answered) {
  EXPECT_EQ(json::parse(shown_page(page, vm_list, Style::json, false)), page);
}

TEST_F(Printed, csv_keeps_bytes_as_numbers) {
  EXPECT_EQ(shown_page(page, vm_list, Style::csv, false),
            "name,observed,cpus,memory,addresses,template,host\r\n"
            "web01,running,2,2147483648,10.77.0.5;fd00::5,debian-12@1,node1\r\n"
            "b,off,1,536870912,,,node1\r\n");
}

TEST_F(Printed, a_share_is_in_percent_and_other_numbers_are_not) {
  auto alarm = json::parse(R"({"name":"busy","above":90.5,"below":3,"raised_count":2})");
  EXPECT_EQ(shown_object(alarm, "Alarm", Style::table, false),
            "name          busy\n"
            "above         90.5\n"
            "below         3\n"
            "raised_count  2\n");
}

TEST_F(Printed, an_object_is_a_line_a_field) {
  auto task = json::parse(R"({"name":"t-1","kind":"vm.start","target":"vms/a","state":"running",
    "progress":0.4,"steps":[{"time":"2026-11-22T11:13:47.120Z","text":"one"},
    {"time":"2026-11-22T11:13:48.000Z","text":"two"}],"created":"2026-11-22T11:13:47.000Z"})");
  EXPECT_EQ(shown_object(task, "Task", Style::table, false),
            "name      t-1\n"
            "kind      vm.start\n"
            "target    vms/a\n"
            "state     running\n"
            "progress  40%\n"
            "steps     time 2026-11-22 13:13:47, text one\n"
            "          time 2026-11-22 13:13:48, text two\n"
            "created   2026-11-22 13:13:47\n");
}

TEST_F(Printed, a_terminal_is_not_obeyed_by_what_a_guest_says) {
  auto hostile = json::parse(R"({"name":"a","addresses":["\u001b]0;owned\u0007","\u009b2J"]})");
  auto shown = shown_object(hostile, "Vm", Style::table, false);
  EXPECT_EQ(shown, "name       a\naddresses  ?]0;owned?, ?2J\n");
}

TEST_F(Printed, maps_and_booleans_are_readable) {
  auto vm = json::parse(R"({"labels":{"tier":"web","k":""},"stop_now":false})");
  EXPECT_EQ(shown_object(vm, "Vm", Style::table, false), "labels    tier=web, k=-\nstop_now  no\n");
}

TEST(TextFormats, columns_line_up_with_letters_of_several_bytes) {
  EXPECT_EQ(table({{"A"}, {"N", Align::right}, {"B"}}, {{"ü", "10", "x"}, {"abc", "9", ""}}),
            "A     N  B\nü    10  x\nabc   9\n");
}

TEST(TextFormats, csv_quotes_what_needs_it) {
  EXPECT_EQ(csv_line({"a", "b,c", "say \"x\"", "two\nlines", ""}),
            "a,\"b,c\",\"say \"\"x\"\"\",\"two\nlines\",\r\n");
}

TEST(TextFormats, json_is_indented) {
  EXPECT_EQ(pretty_json(json::parse(R"({"a":[1,{"b":null}],"c":{},"d":[]})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": "
            "[]\n}\n");
}

TEST(TextFormats, yaml_is_in_blocks) {
  EXPECT_EQ(
      yaml(json::parse(
          R"({"name":"web01","disks":[{"id":"0","size":5},[1,2]],"labels":{},"nics":[]})")),
      "name: web01\ndisks:\n  - id: \"0\"\n    size: 5\n  - - 1\n    - 2\nlabels: {}\nnics: []\n");
  EXPECT_EQ(yaml(json::parse("[]")), "[]\n");
}

TEST(TextFormats, yaml_quotes_strings_that_are_not_taken_as_such) {
  for (const char* text : {"off", "No", "null", "1",    "1.5", "12:30:00", "",     "a: b", "a #b",
                           "- a", "x:", "~",    "a\nb", "@x",  "{a}",      "true", "0x1f", ".inf",
                           "*a",  "&a", "!a",   "%a",   "'a'", "=",        "?"}) {
    EXPECT_EQ(yaml(json::value(json::string(text))), json::serialize(json::string(text)) + "\n");
  }
  for (const char* text : {"web01", "debian-12@1", "vms/web01", "/var/lib/truce", "t-000012"}) {
    EXPECT_EQ(yaml(json::value(json::string(text))), std::string(text) + "\n");
  }
}

model::Task task_at(double progress) {
  model::Task task;
  task.name = "t-1";
  task.kind = "vm.create";
  task.target = "vms/web01";
  task.state = model::TaskState::running;
  task.progress = progress;
  task.step = "copying the disk";
  return task;
}

TEST(Progress, the_line_has_bar_step_and_times) {
  EXPECT_EQ(progress_line(task_at(0.5), 7s, 200),
            "vm.create vms/web01 [##########..........]  50%  copying the disk  0:07, 0:07 left");
  EXPECT_EQ(progress_line(task_at(0), 1s, 200),
            "vm.create vms/web01 [....................]   0%  copying the disk  0:01");
}

TEST(Progress, the_line_is_never_longer_than_the_terminal) {
  auto task = task_at(0.5);
  task.step = "ükopieren";
  for (std::size_t width : {0U, 1U, 10U, 52U, 53U, 79U}) {
    EXPECT_LE(display_width(progress_line(task, 7s, width)), width);
  }
}

TEST(Progress, nonsense_of_a_server_does_no_harm) {
  EXPECT_TRUE(progress_line(task_at(7), 1s, 200).contains("[####################] 100%"));
  EXPECT_TRUE(progress_line(task_at(-1), 1s, 200).contains("[....................]   0%"));
}

TEST(Progress, ends_are_told) {
  auto task = task_at(1);
  EXPECT_EQ(ending(task, 1s), "");
  EXPECT_FALSE(has_ended(task));
  task.state = model::TaskState::succeeded;
  EXPECT_EQ(ending(task, 2100ms), "vm.create vms/web01: done in 2.1 s");
  task.state = model::TaskState::failed;
  task.error = "no host fits";
  EXPECT_EQ(ending(task, 1s), "vm.create vms/web01: no host fits");
  EXPECT_EQ(shown_proof(task), "");
  task.name = "t-1";
  task.proof.emplace();
  task.proof->outcome = model::BootOutcome::booted;
  task.proof->words = "its guest agent answered";
  task.proof->seen = {"host name: web01\x1b[2J", "system: Debian"};
  EXPECT_EQ(shown_proof(task),
            "boot proof: booted: its guest agent answered (host name: web01?[2J, system: Debian)");
  task.proof->seen.clear();
  task.proof->picture = kib(3);
  EXPECT_EQ(shown_proof(task),
            "boot proof: booted: its guest agent answered; its screen: truce task "
            "screenshot t-1 FILE.png");
  EXPECT_TRUE(has_ended(task));
}

TEST(Progress, durations_grow_from_tenths_to_hours) {
  EXPECT_EQ(shown_duration(140ms), "0.1 s");
  EXPECT_EQ(shown_duration(12s), "0:12");
  EXPECT_EQ(shown_duration(187s), "3:07");
  EXPECT_EQ(shown_duration(3723s), "1:02:03");
}

TEST(Settings, the_option_wins_over_the_variable_and_that_over_the_login) {
  Settings settings{
      .current = "https://h:7443",
      .servers = {
          {"https://h:7443", {.url = "https://h:7443", .fingerprint = "ab", .token = "stored"}}}};
  EXPECT_EQ(choose_endpoint({}, {})->url, "unix:/run/truce/truced.sock");
  EXPECT_EQ(choose_endpoint(settings, {})->url, "https://h:7443");
  EXPECT_EQ(choose_endpoint(settings, {})->token, "stored");
  EXPECT_EQ(choose_endpoint(settings, {.url_variable = "unix:/x"})->url, "unix:/x");
  EXPECT_EQ(choose_endpoint(settings, {.url_variable = "unix:/x"})->token, "");
  auto both = choose_endpoint(
      settings, {.url = "https://h:7443/", .url_variable = "unix:/x", .token_variable = "v"});
  EXPECT_EQ(both->url, "https://h:7443");
  EXPECT_EQ(both->fingerprint, "ab");
  EXPECT_EQ(both->token, "v");
  EXPECT_EQ(choose_endpoint(settings, {.token = "o", .token_variable = "v"})->token, "o");
}

TEST(Settings, a_url_without_scheme_or_without_tls_is_refused) {
  for (const char* url : {"host", "http://host:7443", "unix:", "https://", "ftp://x"}) {
    EXPECT_FALSE(normal_url(url)) << url;
  }
}

TEST(Settings, are_stored_for_their_owner_only) {
  auto folder = std::filesystem::temp_directory_path() / ("truce-settings-" + random_hex(6));
  auto path = folder / "truce/client.json";
  Settings settings{.current = "unix:/x",
                    .servers = {{"unix:/x", {.url = "unix:/x", .token = "secret"}}}};
  ASSERT_TRUE(write_settings(path, settings));
  auto mode = std::filesystem::status(path).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  auto back = read_settings(path).value();
  EXPECT_EQ(back.current, "unix:/x");
  EXPECT_EQ(back.servers.at("unix:/x").token, "secret");
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(read_settings(path)->servers.empty()) << "no file is no servers";
}

}  // namespace
}  // namespace truce::cli
