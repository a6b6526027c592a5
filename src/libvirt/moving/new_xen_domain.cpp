// A machine as libvirt's driver for Xen (libxl) takes it. Its disks are Xen's own (`xvda`), of
// which an HVM machine sees the first four as IDE, too, until its guest has a driver for them; so
// its BIOS and any system can read them. The cards of such a machine are a PC's and Xen's likewise.
#include "moving/writing.h"

namespace truce::libvirt {

using model::XenKind;

namespace {

void add_hvm(pugi::xml_node domain, const platform::NewMachine& wish) {
  auto os = add(domain, "os");
  // Which image that is the host's Xen has been built with: libvirt cannot name one.
  if (wish.firmware == model::Firmware::uefi) os.append_attribute("firmware").set_value("efi");
  add(os, "type", {{"arch", "x86_64"}, {"machine", "xenfv"}}).text().set("hvm");
  add(os, "boot", {{"dev", "hd"}});
  auto features = add(domain, "features");
  for (const auto* name : {"acpi", "apic", "pae"}) add(features, name);
}

void add_direct(pugi::xml_node domain, const platform::XenStart& start) {
  bool pv = start.kind == XenKind::pv;
  auto os = add(domain, "os");
  add(os, "type", {{"arch", "x86_64"}, {"machine", pv ? "xenpv" : "xenpvh"}})
      .text()
      .set(pv ? "linux" : "xenpvh");
  add_text(os, "kernel", start.loader);
}

void add_screen(pugi::xml_node devices) {
  add(devices, "input", {{"type", "tablet"}, {"bus", "usb"}});
  add(devices, "graphics", {{"type", "vnc"}, {"autoport", "yes"}});
  auto video = add(devices, "video");
  add(video, "model", {{"type", "vga"}});
}

void add_console(pugi::xml_node devices) {
  auto console = add(devices, "console", {{"type", "pty"}});
  add(console, "target", {{"type", "xen"}, {"port", "0"}});
}

}  // namespace

std::string xen_domain_xml(const NewDomain& made) {
  const auto& wish = made.wish;
  bool hvm = wish.xen.kind == XenKind::hvm;
  pugi::xml_document document;
  auto domain = add_domain(document, made, "xen");
  if (hvm)
    add_hvm(domain, wish);
  else
    add_direct(domain, wish.xen);
  add(domain, "clock", {{"offset", "utc"}});
  auto devices = add(domain, "devices");
  for (std::size_t at = 0; at < wish.disks.size(); ++at)
    add_disk(devices, made, at, made.disks.at(at).device ? "phy" : "qemu", "xen");
  for (std::size_t at = 0; at < wish.nics.size(); ++at)
    add_card(devices, made, at, hvm ? to_string(wish.nics[at].model) : "netfront");
  if (hvm) {
    add_serial_port(devices);
    add_screen(devices);
  } else {
    add_console(devices);
  }
  return written(document);
}

}  // namespace truce::libvirt
