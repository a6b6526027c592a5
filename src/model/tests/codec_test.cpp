#include <gtest/gtest.h>

#include "model/hardware.h"
#include "model/model.h"

namespace truce::model {
namespace {

/// "field: message" of the error that reading `text` as a T gives, or "read".
template <class T>
std::string refusal(std::string_view text, Unknown unknown = Unknown::refuse) {
  auto result = from_text<T>(text, unknown);
  if (result) return "read";
  EXPECT_EQ(result.error().code, Code::invalid);
  return result.error().field + ": " + result.error().message;
}

Vm full_vm() {
  Vm vm;
  vm.name = "web01";
  vm.description = "front \"door\", ünï";
  vm.labels = {{"tier", "web"}, {"a/b~c", ""}};
  vm.uuid = "8b1f";
  vm.cpus = 4;
  vm.memory = gib(2);
  vm.machine = MachineType::microvm;
  vm.template_ = "debian-12@1";
  vm.disks = {{.id = "0", .size = gib(20), .template_ = "debian-12@1", .clone = CloneKind::full}};
  vm.nics = {{.network = "default", .mac = "52:54:00:12:34:56", .forwards = {"2222:22"}}};
  vm.wanted = Wanted::running;
  vm.observed = Observed::off;
  vm.generation = 3;
  vm.addresses = {"10.77.0.5"};
  vm.created = parse_time("2026-11-22T11:13:47.120Z").value();
  return vm;
}

TEST(Codec, what_a_newer_release_has_put_into_an_object_stays_when_it_is_written_again) {
  auto vm = full_vm();
  vm.availability = VmAvailability{};
  auto before = to_json(vm);
  before.as_object()["future"] = {1, 2};
  before.as_object()["availability"].as_object()["future"] = "deep";
  before.as_object()["disks"].as_array()[0].as_object()["future"] = "of an item";
  before.as_object()["problem"] = "was";
  before.as_object()["started"] = "2026-11-22T11:13:47.120Z";
  vm.problem = "is";
  auto written = boost::json::parse(to_text_over(vm, boost::json::serialize(before)));
  EXPECT_EQ(written.at("future"), before.at("future"));
  EXPECT_EQ(written.at("availability").at("future"), "deep");
  EXPECT_EQ(written.at("problem"), "is");
  EXPECT_FALSE(written.as_object().contains("started")) << "a known field that is absent now";
  EXPECT_FALSE(written.at("disks").at(0).as_object().contains("future")) << "items are no objects";
  written.as_object().erase("future");
  written.at("availability").as_object().erase("future");
  EXPECT_EQ(written, to_json(vm));
}

TEST(Codec, an_older_text_that_is_no_object_adds_nothing) {
  auto vm = full_vm();
  for (const auto* text : {"", "[1]", "{", "null"}) EXPECT_EQ(to_text_over(vm, text), to_text(vm));
}

TEST(Codec, a_value_that_a_newer_release_has_added_to_an_enum_is_not_taken_for_another) {
  auto value = to_json(full_vm());
  value.as_object()["wanted"] = "hovering";
  EXPECT_EQ(refusal<Vm>(boost::json::serialize(value), Unknown::ignore).substr(0, 23),
            "/wanted: must be one of");
}

TEST(Codec, a_machine_that_was_stored_before_there_was_hardware_is_read_as_the_usual_one) {
  auto vm = from_text<Vm>(
      R"({"name":"old","uuid":"u","number":1,"cpus":1,"memory":536870912,"machine":"q35",)"
      R"("wanted":"off","observed":"off","generation":3,"created":"2026-11-22T12:00:00.000Z"})",
      Unknown::ignore);
  ASSERT_TRUE(vm) << vm.error().message;
  EXPECT_FALSE(vm->hardware);
  EXPECT_FALSE(to_text(*vm).contains("hardware"));
  Outfit usual;
  usual.max_cpus = vm->cpus;
  usual.max_memory = vm->memory;
  EXPECT_EQ(outfit(*vm).value(), usual);
}

TEST(Codec, every_kind_of_field_survives_a_round_trip) {
  auto vm = full_vm();
  auto back = from_text<Vm>(to_text(vm));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, vm);
  vm.started = parse_time("2026-11-22T11:14:00.000Z").value();
  EXPECT_EQ(from_text<Vm>(to_text(vm)).value(), vm);
}

TEST(Codec, text_has_the_names_of_the_schema) {
  auto value = to_json(full_vm());
  EXPECT_EQ(value.at("template").as_string(), "debian-12@1");
  EXPECT_EQ(value.at("memory").to_number<std::uint64_t>(), 2147483648U);
  EXPECT_EQ(value.at("observed").as_string(), "off");
  EXPECT_EQ(value.at("created").as_string(), "2026-11-22T11:13:47.120Z");
  EXPECT_EQ(value.at("disks").at(0).at("clone").as_string(), "full");
  EXPECT_FALSE(value.as_object().contains("started")) << "an absent time is not written";
}

TEST(Codec, absent_fields_get_the_defaults_of_the_schema) {
  auto vm = from_text<VmCreate>(R"({"name":"a"})").value();
  EXPECT_EQ(vm.cpus, 1);
  EXPECT_EQ(vm.memory, mib(512));
  EXPECT_EQ(vm.project, "default");
  EXPECT_EQ(vm.clone, CloneKind::linked);
  EXPECT_FALSE(vm.disk.has_value());
  EXPECT_TRUE(vm.forward.empty());
}

TEST(Codec, a_change_tells_absent_from_empty) {
  auto change = from_text<VmChange>(R"({"iso":""})").value();
  EXPECT_EQ(change.iso, "");
  EXPECT_FALSE(change.cpus.has_value());
  EXPECT_FALSE(change.labels.has_value());
  EXPECT_EQ(to_text(change), R"({"iso":""})");
  EXPECT_TRUE(from_text<VmChange>(R"({"labels":{}})").value().labels.has_value());
}

TEST(Codec, a_missing_field_is_named) {
  EXPECT_EQ(refusal<VmCreate>("{}"), "/name: is required");
  EXPECT_EQ(refusal<ExecRequest>("{}"), "/argv: is required");
}

TEST(Codec, an_unknown_field_is_refused_with_a_guess) {
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","memry":1})"),
            "/memry: is not known; did you mean 'memory'?");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","zzzzzz":1})"), "/zzzzzz: is not known");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","a/b~":1})"), "/a~1b~0: is not known");
}

