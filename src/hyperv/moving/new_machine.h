// What a host is told of a machine that is made: the texts of its settings. Pure.
#pragma once

#include "cim.h"
#include "platform/transfers.h"

namespace truce::hyperv {

/// A setting that a method is given as a text: its class, and what it says.
struct Setting {
  std::string class_name;
  std::vector<Property> properties;
  [[nodiscard]] std::string text() const { return to_text(class_name, properties); }
};

/// Code::invalid: what is no machine of Hyper-V, by the field of NewMachine.
Result<void> check(const platform::NewMachine& wish);

/// Of a machine that is begun. Nothing starts it but somebody.
Setting system_setting(const platform::NewMachine& wish);
/// What is set once it is there: its id, and Secure Boot.
std::vector<Property> system_words(const platform::NewMachine& wish);

/// A drive's place: of an IDE controller, or of the only one of SCSI.
struct Seat {
  std::optional<std::int64_t> ide;  ///< 0 or 1
  std::int64_t place = 0;
};
std::vector<Seat> seats_of(const platform::NewMachine& wish);
inline bool is_on_scsi(const Seat& seat) {
  return !seat.ide;
}

constexpr std::string_view ide_controller = "Microsoft:Hyper-V:Emulated IDE Controller",
                           scsi_controller = "Microsoft:Hyper-V:Synthetic SCSI Controller",
                           disk_drive = "Microsoft:Hyper-V:Synthetic Disk Drive";

Setting scsi_controller_setting();
/// `controller`, `drive`, `card` and `network` are paths.
Setting drive_setting(const std::string& controller, std::int64_t place);
Setting disk_setting(const std::string& drive, const std::string& file);
Setting card_setting(const platform::NewNic& nic);
Setting plug_setting(const std::string& card, const std::string& network);

/// A dynamic VHDX that has room for so many bytes.
Setting file_setting(const std::string& file, Bytes size);
/// `web01-t-000000012-0.vhdx`
std::string file_name(std::string_view name, std::string_view mark, std::size_t disk);
/// Name and mark of what is called by both (name_while_made()).
struct Marked {
  std::string name, mark;
};
std::optional<Marked> read_marked(std::string_view name);

/// As Hyper-V writes an address: `00155D010203`.
std::string hyperv_mac(std::string_view mac);

}  // namespace truce::hyperv
