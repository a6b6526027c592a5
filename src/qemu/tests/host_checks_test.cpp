// What a host has and lacks, on a folder that looks like a host.
#include "qemu/host_checks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "base/random.h"

namespace truce::qemu {
namespace {

using model::CheckState;

class HostChecks : public ::testing::Test {
 protected:
  HostChecks() {
    places_.root = folder_;
    places_.state = folder_;
    places_.qemu = "/nowhere/qemu";
    places_.nft = "/nowhere/nft";
    EXPECT_TRUE(make_folder(folder_));
  }
  ~HostChecks() override { (void)remove_tree(folder_); }

  void put(const std::filesystem::path& file, std::string_view text) {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  std::map<std::string, model::HostCheck> look() {
    asio::io_context loop;
    std::map<std::string, model::HostCheck> rows;
    asio::co_spawn(loop, check_host(places_), [&](std::exception_ptr failed, auto found) {
      if (failed) std::rethrow_exception(failed);
      for (auto& row : found) rows[row.name] = std::move(row);
    });
    loop.run();
    return rows;
  }

  std::filesystem::path folder_ = "/tmp/truce-checks-" + random_hex(6);
  HostPlaces places_;
};

TEST_F(HostChecks, an_empty_host_lacks_what_machines_need_and_each_row_says_what_to_do) {
  auto rows = look();
  for (const char* name : {"qemu", "tun", "bridge", "nf_tables", "dnsmasq", "nftables", "seccomp"})
    EXPECT_EQ(rows[name].state, CheckState::missing) << name;
  for (const char* name : {"kvm", "nested", "iommu", "cgroups", "vhost", "tpm", "uefi", "pressure"})
    EXPECT_EQ(rows[name].state, CheckState::warning) << name;
  for (const auto& [name, row] : rows) {
    EXPECT_FALSE(row.found.empty() || row.meaning.empty()) << name;
    if (row.state != CheckState::ok) EXPECT_FALSE(row.advice.empty()) << name;
  }
}

TEST_F(HostChecks, without_roots_rights_networks_of_the_host_are_not_expected) {
  places_.root_user = false;
  auto rows = look();
  EXPECT_EQ(rows["tun"].state, CheckState::warning);
  EXPECT_EQ(rows["dnsmasq"].state, CheckState::warning);
  EXPECT_EQ(rows["qemu"].state, CheckState::missing);
}

TEST_F(HostChecks, what_is_there_is_found) {
  put("dev/kvm", "");
  std::filesystem::permissions(folder_ / "dev/kvm", std::filesystem::perms(0666));
  put("sys/module/kvm_intel/parameters/nested", "Y\n");
  put("sys/kernel/iommu_groups/0/type", "DMA\n");
  put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  put("dev/net/tun", "");
  put("usr/sbin/dnsmasq", "");
  put("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "512\n");
  put("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "500\n");
  auto rows = look();
  for (const char* name : {"kvm", "nested", "iommu", "cgroups", "tun", "dnsmasq", "huge-pages"})
    EXPECT_EQ(rows[name].state, CheckState::ok) << name << ": " << rows[name].found;
  EXPECT_EQ(rows["cgroups"].found, "version 2");
  EXPECT_EQ(rows["huge-pages"].found, "500 of 512 free");
}

TEST_F(HostChecks, a_kvm_that_only_root_may_open_is_no_use_to_machines) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped, because only root has machines of other users";
  put("dev/kvm", "");
  std::filesystem::permissions(folder_ / "dev/kvm", std::filesystem::perms(0600));
  auto row = look()["kvm"];
  EXPECT_EQ(row.state, CheckState::warning);
  EXPECT_TRUE(row.advice.starts_with("chgrp kvm /dev/kvm")) << row.advice;
}

TEST_F(HostChecks, apparmor_counts_when_the_profile_is_loaded) {
  put("sys/kernel/security/apparmor/profiles", "other (enforce)\n");
  EXPECT_EQ(look()["apparmor"].found, "the profile truce-machine is not loaded");
  put("sys/kernel/security/apparmor/profiles", "other (enforce)\ntruce-machine (enforce)\n");
  EXPECT_EQ(look()["apparmor"].state, CheckState::ok);
}

TEST_F(HostChecks, a_processor_that_can_while_its_module_is_not_loaded_is_told_apart) {
  put("proc/cpuinfo", "flags\t\t: fpu vmx sse2\n");
  auto row = look()["kvm"];
  EXPECT_EQ(row.advice, "modprobe kvm_intel");
  put("sys/fs/cgroup/cgroup.controllers", "cpu pids\n");
  EXPECT_EQ(look()["cgroups"].found, "no controller for memory");
}

}  // namespace
}  // namespace truce::qemu