TEST(Codec, an_unknown_field_of_a_stored_value_is_ignored_at_every_depth) {
  EXPECT_EQ(refusal<ToNode>(R"({"new":1,"call":{"id":1,"verb":"reset","vm":"u","new":[]}})",
                            Unknown::ignore),
            "read");
  EXPECT_EQ(refusal<ToNode>(R"({"call":{"id":1,"verb":"reset","vm":"u","new":[]}})"),
            "/call/new: is not known");
}

TEST(Codec, a_wrong_type_is_refused) {
  EXPECT_EQ(refusal<VmCreate>(R"({"name":1})"), "/name: must be a string");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","cpus":"2"})"), "/cpus: must be an integer");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","cpus":1.5})"), "/cpus: must be an integer");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","memory":-1})"), "/memory: must be a number of bytes");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","start":1})"), "/start: must be true or false");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","forward":{}})"), "/forward: must be an array");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","labels":[]})"), "/labels: must be an object");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":null})"), "/name: must be a string");
  EXPECT_EQ(refusal<VmCreate>("[]"), ": must be an object");
  EXPECT_EQ(refusal<JobReport>(R"({"task":"t","progress":"1"})"), "/progress: must be a number");
}

TEST(Codec, a_whole_number_written_with_a_point_is_an_integer) {
  EXPECT_EQ(from_text<VmCreate>(R"({"name":"a","cpus":2.0})").value().cpus, 2);
  EXPECT_EQ(from_text<JobReport>(R"({"task":"t","progress":1})").value().progress, 1.0);
}

TEST(Codec, limits_are_kept) {
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","cpus":0})"), "/cpus: must be from 1 to 64");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","cpus":65})"), "/cpus: must be from 1 to 64");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","memory":1024})"),
            "/memory: must be from 32MiB to 16TiB");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","memory":18446744073709551615})"),
            "/memory: must be a number of bytes");
  EXPECT_EQ(refusal<ExecRequest>(R"({"argv":[]})"), "/argv: must have at least 1 items");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","labels":{"k":")" + std::string(64, 'x') + R"("}})"),
            "/labels/k: must have at most 63 characters, not 64");
}

TEST(Codec, the_keys_of_a_map_are_limited_too) {
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","labels":{"":"x"}})"),
            "/labels: must not have an empty key");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","labels":{")" + std::string(64, 'x') + R"(":""}})"),
            "/labels: must have keys of at most 63 characters");
  std::string many;
  for (int i = 0; i < 65; ++i) many += fmt::format("{}\"k{}\":\"\"", i == 0 ? "" : ",", i);
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","labels":{)" + many + "}}"),
            "/labels: must have at most 64 items, not 65");
}

TEST(Codec, lengths_count_characters_and_not_bytes) {
  std::string labels;
  for (int i = 0; i < 63; ++i) labels += "ü";
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","labels":{"k":")" + labels + R"("}})"), "read");
}

TEST(Codec, an_enum_names_its_choices) {
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","clone":"deep"})"),
            "/clone: must be one of linked, full");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","clone":1})"), "/clone: must be one of linked, full");
}

TEST(Codec, the_place_of_a_mistake_goes_through_arrays_and_objects) {
  auto value = to_json(full_vm());
  value.at("disks").at(0).as_object().erase("size");
  auto result = from_json<Vm>(value);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().field, "/disks/0/size");
  EXPECT_EQ(refusal<VmCreate>(R"({"name":"a","forward":["1:2","x"]})").substr(0, 11),
            "/forward/1:");
}

