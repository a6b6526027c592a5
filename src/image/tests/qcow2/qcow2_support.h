// What the tests of qcow2 share.
#pragma once

#include "image/qcow2.h"
#include "support.h"

namespace truce::image {
namespace {

/// The files of one folder, by their names.
class TestNeighbours final : public Neighbours {
 public:
  explicit TestNeighbours(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    opened.push_back(name);
    return DiskFile::open(folder_ / name, DiskFile::Access::read_write);
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return DiskFile::create(folder_ / name);
  }
  std::vector<std::string> opened;

 private:
  std::filesystem::path folder_;
};

inline std::shared_ptr<File> disk_file(const std::filesystem::path& path,
                                       DiskFile::Access access = DiskFile::Access::read_write) {
  auto file = DiskFile::open(path, access);
  EXPECT_TRUE(file) << file.error().message;
  return file ? *file : nullptr;
}

inline std::unique_ptr<Image> open_qcow2(const std::filesystem::path& path,
                                         const OpenOptions& options = {}) {
  auto image = open(disk_file(path), options, "qcow2");
  EXPECT_TRUE(image) << image.error().message;
  return image ? std::move(*image) : nullptr;
}

/// What `qemu-img check` answers: 0 good, 2 corrupt, 3 leaking.
inline Ran check_by_qemu(const std::filesystem::path& path) {
  return run_command("qemu-img check -f qcow2 '" + path.string() + "'");
}

/// The same by our own check, as qemu-img would answer.
inline int exit_code(const Result<CheckReport>& report) {
  if (!report) return 1;
  return report->corruptions != 0 ? 2 : report->leaks != 0 ? 3 : 0;
}

inline std::string problems(const Result<CheckReport>& report) {
  if (!report) return report.error().message;
  std::string all;
  for (const auto& line : report->problems) all += line + "\n";
  return all;
}

/// Runs a command that must succeed.
inline void must(const std::string& command) {
  auto ran = run_command(command);
  EXPECT_EQ(ran.status, 0) << command << "\n" << ran.output;
}

inline std::string quoted(const std::filesystem::path& path) {
  return "'" + path.string() + "'";
}

/// Both checkers find nothing wrong with the image.
inline void expect_clean(const std::filesystem::path& path, const OpenOptions& options = {}) {
  auto ran = check_by_qemu(path);
  EXPECT_EQ(ran.status, 0) << ran.output;
  auto report = open_qcow2(path, options)->check();
  EXPECT_EQ(exit_code(report), 0) << problems(report);
}

/// Overwrites a big-endian number in a file.
template <class T>
void poke(File& file, std::uint64_t offset, T value) {
  Content bytes(sizeof(T));
  put_be<T>(bytes, 0, value);
  ASSERT_TRUE(file.write(offset, bytes));
}
template <class T>
T peek(const File& file, std::uint64_t offset) {
  Content bytes(sizeof(T));
  EXPECT_TRUE(file.read(offset, bytes));
  return be<T>(bytes, 0);
}

}  // namespace
}  // namespace truce::image
