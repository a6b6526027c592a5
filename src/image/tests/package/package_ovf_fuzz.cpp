// A descriptor and a manifest of any bytes.
#include "package/hardware.h"
#include "package/manifest.h"
#include "package/ovf.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::image;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)package::parse_manifest(text);
  auto ovf = package::parse_ovf(text, {}, "fuzzed");
  if (!ovf || !package::settle(ovf->appliance.disks)) return 0;
  std::vector<package::OvfFile> files(ovf->appliance.disks.size());
  std::vector<std::string> warnings;
  auto written = package::write_ovf(ovf->appliance, files, "vmx-13", warnings);
  // What we write we read, whatever was in it.
  files.clear();
  auto again = package::parse_ovf(written, {}, "written");
  TRUCE_ASSERT(again || ovf->appliance.disks.size() > 0, "a written descriptor is read");
  return 0;
}