TEST(Codec, text_that_is_not_json_is_refused) {
  EXPECT_TRUE(refusal<VmCreate>("{").starts_with(": is not JSON"));
  EXPECT_TRUE(refusal<VmCreate>("").starts_with(": is not JSON"));
  EXPECT_TRUE(refusal<VmCreate>("{} x").starts_with(": is not JSON"));
  EXPECT_TRUE(refusal<VmCreate>("{\"name\":\"\xff\"}").starts_with(": is not JSON"));
}

TEST(Codec, deep_and_long_texts_are_refused) {
  std::string deep = R"({"name":)" + std::string(40, '[') + std::string(40, ']') + "}";
  EXPECT_TRUE(refusal<VmCreate>(deep).starts_with(": is not JSON"));
  auto result = from_text<VmCreate>(R"({"name":"a"})", Unknown::refuse, Bytes{5});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::limit);
}

TEST(Codec, a_page_carries_its_revision_and_where_the_next_one_begins) {
  VmList page{.revision = 7, .items = {full_vm()}, .next = "web01"};
  EXPECT_EQ(from_text<VmList>(to_text(page)).value(), page);
}

TEST(Codec, enums_have_names_both_ways) {
  EXPECT_EQ(to_string(Observed::off), "off");
  EXPECT_EQ(to_string(Role::operator_), "operator");
  EXPECT_EQ(parse_enum<Observed>("paused"), Observed::paused);
  EXPECT_FALSE(parse_enum<Observed>("Paused").has_value());
  EXPECT_EQ(enum_names<CloneKind>().size(), 2U);
}

struct FormatCase {
  std::string_view json;
  bool good;
};

void check(const char* before, const char* after, std::initializer_list<FormatCase> cases,
           const std::function<std::string(std::string)>& read) {
  for (const auto& c : cases) {
    EXPECT_EQ(read(before + std::string(c.json) + after) == "read", c.good) << c.json;
  }
}

TEST(Formats, name) {
  check("{\"name\":\"", "\"}",
        {{"a", true},
         {"web-01", true},
         {"0", true},
         {"", false},
         {"-a", false},
         {"a-", false},
         {"A", false},
         {"a_b", false},
         {"a.b", false},
         {"../a", false},
         {"ä", false}},
        [](std::string text) { return refusal<Rename>("{\"new_" + text.substr(2)); });
  EXPECT_EQ(refusal<Rename>(R"({"new_name":")" + std::string(63, 'a') + "\"}"), "read");
  EXPECT_NE(refusal<Rename>(R"({"new_name":")" + std::string(64, 'a') + "\"}"), "read");
}

TEST(Formats, mac) {
  check(R"({"network":"n","mac":")", "\"}",
        {{"52:54:00:ab:CD:09", true},
         {"53:54:00:00:00:00", false},
         {"52:54:00:00:00", false},
         {"52-54-00-00-00-00", false},
         {"52:54:00:00:00:0g", false},
         {"", false}},
        [](const std::string& text) { return refusal<VmNic>(text); });
}

TEST(Formats, cidr) {
  check(R"({"name":"n","subnet":")", "\"}",
        {{"10.88.0.0/24", true},
         {"10.0.0.0/16", true},
         {"192.168.4.8/29", true},
         {"10.88.0.1/24", false},
         {"10.0.0.0/15", false},
         {"10.0.0.0/30", false},
         {"10.0.0/24", false},
         {"10.0.0.0", false},
         {"10.0.0.0/", false},
         {"10.0.0.0/024", false},
         {"256.0.0.0/16", false},
         {"127.0.0.0/16", false},
         {"224.0.0.0/16", false},
         {"1.2.3.4.0/24", false},
         {"fd00::/64", false}},
        [](const std::string& text) { return refusal<NetworkCreate>(text); });
}

TEST(Formats, forward) {
  check(R"({"name":"n","forward":[")", "\"]}",
        {{"2222:22", true},
         {"127.0.0.1:2222:22", true},
         {"53:53/udp", true},
         {"0.0.0.0:1:1/udp", true},
         {"22", false},
         {"0:22", false},
         {"65536:22", false},
         {"a:22", false},
         {"1:2:3", false},
         {"1.2.3.4:5:6:7", false},
         {"1:2/sctp", false},
         {"-1:2", false},
         {" 1:2", false}},
        [](const std::string& text) { return refusal<VmCreate>(text); });
}

TEST(Formats, date_time) {
  check(R"({"name":"n","expires":")", "\"}",
        {{"2026-11-22T11:13:47.120Z", true},
         {"2026-13-22T11:13:47.120Z", false},
         {"tomorrow", false},
         {"", false}},
        [](const std::string& text) { return refusal<TokenCreate>(text); });
  EXPECT_EQ(refusal<TokenCreate>(R"({"name":"n","expires":5})").substr(0, 9), "/expires:");
}

}  // namespace
}  // namespace truce::model
