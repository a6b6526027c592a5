#include "request.h"

#include <gtest/gtest.h>

namespace truce::cli {
namespace {

const Time noon = parse_time("2026-11-22T12:00:00.000Z").value();

Result<std::string> read_fake(const std::string& name) {
  if (name == "user-data") return "#cloud-config\n";
  if (name == "secret") return "correct horse \r\n";
  if (name == "keys.pub") return "# mine\nssh-ed25519 AAAA me\n\nssh-rsa BBBB \r\n";
  return fail(Code::not_found, "open {}: No such file or directory", name);
}

Result<std::string> type_fake(std::string_view what) {
  return fmt::format("typed {}", what);
}

Result<Outgoing> request(const std::vector<std::string>& words) {
  auto read = read_words(words);
  EXPECT_TRUE(read) << read.error().message;
  return make_request(std::get<Invocation>(read.value()),
                      {.read_file = read_fake, .ask_secret = type_fake, .now = noon});
}

/// "METHOD target body" of what a command line sends, or its error.
std::string sent(const std::vector<std::string>& words) {
  auto out = request(words);
  if (!out) return out.error().message;
  return out->method + " " + out->target() + (out->body.empty() ? "" : " " + out->body);
}

TEST(Request, only_what_was_given_is_sent) {
  EXPECT_EQ(sent({"vm", "create", "a"}), R"(POST /v1/vms {"name":"a"})");
  EXPECT_EQ(sent({"vm", "list"}), "GET /v1/vms");
  EXPECT_EQ(sent({"vm", "start", "a"}), "POST /v1/vms/a/start {}");
  EXPECT_EQ(sent({"vm", "stop", "a"}), "POST /v1/vms/a/stop {}");
}

TEST(Request, machines_of_platforms_have_paths_of_their_own) {
  EXPECT_EQ(sent({"vm", "show", "prod/Web 01"}), "GET /v1/platforms/prod/vms/Web%2001");
  EXPECT_EQ(sent({"vm", "stop", "prod/vm-7", "--now"}),
            R"(POST /v1/platforms/prod/vms/vm-7/stop {"now":true})");
  EXPECT_EQ(sent({"platform", "set", "prod", "--address", "vsphere://eva@vc"}),
            R"(PATCH /v1/platforms/prod {"url":"vsphere://eva@vc"})");
  EXPECT_EQ(sent({"vm", "list", "--platform", "prod"}), "GET /v1/vms?platform=prod");
  EXPECT_EQ(
      sent({"platform", "add", "prod", "vsphere://eva@vc", "--password-file", "secret"}),
      R"(POST /v1/platforms {"name":"prod","url":"vsphere://eva@vc","password":"correct horse "})");
  EXPECT_EQ(
      sent({"platform", "add", "prod", "vsphere://eva@vc"}),
      R"(POST /v1/platforms {"name":"prod","url":"vsphere://eva@vc","password":"typed password"})");
}

TEST(Request, a_password_is_asked_for_where_the_address_needs_one) {
  for (const auto* url : {"libvirt+qemu+ssh://root@kvm1/system", "libvirt+qemu:///system",
                          "libvirt+qemu+tls://kvm1/system"})
    EXPECT_EQ(sent({"platform", "add", "lab", url}),
              fmt::format(R"(POST /v1/platforms {{"name":"lab","url":"{}","password":""}})", url));
  EXPECT_EQ(
      sent({"platform", "add", "lab", "libvirt+qemu+tls://eva@kvm1/system"}),
      R"(POST /v1/platforms {"name":"lab","url":"libvirt+qemu+tls://eva@kvm1/system","password":"typed password"})");
}

TEST(Request, values_have_the_types_of_the_schema) {
  EXPECT_EQ(
      sent({"vm", "create", "a", "--cpus", "2", "--memory", "2GiB", "--start", "--forward", "1:2",
            "--labels", "tier=web", "--labels", "k=a=b"}),
      R"(POST /v1/vms {"name":"a","labels":{"tier":"web","k":"a=b"},"cpus":2,"memory":2147483648,)"
      R"("forward":["1:2"],"start":true})");
  EXPECT_EQ(sent({"vm", "stop", "a", "--now", "--timeout-seconds", "5"}),
            R"(POST /v1/vms/a/stop {"now":true,"timeout_seconds":5})");
  EXPECT_EQ(sent({"vm", "rename", "a", "b"}), R"(POST /v1/vms/a/rename {"new_name":"b"})");
}

TEST(Request, numbers_may_have_a_fraction) {
  EXPECT_EQ(sent({"alarm", "set", "a", "--above", "90.5"}),
            R"(PATCH /v1/alarms/a {"above":9.05E1})");
  EXPECT_EQ(sent({"alarm", "set", "a", "--below", "-5"}), R"(PATCH /v1/alarms/a {"below":-5E0})");
  for (const char* wrong : {"", "x", "5%", "nan", "inf", "1e999"})
    EXPECT_TRUE(sent({"alarm", "set", "a", "--above", wrong}).contains("is not a number")) << wrong;
}

TEST(Request, hardware_is_an_object_of_its_own_in_the_body) {
  EXPECT_EQ(sent({"vm", "create", "a", "--firmware", "uefi", "--tpm", "--acpi=false", "--boot",
                  "cdrom", "--boot", "disk", "--cores", "2"}),
            R"(POST /v1/vms {"name":"a","hardware":{"acpi":false,"cores":2,"firmware":"uefi",)"
            R"("tpm":true,"boot":["cdrom","disk"]}})");
  EXPECT_EQ(sent({"vm", "set", "a", "--boot=", "--cpu-model="}),
            R"(PATCH /v1/vms/a {"hardware":{"cpu_model":"","boot":[]}})");
}

TEST(Request, a_secret_comes_from_a_file_or_is_asked_for_where_it_must_be) {
  EXPECT_EQ(sent({"user", "create", "eva", "--password-file", "secret"}),
            R"(POST /v1/users {"name":"eva","password":"correct horse "})");
  EXPECT_EQ(sent({"user", "create", "eva"}),
            R"(POST /v1/users {"name":"eva","password":"typed password"})");
  EXPECT_EQ(sent({"user", "set", "eva", "--totp=false"}), R"(PATCH /v1/users/eva {"totp":false})");
  EXPECT_EQ(sent({"user", "create", "eva", "--password-file", "none"}),
            "--password-file: open none: No such file or directory");
}

TEST(Request, queries_are_encoded) {
  EXPECT_EQ(sent({"vm", "list", "--label", "a=b&c", "--limit", "5"}),
            "GET /v1/vms?label=a%3Db%26c&limit=5");
  EXPECT_EQ(sent({"vm", "delete", "a", "--force"}), "DELETE /v1/vms/a?force=true");
  EXPECT_EQ(sent({"event", "list", "--target", "vms/web01"}), "GET /v1/events?target=vms%2Fweb01");
}

TEST(Request, a_name_cannot_leave_its_path) {
  EXPECT_EQ(sent({"vm", "show", "../tokens?x"}), "GET /v1/vms/..%2Ftokens%3Fx");
  EXPECT_EQ(sent({"template", "show", "debian-12@1"}), "GET /v1/templates/debian-12%401");
  EXPECT_EQ(sent({"vm", "show", ""}), "name is empty");
}

TEST(Request, watching_is_not_part_of_the_list_itself) {
  EXPECT_EQ(sent({"vm", "list", "--watch"}), "GET /v1/vms");
}

TEST(Request, files_are_read) {
  EXPECT_EQ(sent({"vm", "create", "a", "--cloud-init", "user-data"}),
            R"(POST /v1/vms {"name":"a","cloud_init":"#cloud-config\n"})");
  EXPECT_EQ(sent({"vm", "create", "a", "--ssh-keys", "keys.pub"}),
            R"(POST /v1/vms {"name":"a","ssh_keys":["ssh-ed25519 AAAA me","ssh-rsa BBBB"]})");
  auto missing = request({"vm", "create", "a", "--cloud-init", "nowhere"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(missing.error().message, "--cloud-init: open nowhere: No such file or directory");
}

TEST(Request, an_empty_list_or_map_can_be_sent) {
  EXPECT_EQ(sent({"vm", "set", "a", "--labels", ""}), R"(PATCH /v1/vms/a {"labels":{}})");
  EXPECT_EQ(sent({"vm", "set", "a", "--iso", ""}), R"(PATCH /v1/vms/a {"iso":""})");
}

TEST(Request, times_are_taken_in_several_forms) {
  auto expires = [](const char* time) {
    return sent({"token", "create", "ci", "--expires", time});
  };
  EXPECT_EQ(expires("30d"),
            R"(POST /v1/tokens {"name":"ci","expires":"2026-12-22T12:00:00.000Z"})");
  EXPECT_EQ(expires("12h"),
            R"(POST /v1/tokens {"name":"ci","expires":"2026-11-23T00:00:00.000Z"})");
  EXPECT_EQ(expires("2026-12-31"),
            R"(POST /v1/tokens {"name":"ci","expires":"2026-12-31T00:00:00.000Z"})");
  EXPECT_EQ(expires("2026-12-31T18:00:00Z"),
            R"(POST /v1/tokens {"name":"ci","expires":"2026-12-31T18:00:00.000Z"})");
  EXPECT_EQ(expires("2026-12-31T18:00:00.250Z"),
            R"(POST /v1/tokens {"name":"ci","expires":"2026-12-31T18:00:00.250Z"})");
  EXPECT_TRUE(expires("soon").starts_with("--expires: 'soon' is not a time"));
  EXPECT_TRUE(expires("").starts_with("--expires: '' is not a time"));
}

TEST(Request, values_that_cannot_be_read_name_their_option) {
  EXPECT_EQ(sent({"vm", "create", "a", "--memory", "2 GB"}),
            "--memory: '2 GB' is not a size; write for example 512MiB, 20GiB or 1.5TiB");
  EXPECT_EQ(sent({"vm", "create", "a", "--cpus", "two"}), "--cpus: 'two' is not a number");
  EXPECT_EQ(sent({"vm", "create", "a", "--labels", "web"}), "--labels: 'web' is not KEY=VALUE");
}

TEST(Request, a_field_at_fault_is_named_as_the_user_wrote_it) {
  auto row = find_command("vm", "create").value();
  EXPECT_EQ(option_of_field(*row, "/memory"), "--memory");
  EXPECT_EQ(option_of_field(*row, "/forward/0"), "--forward");
  EXPECT_EQ(option_of_field(*row, "/cloud_init"), "--cloud-init");
  EXPECT_EQ(option_of_field(*row, "/name"), "name");
  EXPECT_EQ(option_of_field(*row, "/other"), "/other");
  EXPECT_EQ(option_of_field(*find_command("vm", "list").value(), "?limit"), "--limit");
}

}  // namespace
}  // namespace truce::cli
