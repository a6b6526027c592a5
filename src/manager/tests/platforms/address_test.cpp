#include "platforms/address.h"

#include <gtest/gtest.h>

namespace truce::manager {
namespace {

void expect(const std::string& url, const std::string& user, const std::string& server) {
  auto address = read_platform_address(url);
  ASSERT_TRUE(address) << url << ": " << address.error().message;
  EXPECT_EQ(address->scheme, "vsphere");
  EXPECT_EQ(address->user, user);
  EXPECT_EQ(address->server, server);
}

TEST(PlatformAddress, is_taken_apart) {
  expect("vsphere://root@vc.example.com", "root", "vc.example.com");
  expect("vsphere://root@vc.example.com:8443/", "root", "vc.example.com:8443");
  expect("vsphere://root@192.0.2.1:443", "root", "192.0.2.1:443");
  expect("vsphere://root@[2001:db8::1]:443", "root", "[2001:db8::1]:443");
}

TEST(PlatformAddress, users_have_names_as_platforms_give_them) {
  expect("vsphere://administrator@vsphere.local@vc", "administrator@vsphere.local", "vc");
  expect("vsphere://administrator%40vsphere.local@vc", "administrator@vsphere.local", "vc");
  expect("vsphere://EXAMPLE\\eva@vc", "EXAMPLE\\eva", "vc");
}

TEST(PlatformAddress, what_is_none_is_refused) {
  for (const auto* url : {"", "vc.example.com", "root@vc", "vsphere://", "vsphere://vc",
                          "vsphere://@vc", "vsphere://root@", "vsphere://root:secret@vc",
                          "vsphere://root@vc/sdk", "vsphere://root@vc?x=1", "vsphere://root@vc#x",
                          "vsphere://root@vc:99999", "vsphere://root@v c"}) {
    auto address = read_platform_address(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().code, Code::invalid);
    EXPECT_FALSE(address.error().message.contains("secret"));
  }
}

TEST(PlatformAddress, those_of_libvirt_are_libvirts_own_behind_its_name) {
  struct Row {
    const char *url, *scheme, *user, *server, *own;
  };
  for (const auto& row :
       {Row{"libvirt+qemu+ssh://root@kvm1.example.com/system", "libvirt+qemu", "root",
            "kvm1.example.com", "qemu+ssh://root@kvm1.example.com/system"},
        Row{"libvirt+xen+ssh://root@[2001:db8::1]:2222/system", "libvirt+xen", "root",
            "[2001:db8::1]:2222", "xen+ssh://root@[2001:db8::1]:2222/system"},
        Row{"libvirt+qemu+tls://kvm1:16514/system", "libvirt+qemu", "", "kvm1:16514",
            "qemu+tls://kvm1:16514/system"},
        Row{"libvirt+qemu:///system", "libvirt+qemu", "", "", "qemu:///system"},
        Row{"libvirt+test:///default", "libvirt+test", "", "", "test:///default"}}) {
    auto address = read_platform_address(row.url);
    ASSERT_TRUE(address) << row.url << ": " << address.error().message;
    EXPECT_EQ(address->scheme, row.scheme);
    EXPECT_EQ(address->user, row.user);
    EXPECT_EQ(address->server, row.server);
    EXPECT_EQ(address->url, row.own);
  }
  EXPECT_EQ(read_platform_address("vsphere://root@vc:8443")->url, "https://vc:8443");
}

TEST(PlatformAddress, pools_of_xen_hosts_and_hosts_with_hyper_v_are_spoken_to_by_https) {
  for (const auto& [url, own] : {std::pair("xen://root@xen1", "https://xen1"),
                                 {"hyperv://Administrator@hv1:5987", "https://hv1:5987"},
                                 {"xen://root@[2001:db8::1]:8443", "https://[2001:db8::1]:8443"}}) {
    auto address = read_platform_address(url);
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_TRUE(std::string_view(url).starts_with(address->scheme + "://"));
    EXPECT_EQ(address->url, own);
  }
  EXPECT_FALSE(read_platform_address("xen://root@xen1/jsonrpc"));
}

TEST(PlatformAddress, a_server_is_reached_by_ssh_and_nothing_of_its_address_is_an_option_of_that) {
  auto address = read_platform_address("ssh://root@db1.example.com:2222/");
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(address->scheme, "ssh");
  EXPECT_EQ(address->user, "root");
  EXPECT_EQ(address->url, "ssh://db1.example.com:2222");
  for (const auto* url : {"ssh://db1", "ssh://root@", "ssh://@db1", "ssh://root:secret@db1",
                          "ssh://root@-oProxyCommand=x", "ssh://-l@db1", "ssh://root@db1/x",
                          "ssh://root@db1 x", "ssh://ro ot@db1", "ssh://root@db1:99999999"}) {
    auto refused = read_platform_address(url);
    ASSERT_FALSE(refused) << url;
    EXPECT_FALSE(refused.error().message.contains("secret"));
  }
}

// libvirt's parameters name programs, sockets and files of keys.
TEST(PlatformAddress, nothing_of_an_address_makes_libvirt_run_or_read_something) {
  for (const auto* url : {"libvirt+qemu+ssh://root@kvm1/system?command=/bin/sh",
                          "libvirt+qemu:///system?socket=/x",
                          "libvirt+qemu+ssh://root@kvm1/system?netcat=x",
                          "libvirt+qemu+ssh://root@kvm1/system?",
                          "libvirt+qemu+ssh://root@kvm1/system#x",
                          "libvirt+qemu+ext://kvm1/system",
                          "libvirt+qemu+unix:///system",
                          "libvirt+qemu+libssh2://root@kvm1/system",
                          "libvirt+qemu+tcp://kvm1/system",
                          "libvirt+qemu+ssh://-oProxyCommand=x/system",
                          "libvirt+qemu+ssh://root@-oProxyCommand/system",
                          "libvirt+qemu+ssh://-l@kvm1/system",
                          "libvirt+qemu+ssh://root@kvm1;x/system",
                          "libvirt+qemu+ssh://root@kvm1/embed",
                          "libvirt+qemu+ssh://root@kvm1",
                          "libvirt+qemu+ssh:///system",
                          "libvirt+qemu://kvm1/system",
                          "libvirt+qemu+ssh://root:secret@kvm1/system",
                          "libvirt+qemu+ssh://@kvm1/system",
                          "libvirt+qemu+ssh://root@kvm1:/system",
                          "libvirt+qemu+ssh://root@kvm1:123456/system",
                          "libvirt+qemu+ssh://root@kvm1:22x/system",
                          "libvirt+qemu+ssh://root@[::1/system",
                          "libvirt+qemu+ssh://root@kvm%31/system",
                          "libvirt+qemu+ssh://a b@kvm1/system",
                          "libvirt+",
                          "libvirt+qemu",
                          "libvirt+qemu://",
                          "libvirt+qemu:///",
                          "libvirt+qemu+ssh://root@kvm1/system/../x"}) {
    auto address = read_platform_address(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().code, Code::invalid);
    EXPECT_FALSE(address.error().message.contains("secret"));
  }
}

}  // namespace
}  // namespace truce::manager
