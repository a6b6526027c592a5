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

}  // namespace
}  // namespace truce::manager
