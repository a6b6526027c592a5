// Made by tools/generate from schema/; do not edit.
// clang-format off
// Every command of the CLI as data.
#pragma once

#include "command.h"

namespace truce::cli {

inline constexpr std::string_view vm_list_observed_choices[]{"absent", "off", "starting", "running", "paused", "suspended", "unknown"};
inline constexpr std::string_view vm_list_sort_choices[]{"name", "observed", "cpus", "memory", "template", "project", "host", "created"};
inline constexpr Input vm_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "project", .flag = "project", .where = Where::query, .kind = Kind::text, .help = "Only machines of this project", .value = "TEXT"},
    {.name = "observed", .flag = "observed", .where = Where::query, .kind = Kind::choice, .help = "Only machines in this state", .value = "absent|off|starting|running|paused|suspended|unknown", .choices = vm_list_observed_choices},
    {.name = "host", .flag = "host", .where = Where::query, .kind = Kind::text, .help = "Only machines on this host", .value = "HOST", .completes = "host"},
    {.name = "label", .flag = "label", .where = Where::query, .kind = Kind::text, .help = "Only machines with this label (key=value)", .value = "TEXT"},
    {.name = "network", .flag = "network", .where = Where::query, .kind = Kind::text, .help = "Only machines with a card on this network", .value = "NETWORK", .completes = "network"},
    {.name = "contains", .flag = "contains", .where = Where::query, .kind = Kind::text, .help = "Only machines whose name contains this", .value = "TEXT"},
    {.name = "platform", .flag = "platform", .where = Where::query, .kind = Kind::text, .help = "What is on this platform instead of Truce's own; all: what is on any platform, too", .value = "PLATFORM", .completes = "platform"},
    {.name = "sort", .flag = "sort", .where = Where::query, .kind = Kind::choice, .help = "In which order; other than by name, pages are asked for by `offset`", .value = "name|observed|cpus|memory|template|project|host|created", .choices = vm_list_sort_choices},
    {.name = "descending", .flag = "descending", .where = Where::query, .kind = Kind::boolean, .help = "The largest first"},
    {.name = "offset", .flag = "offset", .where = Where::query, .kind = Kind::integer, .help = "Begin with this one of those that match, counted from 0; `total` then says how many match", .limits = "at least 0", .value = "N"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view vm_list_columns[]{"name", "observed", "cpus", "memory", "addresses", "template", "host"};
inline constexpr std::string_view vm_list_examples[]{"truce vm list", "truce vm list --observed running", "truce vm list --format json"};
inline constexpr std::string_view vm_create_clone_choices[]{"linked", "full"};
inline constexpr std::string_view vm_create_machine_choices[]{"q35", "microvm", "legacy"};
inline constexpr std::string_view vm_create_guest_choices[]{"other", "windows"};
inline constexpr std::string_view vm_create_firmware_choices[]{"bios", "uefi"};
inline constexpr std::string_view vm_create_secure_boot_choices[]{"off", "microsoft", "snakeoil"};
inline constexpr std::string_view vm_create_disk_bus_choices[]{"virtio", "scsi", "sata", "ide", "pvscsi", "lsisas"};
inline constexpr std::string_view vm_create_nic_model_choices[]{"virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"};
inline constexpr std::string_view vm_create_display_choices[]{"none", "vga", "cirrus", "virtio", "qxl"};
inline constexpr std::string_view vm_create_sound_choices[]{"none", "hda", "ac97", "sb16"};
inline constexpr std::string_view vm_create_watchdog_choices[]{"off", "reset", "shutdown", "poweroff", "pause"};
inline constexpr std::string_view vm_create_answer_kind_choices[]{"autounattend", "kickstart", "preseed"};
inline constexpr std::string_view vm_create_restart_priority_choices[]{"low", "medium", "high"};
inline constexpr std::string_view vm_create_on_hang_choices[]{"none", "reset"};
inline constexpr std::string_view vm_create_on_storage_loss_choices[]{"none", "restart-elsewhere"};
inline constexpr Input vm_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among machines", .value = "TEXT"},
    {.name = "project", .flag = "project", .where = Where::body, .kind = Kind::text, .help = "Whose it is", .default_text = "default", .value = "TEXT"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "labels", .flag = "labels", .where = Where::body, .kind = Kind::map, .help = "Free keys and values (key=value)", .value = "KEY=VALUE"},
    {.name = "template", .flag = "template", .where = Where::body, .kind = Kind::text, .help = "Template to clone, NAME or NAME@VERSION", .value = "TEMPLATE", .completes = "template"},
    {.name = "iso", .flag = "iso", .where = Where::body, .kind = Kind::text, .help = "Template of kind iso to put into its CD drive", .value = "TEMPLATE", .completes = "template"},
    {.name = "cpus", .flag = "cpus", .where = Where::body, .kind = Kind::integer, .help = "Virtual processors", .default_text = "1", .limits = "1 to 64", .value = "N"},
    {.name = "memory", .flag = "memory", .where = Where::body, .kind = Kind::bytes, .help = "Memory", .default_text = "512MiB", .limits = "32MiB to 16TiB", .value = "SIZE"},
    {.name = "disk", .flag = "disk", .where = Where::body, .kind = Kind::bytes, .help = "Size of its disk (default: the template's)", .limits = "1MiB to 64TiB", .value = "DISK", .completes = "disk"},
    {.name = "clone", .flag = "clone", .where = Where::body, .kind = Kind::choice, .help = "linked or full", .default_text = "linked", .value = "linked|full", .choices = vm_create_clone_choices},
    {.name = "disk_key", .flag = "disk-key", .where = Where::body, .kind = Kind::text, .help = "Key of the host to encrypt its disk with (LUKS); empty: not encrypted", .value = "TEXT"},
    {.name = "machine", .flag = "machine", .where = Where::body, .kind = Kind::choice, .help = "q35, legacy or microvm", .default_text = "q35", .value = "q35|microvm|legacy", .choices = vm_create_machine_choices},
    {.name = "hardware/machine_version", .flag = "machine-version", .where = Where::body, .kind = Kind::text, .help = "Version of the machine type, such as 7.2: kept from the creation (the newest then)", .value = "TEXT"},
    {.name = "hardware/guest", .flag = "guest", .where = Where::body, .kind = Kind::choice, .help = "windows: a clock in local time and, with KVM, what makes Windows quick (other)", .value = "other|windows", .choices = vm_create_guest_choices},
    {.name = "hardware/acpi", .flag = "acpi", .where = Where::body, .kind = Kind::boolean, .help = "ACPI; without it the guest cannot be asked to power off (on)"},
    {.name = "hardware/cpu_model", .flag = "cpu-model", .where = Where::body, .kind = Kind::text, .help = "max, host (with KVM), x86-64-v2, x86-64-v3, x86-64-v4, or a model that truce host show lists", .value = "TEXT"},
    {.name = "hardware/sockets", .flag = "sockets", .where = Where::body, .kind = Kind::integer, .help = "Processor sockets; sockets x cores x threads are the processors", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/cores", .flag = "cores", .where = Where::body, .kind = Kind::integer, .help = "Cores of each socket", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/threads", .flag = "threads", .where = Where::body, .kind = Kind::integer, .help = "Threads of each core", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/max_cpus", .flag = "max-cpus", .where = Where::body, .kind = Kind::integer, .help = "How many processors it can be given while it runs (as many as it has)", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/max_memory", .flag = "max-memory", .where = Where::body, .kind = Kind::bytes, .help = "How much memory it can be given while it runs, by virtio-mem (as much as it has)", .limits = "32MiB to 16TiB", .value = "SIZE"},
    {.name = "hardware/numa_nodes", .flag = "numa-nodes", .where = Where::body, .kind = Kind::integer, .help = "NUMA nodes that processors and memory are spread over", .limits = "1 to 8", .value = "N"},
    {.name = "hardware/huge_pages", .flag = "huge-pages", .where = Where::body, .kind = Kind::boolean, .help = "Memory from the host's huge pages of 2 MiB"},
    {.name = "hardware/firmware", .flag = "firmware", .where = Where::body, .kind = Kind::choice, .help = "bios or uefi (bios)", .value = "bios|uefi", .choices = vm_create_firmware_choices},
    {.name = "hardware/secure_boot", .flag = "secure-boot", .where = Where::body, .kind = Kind::choice, .help = "Secure Boot of UEFI: off, or with whose keys (off)", .value = "off|microsoft|snakeoil", .choices = vm_create_secure_boot_choices},
    {.name = "hardware/tpm", .flag = "tpm", .where = Where::body, .kind = Kind::boolean, .help = "A TPM 2.0 of its own"},
    {.name = "hardware/boot", .flag = "boot", .where = Where::body, .kind = Kind::list, .help = "What to boot from, in this order (disk, then cdrom); a kernel of the template is then left out", .value = "disk|cdrom|network"},
    {.name = "hardware/cdrom", .flag = "cdrom", .where = Where::body, .kind = Kind::boolean, .help = "A CD drive, also while nothing is in it (with an iso)"},
    {.name = "hardware/disk_bus", .flag = "disk-bus", .where = Where::body, .kind = Kind::choice, .help = "What disks hang on (virtio; legacy: ide). pvscsi and lsisas are what VMware's machines have", .value = "virtio|scsi|sata|ide|pvscsi|lsisas", .choices = vm_create_disk_bus_choices},
    {.name = "hardware/nic_model", .flag = "nic-model", .where = Where::body, .kind = Kind::choice, .help = "Which network card (virtio; legacy: e1000). vmxnet3 is what VMware's machines have", .value = "virtio|e1000|e1000e|rtl8139|vmxnet3", .choices = vm_create_nic_model_choices},
    {.name = "hardware/display", .flag = "display", .where = Where::body, .kind = Kind::choice, .help = "Which graphics card (vga; microvm: none)", .value = "none|vga|cirrus|virtio|qxl", .choices = vm_create_display_choices},
    {.name = "hardware/gpu_3d", .flag = "gpu-3d", .where = Where::body, .kind = Kind::boolean, .help = "3D by the host's graphics card; display must be virtio"},
    {.name = "hardware/spice", .flag = "spice", .where = Where::body, .kind = Kind::boolean, .help = "SPICE beside VNC, for the host's root"},
    {.name = "hardware/usb", .flag = "usb", .where = Where::body, .kind = Kind::boolean, .help = "USB with a tablet as pointer (on when a display is chosen, and for windows)"},
    {.name = "hardware/sound", .flag = "sound", .where = Where::body, .kind = Kind::choice, .help = "Which sound card (none)", .value = "none|hda|ac97|sb16", .choices = vm_create_sound_choices},
    {.name = "hardware/serial_ports", .flag = "serial-ports", .where = Where::body, .kind = Kind::integer, .help = "Serial ports; the first is the console (1)", .limits = "1 to 4", .value = "N"},
    {.name = "hardware/parallel_port", .flag = "parallel-port", .where = Where::body, .kind = Kind::boolean, .help = "A parallel port"},
    {.name = "hardware/watchdog", .flag = "watchdog", .where = Where::body, .kind = Kind::choice, .help = "What an i6300esb watchdog does when the guest no longer feeds it (off)", .value = "off|reset|shutdown|poweroff|pause", .choices = vm_create_watchdog_choices},
    {.name = "hardware/pci", .flag = "pci", .where = Where::body, .kind = Kind::list, .help = "Device of the host to pass through, 0000:01:00.0; it must be bound to vfio-pci", .value = "TEXT"},
    {.name = "hardware/usb_devices", .flag = "usb-devices", .where = Where::body, .kind = Kind::list, .help = "USB device of the host to pass through, VENDOR:PRODUCT as lsusb writes it", .value = "TEXT"},
    {.name = "network", .flag = "network", .where = Where::body, .kind = Kind::text, .help = "Network to plug it into", .default_text = "default", .value = "NETWORK", .completes = "network"},
    {.name = "forward", .flag = "forward", .where = Where::body, .kind = Kind::list, .help = "Port forward on a network of mode user or nat, HOST:GUEST", .value = "TEXT"},
    {.name = "spoof_filter", .flag = "spoof-filter", .where = Where::body, .kind = Kind::boolean, .help = "The guest sends from its own MAC and address only", .default_text = "True"},
    {.name = "address", .flag = "address", .where = Where::body, .kind = Kind::text, .help = "Its fixed IPv4 address; empty: the network gives it one, for good", .value = "TEXT"},
    {.name = "address6", .flag = "address6", .where = Where::body, .kind = Kind::text, .help = "Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6", .value = "TEXT"},
    {.name = "security_group", .flag = "security-group", .where = Where::body, .kind = Kind::list, .help = "Security group whose rules hold for it; none: everything may pass", .value = "TEXT"},
    {.name = "send_mbit", .flag = "send-mbit", .where = Where::body, .kind = Kind::integer, .help = "What the guest may send, in Mbit/s; 0: no limit", .limits = "0 to 1000000", .value = "N"},
    {.name = "receive_mbit", .flag = "receive-mbit", .where = Where::body, .kind = Kind::integer, .help = "What the guest may receive, in Mbit/s; 0: no limit", .limits = "0 to 1000000", .value = "N"},
    {.name = "mirror_to", .flag = "mirror-to", .where = Where::body, .kind = Kind::text, .help = "Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none", .value = "TEXT"},
    {.name = "cloud_init", .flag = "cloud-init", .where = Where::body, .kind = Kind::text, .file = true, .help = "cloud-init user-data", .value = "FILE"},
    {.name = "ssh_keys", .flag = "ssh-keys", .where = Where::body, .kind = Kind::list, .file = true, .help = "SSH public keys for the template's user", .value = "FILE"},
    {.name = "answer_file", .flag = "answer-file", .where = Where::body, .kind = Kind::text, .file = true, .help = "Answers for an installer, on a CD while an iso is in the drive", .value = "FILE"},
    {.name = "answer_kind", .flag = "answer-kind", .where = Where::body, .kind = Kind::choice, .help = "autounattend, kickstart or preseed (seen from its content)", .value = "autounattend|kickstart|preseed", .choices = vm_create_answer_kind_choices},
    {.name = "pool", .flag = "pool", .where = Where::body, .kind = Kind::text, .help = "Where to store its disk", .default_text = "default", .value = "POOL", .completes = "pool"},
    {.name = "memory_min", .flag = "memory-min", .where = Where::body, .kind = Kind::bytes, .help = "What the balloon leaves it when the host is short of memory; 0: all", .limits = "at most 16TiB", .value = "SIZE"},
    {.name = "resources/cpu_shares", .flag = "cpu-shares", .where = Where::body, .kind = Kind::integer, .help = "Its weight where processors are short (100 a processor)", .limits = "1 to 10000", .value = "N"},
    {.name = "resources/cpu_limit", .flag = "cpu-limit", .where = Where::body, .kind = Kind::integer, .help = "Processor time at most, in percent of one processor; 0: no limit", .limits = "0 to 6400", .value = "N"},
    {.name = "resources/cpu_reservation", .flag = "cpu-reservation", .where = Where::body, .kind = Kind::integer, .help = "Processor time that is kept for it, in percent of one processor; 0: none", .limits = "0 to 6400", .value = "N"},
    {.name = "resources/memory_reservation", .flag = "memory-reservation", .where = Where::body, .kind = Kind::bytes, .help = "Memory that is kept for it; 0: none", .value = "SIZE"},
    {.name = "resources/read_iops", .flag = "read-iops", .where = Where::body, .kind = Kind::integer, .help = "Reads a second of all its disks; 0: no limit", .limits = "0 to 10000000", .value = "N"},
    {.name = "resources/write_iops", .flag = "write-iops", .where = Where::body, .kind = Kind::integer, .help = "Writes a second; 0: no limit", .limits = "0 to 10000000", .value = "N"},
    {.name = "resources/read_rate", .flag = "read-rate", .where = Where::body, .kind = Kind::bytes, .help = "Bytes read a second; 0: no limit", .value = "SIZE"},
    {.name = "resources/write_rate", .flag = "write-rate", .where = Where::body, .kind = Kind::bytes, .help = "Bytes written a second; 0: no limit", .value = "SIZE"},
    {.name = "resources/burst_seconds", .flag = "burst-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long it may have ten times as much of its disks; 0: never", .limits = "0 to 3600", .value = "N"},
    {.name = "availability/restart_elsewhere", .flag = "restart-elsewhere", .where = Where::body, .kind = Kind::boolean, .help = "It is started on another host"},
    {.name = "availability/restart_priority", .flag = "restart-priority", .where = Where::body, .kind = Kind::choice, .help = "When, among others", .value = "low|medium|high", .choices = vm_create_restart_priority_choices},
    {.name = "availability/keep_running", .flag = "keep-running", .where = Where::body, .kind = Kind::boolean, .help = "A host that is cut off lets it run on; then it is never started elsewhere meanwhile"},
    {.name = "availability/on_hang", .flag = "on-hang", .where = Where::body, .kind = Kind::choice, .help = "What its host does when its guest hangs", .value = "none|reset", .choices = vm_create_on_hang_choices},
    {.name = "availability/hang_seconds", .flag = "hang-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long its guest agent, which has answered before, must be silent, without any disk or network traffic, to count as hanging (60)", .limits = "20 to 3600", .value = "N"},
    {.name = "availability/on_storage_loss", .flag = "on-storage-loss", .where = Where::body, .kind = Kind::choice, .help = "What is done when its host no longer reaches its disks", .value = "none|restart-elsewhere", .choices = vm_create_on_storage_loss_choices},
    {.name = "availability/storage_loss_seconds", .flag = "storage-loss-seconds", .where = Where::body, .kind = Kind::integer, .help = "After how long that is done (60)", .limits = "5 to 86400", .value = "N"},
    {.name = "availability/restart_after", .flag = "restart-after", .where = Where::body, .kind = Kind::list, .help = "Machines that have to run before it is started", .value = "TEXT"},
    {.name = "resource_pool", .flag = "resource-pool", .where = Where::body, .kind = Kind::text, .help = "The resource pool that it is in", .default_text = "default", .value = "TEXT"},
    {.name = "conflict_class", .flag = "conflict-class", .where = Where::body, .kind = Kind::text, .help = "Its conflict class; empty: none", .value = "TEXT"},
    {.name = "start", .flag = "start", .where = Where::body, .kind = Kind::boolean, .help = "Start it at once"},
};
inline constexpr std::string_view vm_create_examples[]{"truce vm create web01 --template debian-12 --memory 2GiB --start", "truce vm create old --iso install-cd --disk 20GiB", "truce vm create lab --template debian-12 --cloud-init user-data.yaml --forward 2222:22"};
inline constexpr Input vm_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
};
inline constexpr std::string_view vm_show_examples[]{"truce vm show web01"};
inline constexpr std::string_view vm_set_guest_choices[]{"other", "windows"};
inline constexpr std::string_view vm_set_firmware_choices[]{"bios", "uefi"};
inline constexpr std::string_view vm_set_secure_boot_choices[]{"off", "microsoft", "snakeoil"};
inline constexpr std::string_view vm_set_disk_bus_choices[]{"virtio", "scsi", "sata", "ide", "pvscsi", "lsisas"};
inline constexpr std::string_view vm_set_nic_model_choices[]{"virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"};
inline constexpr std::string_view vm_set_display_choices[]{"none", "vga", "cirrus", "virtio", "qxl"};
inline constexpr std::string_view vm_set_sound_choices[]{"none", "hda", "ac97", "sb16"};
inline constexpr std::string_view vm_set_watchdog_choices[]{"off", "reset", "shutdown", "poweroff", "pause"};
inline constexpr std::string_view vm_set_restart_priority_choices[]{"low", "medium", "high"};
inline constexpr std::string_view vm_set_on_hang_choices[]{"none", "reset"};
inline constexpr std::string_view vm_set_on_storage_loss_choices[]{"none", "restart-elsewhere"};
inline constexpr std::string_view vm_set_balance_choices[]{"off", "propose", "automatic"};
inline constexpr Input vm_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "labels", .flag = "labels", .where = Where::body, .kind = Kind::map, .help = "Replaces all labels (key=value)", .value = "KEY=VALUE"},
    {.name = "cpus", .flag = "cpus", .where = Where::body, .kind = Kind::integer, .help = "Virtual processors", .limits = "1 to 64", .value = "N"},
    {.name = "memory", .flag = "memory", .where = Where::body, .kind = Kind::bytes, .help = "Memory", .limits = "32MiB to 16TiB", .value = "SIZE"},
    {.name = "iso", .flag = "iso", .where = Where::body, .kind = Kind::text, .help = "The CD in its drive, or empty for none", .value = "TEMPLATE", .completes = "template"},
    {.name = "memory_min", .flag = "memory-min", .where = Where::body, .kind = Kind::bytes, .help = "What the balloon leaves it when the host is short of memory; 0: all", .limits = "at most 16TiB", .value = "SIZE"},
    {.name = "hardware/machine_version", .flag = "machine-version", .where = Where::body, .kind = Kind::text, .help = "Version of the machine type, such as 7.2: kept from the creation (the newest then)", .value = "TEXT"},
    {.name = "hardware/guest", .flag = "guest", .where = Where::body, .kind = Kind::choice, .help = "windows: a clock in local time and, with KVM, what makes Windows quick (other)", .value = "other|windows", .choices = vm_set_guest_choices},
    {.name = "hardware/acpi", .flag = "acpi", .where = Where::body, .kind = Kind::boolean, .help = "ACPI; without it the guest cannot be asked to power off (on)"},
    {.name = "hardware/cpu_model", .flag = "cpu-model", .where = Where::body, .kind = Kind::text, .help = "max, host (with KVM), x86-64-v2, x86-64-v3, x86-64-v4, or a model that truce host show lists", .value = "TEXT"},
    {.name = "hardware/sockets", .flag = "sockets", .where = Where::body, .kind = Kind::integer, .help = "Processor sockets; sockets x cores x threads are the processors", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/cores", .flag = "cores", .where = Where::body, .kind = Kind::integer, .help = "Cores of each socket", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/threads", .flag = "threads", .where = Where::body, .kind = Kind::integer, .help = "Threads of each core", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/max_cpus", .flag = "max-cpus", .where = Where::body, .kind = Kind::integer, .help = "How many processors it can be given while it runs (as many as it has)", .limits = "1 to 64", .value = "N"},
    {.name = "hardware/max_memory", .flag = "max-memory", .where = Where::body, .kind = Kind::bytes, .help = "How much memory it can be given while it runs, by virtio-mem (as much as it has)", .limits = "32MiB to 16TiB", .value = "SIZE"},
    {.name = "hardware/numa_nodes", .flag = "numa-nodes", .where = Where::body, .kind = Kind::integer, .help = "NUMA nodes that processors and memory are spread over", .limits = "1 to 8", .value = "N"},
    {.name = "hardware/huge_pages", .flag = "huge-pages", .where = Where::body, .kind = Kind::boolean, .help = "Memory from the host's huge pages of 2 MiB"},
    {.name = "hardware/firmware", .flag = "firmware", .where = Where::body, .kind = Kind::choice, .help = "bios or uefi (bios)", .value = "bios|uefi", .choices = vm_set_firmware_choices},
    {.name = "hardware/secure_boot", .flag = "secure-boot", .where = Where::body, .kind = Kind::choice, .help = "Secure Boot of UEFI: off, or with whose keys (off)", .value = "off|microsoft|snakeoil", .choices = vm_set_secure_boot_choices},
    {.name = "hardware/tpm", .flag = "tpm", .where = Where::body, .kind = Kind::boolean, .help = "A TPM 2.0 of its own"},
    {.name = "hardware/boot", .flag = "boot", .where = Where::body, .kind = Kind::list, .help = "What to boot from, in this order (disk, then cdrom); a kernel of the template is then left out", .value = "disk|cdrom|network"},
    {.name = "hardware/cdrom", .flag = "cdrom", .where = Where::body, .kind = Kind::boolean, .help = "A CD drive, also while nothing is in it (with an iso)"},
    {.name = "hardware/disk_bus", .flag = "disk-bus", .where = Where::body, .kind = Kind::choice, .help = "What disks hang on (virtio; legacy: ide). pvscsi and lsisas are what VMware's machines have", .value = "virtio|scsi|sata|ide|pvscsi|lsisas", .choices = vm_set_disk_bus_choices},
    {.name = "hardware/nic_model", .flag = "nic-model", .where = Where::body, .kind = Kind::choice, .help = "Which network card (virtio; legacy: e1000). vmxnet3 is what VMware's machines have", .value = "virtio|e1000|e1000e|rtl8139|vmxnet3", .choices = vm_set_nic_model_choices},
    {.name = "hardware/display", .flag = "display", .where = Where::body, .kind = Kind::choice, .help = "Which graphics card (vga; microvm: none)", .value = "none|vga|cirrus|virtio|qxl", .choices = vm_set_display_choices},
    {.name = "hardware/gpu_3d", .flag = "gpu-3d", .where = Where::body, .kind = Kind::boolean, .help = "3D by the host's graphics card; display must be virtio"},
    {.name = "hardware/spice", .flag = "spice", .where = Where::body, .kind = Kind::boolean, .help = "SPICE beside VNC, for the host's root"},
    {.name = "hardware/usb", .flag = "usb", .where = Where::body, .kind = Kind::boolean, .help = "USB with a tablet as pointer (on when a display is chosen, and for windows)"},
    {.name = "hardware/sound", .flag = "sound", .where = Where::body, .kind = Kind::choice, .help = "Which sound card (none)", .value = "none|hda|ac97|sb16", .choices = vm_set_sound_choices},
    {.name = "hardware/serial_ports", .flag = "serial-ports", .where = Where::body, .kind = Kind::integer, .help = "Serial ports; the first is the console (1)", .limits = "1 to 4", .value = "N"},
    {.name = "hardware/parallel_port", .flag = "parallel-port", .where = Where::body, .kind = Kind::boolean, .help = "A parallel port"},
    {.name = "hardware/watchdog", .flag = "watchdog", .where = Where::body, .kind = Kind::choice, .help = "What an i6300esb watchdog does when the guest no longer feeds it (off)", .value = "off|reset|shutdown|poweroff|pause", .choices = vm_set_watchdog_choices},
    {.name = "hardware/pci", .flag = "pci", .where = Where::body, .kind = Kind::list, .help = "Device of the host to pass through, 0000:01:00.0; it must be bound to vfio-pci", .value = "TEXT"},
    {.name = "hardware/usb_devices", .flag = "usb-devices", .where = Where::body, .kind = Kind::list, .help = "USB device of the host to pass through, VENDOR:PRODUCT as lsusb writes it", .value = "TEXT"},
    {.name = "resources/cpu_shares", .flag = "cpu-shares", .where = Where::body, .kind = Kind::integer, .help = "Its weight where processors are short (100 a processor)", .limits = "1 to 10000", .value = "N"},
    {.name = "resources/cpu_limit", .flag = "cpu-limit", .where = Where::body, .kind = Kind::integer, .help = "Processor time at most, in percent of one processor; 0: no limit", .limits = "0 to 6400", .value = "N"},
    {.name = "resources/cpu_reservation", .flag = "cpu-reservation", .where = Where::body, .kind = Kind::integer, .help = "Processor time that is kept for it, in percent of one processor; 0: none", .limits = "0 to 6400", .value = "N"},
    {.name = "resources/memory_reservation", .flag = "memory-reservation", .where = Where::body, .kind = Kind::bytes, .help = "Memory that is kept for it; 0: none", .value = "SIZE"},
    {.name = "resources/read_iops", .flag = "read-iops", .where = Where::body, .kind = Kind::integer, .help = "Reads a second of all its disks; 0: no limit", .limits = "0 to 10000000", .value = "N"},
    {.name = "resources/write_iops", .flag = "write-iops", .where = Where::body, .kind = Kind::integer, .help = "Writes a second; 0: no limit", .limits = "0 to 10000000", .value = "N"},
    {.name = "resources/read_rate", .flag = "read-rate", .where = Where::body, .kind = Kind::bytes, .help = "Bytes read a second; 0: no limit", .value = "SIZE"},
    {.name = "resources/write_rate", .flag = "write-rate", .where = Where::body, .kind = Kind::bytes, .help = "Bytes written a second; 0: no limit", .value = "SIZE"},
    {.name = "resources/burst_seconds", .flag = "burst-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long it may have ten times as much of its disks; 0: never", .limits = "0 to 3600", .value = "N"},
    {.name = "availability/restart_elsewhere", .flag = "restart-elsewhere", .where = Where::body, .kind = Kind::boolean, .help = "It is started on another host"},
    {.name = "availability/restart_priority", .flag = "restart-priority", .where = Where::body, .kind = Kind::choice, .help = "When, among others", .value = "low|medium|high", .choices = vm_set_restart_priority_choices},
    {.name = "availability/keep_running", .flag = "keep-running", .where = Where::body, .kind = Kind::boolean, .help = "A host that is cut off lets it run on; then it is never started elsewhere meanwhile"},
    {.name = "availability/on_hang", .flag = "on-hang", .where = Where::body, .kind = Kind::choice, .help = "What its host does when its guest hangs", .value = "none|reset", .choices = vm_set_on_hang_choices},
    {.name = "availability/hang_seconds", .flag = "hang-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long its guest agent, which has answered before, must be silent, without any disk or network traffic, to count as hanging (60)", .limits = "20 to 3600", .value = "N"},
    {.name = "availability/on_storage_loss", .flag = "on-storage-loss", .where = Where::body, .kind = Kind::choice, .help = "What is done when its host no longer reaches its disks", .value = "none|restart-elsewhere", .choices = vm_set_on_storage_loss_choices},
    {.name = "availability/storage_loss_seconds", .flag = "storage-loss-seconds", .where = Where::body, .kind = Kind::integer, .help = "After how long that is done (60)", .limits = "5 to 86400", .value = "N"},
    {.name = "availability/restart_after", .flag = "restart-after", .where = Where::body, .kind = Kind::list, .help = "Machines that have to run before it is started", .value = "TEXT"},
    {.name = "balance", .flag = "balance", .where = Where::body, .kind = Kind::choice, .help = "Whether plans for balance move it; propose: only those that somebody applies", .value = "off|propose|automatic", .choices = vm_set_balance_choices},
    {.name = "resource_pool", .flag = "resource-pool", .where = Where::body, .kind = Kind::text, .help = "The resource pool that it shall be in", .value = "TEXT"},
    {.name = "conflict_class", .flag = "conflict-class", .where = Where::body, .kind = Kind::text, .help = "Its conflict class; empty: none", .value = "TEXT"},
};
inline constexpr std::string_view vm_set_examples[]{"truce vm set web01 --memory 4GiB", "truce vm set web01 --boot network --boot disk"};
inline constexpr Input vm_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "force", .flag = "force", .where = Where::query, .kind = Kind::boolean, .help = "Also when it runs"},
};
inline constexpr std::string_view vm_delete_examples[]{"truce vm delete web01 --force"};
inline constexpr Input vm_set_nic_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "nic", .flag = "nic", .where = Where::body, .kind = Kind::integer, .help = "Number of the card", .limits = "0 to 7", .value = "N"},
    {.name = "spoof_filter", .flag = "spoof-filter", .where = Where::body, .kind = Kind::boolean, .help = "The guest sends from this card's own MAC and address only; off for routers and fail-over addresses"},
    {.name = "address", .flag = "address", .where = Where::body, .kind = Kind::text, .help = "Its fixed IPv4 address, or empty for one that the network gives", .value = "TEXT"},
    {.name = "address6", .flag = "address6", .where = Where::body, .kind = Kind::text, .help = "Its fixed IPv6 address, or empty for one that the network gives", .value = "TEXT"},
    {.name = "security_group", .flag = "security-group", .where = Where::body, .kind = Kind::list, .help = "Replaces its security groups (one empty text stands for none)", .value = "TEXT"},
    {.name = "forward", .flag = "forward", .where = Where::body, .kind = Kind::list, .help = "Replaces its port forwards, HOST:GUEST", .value = "TEXT"},
    {.name = "send_mbit", .flag = "send-mbit", .where = Where::body, .kind = Kind::integer, .help = "What the guest may send, in Mbit/s; 0: no limit", .limits = "0 to 1000000", .value = "N"},
    {.name = "receive_mbit", .flag = "receive-mbit", .where = Where::body, .kind = Kind::integer, .help = "What the guest may receive, in Mbit/s; 0: no limit", .limits = "0 to 1000000", .value = "N"},
    {.name = "mirror_to", .flag = "mirror-to", .where = Where::body, .kind = Kind::text, .help = "Network card VM/NUMBER on the same host that gets a copy of all that this one carries, or empty for none", .value = "TEXT"},
};
inline constexpr std::string_view vm_set_nic_examples[]{"truce vm set-nic router --spoof-filter=false"};
inline constexpr Input vm_add_nic_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "network", .flag = "network", .where = Where::body, .kind = Kind::text, .help = "Network to plug it into", .default_text = "default", .value = "NETWORK", .completes = "network"},
    {.name = "forward", .flag = "forward", .where = Where::body, .kind = Kind::list, .help = "Port forward on a network of mode user or nat, HOST:GUEST", .value = "TEXT"},
    {.name = "spoof_filter", .flag = "spoof-filter", .where = Where::body, .kind = Kind::boolean, .help = "The guest sends from its own MAC and address only", .default_text = "True"},
    {.name = "address", .flag = "address", .where = Where::body, .kind = Kind::text, .help = "Its fixed IPv4 address; empty: the network gives it one, for good", .value = "TEXT"},
    {.name = "address6", .flag = "address6", .where = Where::body, .kind = Kind::text, .help = "Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6", .value = "TEXT"},
    {.name = "security_group", .flag = "security-group", .where = Where::body, .kind = Kind::list, .help = "Security group whose rules hold for it; none: everything may pass", .value = "TEXT"},
    {.name = "send_mbit", .flag = "send-mbit", .where = Where::body, .kind = Kind::integer, .help = "What the guest may send, in Mbit/s; 0: no limit", .limits = "0 to 1000000", .value = "N"},
    {.name = "receive_mbit", .flag = "receive-mbit", .where = Where::body, .kind = Kind::integer, .help = "What the guest may receive, in Mbit/s; 0: no limit", .limits = "0 to 1000000", .value = "N"},
    {.name = "mirror_to", .flag = "mirror-to", .where = Where::body, .kind = Kind::text, .help = "Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none", .value = "TEXT"},
};
inline constexpr std::string_view vm_add_nic_examples[]{"truce vm add-nic router --network lab"};
inline constexpr Input vm_remove_nic_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm"},
    {.name = "nic", .flag = "nic", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm"},
};
inline constexpr std::string_view vm_remove_nic_examples[]{"truce vm remove-nic router 1"};
inline constexpr Input vm_revert_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
};
inline constexpr std::string_view vm_revert_examples[]{"truce vm revert web01"};
inline constexpr Input vm_usage_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
};
inline constexpr std::string_view vm_usage_examples[]{"truce vm usage web01"};
inline constexpr Input vm_migrate_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "to", .flag = "to", .where = Where::body, .kind = Kind::text, .help = "The other host; empty: the best one", .value = "TEXT"},
    {.name = "with_storage", .flag = "with-storage", .where = Where::body, .kind = Kind::boolean, .help = "Disks that the other host cannot reach are copied to its pools"},
    {.name = "downtime_ms", .flag = "downtime-ms", .where = Where::body, .kind = Kind::integer, .help = "How long the guest may stand still, in milliseconds", .default_text = "300", .limits = "1 to 60000", .value = "N"},
    {.name = "bandwidth", .flag = "bandwidth", .where = Where::body, .kind = Kind::bytes, .help = "Bytes a second at most; 0: no limit", .value = "SIZE"},
    {.name = "channels", .flag = "channels", .where = Where::body, .kind = Kind::integer, .help = "Connections that memory goes over", .default_text = "1", .limits = "1 to 16", .value = "N"},
    {.name = "compress", .flag = "compress", .where = Where::body, .kind = Kind::boolean, .help = "Compress memory (zstd)"},
    {.name = "auto_converge", .flag = "auto-converge", .where = Where::body, .kind = Kind::boolean, .help = "Slow the guest down when it changes its memory quicker than it can be sent", .default_text = "True"},
    {.name = "post_copy", .flag = "post-copy", .where = Where::body, .kind = Kind::boolean, .help = "When it does not converge, go on at the other host and fetch the rest; a failure then costs the machine's memory"},
    {.name = "offline", .flag = "offline", .where = Where::body, .kind = Kind::boolean, .help = "Suspend it, move it and resume it, when it cannot move while it runs"},
};
inline constexpr std::string_view vm_migrate_examples[]{"truce vm migrate web01 --to host2", "truce vm migrate web01 --with-storage"};
inline constexpr std::string_view vm_move_xen_choices[]{"hvm", "pvh", "pv"};
inline constexpr Input vm_move_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "to", .flag = "to", .where = Where::body, .kind = Kind::text, .required = true, .help = "here, or the name of a platform", .value = "TEXT"},
    {.name = "new_name", .flag = "new-name", .where = Where::body, .kind = Kind::text, .help = "What it is called there (as it is now, as far as that goes)", .value = "TEXT"},
    {.name = "project", .flag = "project", .where = Where::body, .kind = Kind::text, .help = "Whose it is here", .default_text = "default", .value = "TEXT"},
    {.name = "pool", .flag = "pool", .where = Where::body, .kind = Kind::text, .help = "Where its disks are stored (here: default; on a platform the one with most room)", .value = "POOL", .completes = "pool"},
    {.name = "host", .flag = "host", .where = Where::body, .kind = Kind::text, .help = "Where it is placed (the one that suits best)", .value = "HOST", .completes = "host"},
    {.name = "network", .flag = "network", .where = Where::body, .kind = Kind::list, .help = "Which network its cards are plugged into: a name for all, or BEFORE=THEN for those of one (one of the same name; here: default)", .value = "NETWORK", .completes = "network"},
    {.name = "keep_source", .flag = "keep-source", .where = Where::body, .kind = Kind::boolean, .help = "What it was moved from stays, off, until somebody deletes it", .default_text = "True"},
    {.name = "start", .flag = "start", .where = Where::body, .kind = Kind::boolean, .help = "Start it when it has come"},
    {.name = "prepare", .flag = "prepare", .where = Where::body, .kind = Kind::boolean, .help = "When it comes here: change its guest so that it boots here (drivers, names of disks and network cards), by libguestfs on the manager that leads"},
    {.name = "prove", .flag = "prove", .where = Where::body, .kind = Kind::boolean, .help = "When it comes here: before it counts as here, start it once as a throw-away without a network, and undo the move if it does not boot"},
    {.name = "prove_seconds", .flag = "prove-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long that may take until there is a sign that it has booted, or has not", .default_text = "300", .limits = "10 to 3600", .value = "N"},
    {.name = "warm", .flag = "warm", .where = Where::body, .kind = Kind::boolean, .help = "Copy it while it runs, then what it has changed meanwhile, again and again; it is shut down for the last part only"},
    {.name = "xen", .flag = "xen", .where = Where::body, .kind = Kind::choice, .help = "How a Xen host that it goes to starts it: hvm for any system; pvh and pv for Linux alone, by GRUB of that host from its first disk (hvm)", .value = "hvm|pvh|pv", .choices = vm_move_xen_choices},
    {.name = "xen_loader", .flag = "xen-loader", .where = Where::body, .kind = Kind::text, .help = "Where GRUB for pvh or pv is on that host (as Debian's package grub-xen-host has it, in /usr/lib/grub-xen)", .value = "TEXT"},
};
inline constexpr std::string_view vm_move_examples[]{"truce vm move prod/web01 --to here", "truce vm move web01 --to prod --pool store1 --network \"VM Network\"", "truce vm move web01 --to xen1 --xen pvh --network xenbr0"};
inline constexpr std::string_view vm_move_report_xen_choices[]{"hvm", "pvh", "pv"};
inline constexpr Input vm_move_report_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "to", .flag = "to", .where = Where::body, .kind = Kind::text, .required = true, .help = "here, or the name of a platform", .value = "TEXT"},
    {.name = "new_name", .flag = "new-name", .where = Where::body, .kind = Kind::text, .help = "What it is called there (as it is now, as far as that goes)", .value = "TEXT"},
    {.name = "project", .flag = "project", .where = Where::body, .kind = Kind::text, .help = "Whose it is here", .default_text = "default", .value = "TEXT"},
    {.name = "pool", .flag = "pool", .where = Where::body, .kind = Kind::text, .help = "Where its disks are stored (here: default; on a platform the one with most room)", .value = "POOL", .completes = "pool"},
    {.name = "host", .flag = "host", .where = Where::body, .kind = Kind::text, .help = "Where it is placed (the one that suits best)", .value = "HOST", .completes = "host"},
    {.name = "network", .flag = "network", .where = Where::body, .kind = Kind::list, .help = "Which network its cards are plugged into: a name for all, or BEFORE=THEN for those of one (one of the same name; here: default)", .value = "NETWORK", .completes = "network"},
    {.name = "keep_source", .flag = "keep-source", .where = Where::body, .kind = Kind::boolean, .help = "What it was moved from stays, off, until somebody deletes it", .default_text = "True"},
    {.name = "start", .flag = "start", .where = Where::body, .kind = Kind::boolean, .help = "Start it when it has come"},
    {.name = "prepare", .flag = "prepare", .where = Where::body, .kind = Kind::boolean, .help = "When it comes here: change its guest so that it boots here (drivers, names of disks and network cards), by libguestfs on the manager that leads"},
    {.name = "prove", .flag = "prove", .where = Where::body, .kind = Kind::boolean, .help = "When it comes here: before it counts as here, start it once as a throw-away without a network, and undo the move if it does not boot"},
    {.name = "prove_seconds", .flag = "prove-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long that may take until there is a sign that it has booted, or has not", .default_text = "300", .limits = "10 to 3600", .value = "N"},
    {.name = "warm", .flag = "warm", .where = Where::body, .kind = Kind::boolean, .help = "Copy it while it runs, then what it has changed meanwhile, again and again; it is shut down for the last part only"},
    {.name = "xen", .flag = "xen", .where = Where::body, .kind = Kind::choice, .help = "How a Xen host that it goes to starts it: hvm for any system; pvh and pv for Linux alone, by GRUB of that host from its first disk (hvm)", .value = "hvm|pvh|pv", .choices = vm_move_report_xen_choices},
    {.name = "xen_loader", .flag = "xen-loader", .where = Where::body, .kind = Kind::text, .help = "Where GRUB for pvh or pv is on that host (as Debian's package grub-xen-host has it, in /usr/lib/grub-xen)", .value = "TEXT"},
};
inline constexpr std::string_view vm_move_report_examples[]{"truce vm move-report prod/web01 --to here"};
inline constexpr std::string_view vm_start_boot_choices[]{"disk", "cdrom", "network"};
inline constexpr Input vm_start_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "boot", .flag = "boot", .where = Where::body, .kind = Kind::choice, .help = "Boot from this first, this time only", .value = "disk|cdrom|network", .choices = vm_start_boot_choices},
};
inline constexpr std::string_view vm_start_examples[]{"truce vm start web01", "truce vm start web01 --boot cdrom"};
inline constexpr Input vm_stop_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "now", .flag = "now", .where = Where::body, .kind = Kind::boolean, .help = "Cut the power instead of asking the guest"},
    {.name = "timeout_seconds", .flag = "timeout-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long the guest may take", .default_text = "60", .limits = "1 to 3600", .value = "N"},
};
inline constexpr std::string_view vm_stop_examples[]{"truce vm stop web01", "truce vm stop web01 --now"};
inline constexpr Input vm_reset_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
};
inline constexpr std::string_view vm_reset_examples[]{"truce vm reset web01"};
inline constexpr Input vm_pause_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
};
inline constexpr std::string_view vm_pause_examples[]{"truce vm pause web01"};
inline constexpr Input vm_resume_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
};
inline constexpr std::string_view vm_resume_examples[]{"truce vm resume web01"};
inline constexpr Input vm_suspend_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
};
inline constexpr std::string_view vm_suspend_examples[]{"truce vm suspend web01"};
inline constexpr Input vm_rename_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "new_name", .flag = "new-name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "The new name", .value = "TEXT"},
};
inline constexpr std::string_view vm_rename_examples[]{"truce vm rename web01 web02"};
inline constexpr std::string_view vm_console_port_choices[]{"serial", "serial2", "serial3", "serial4", "parallel"};
inline constexpr Input vm_console_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The machine", .completes = "vm"},
    {.name = "serial", .flag = "serial", .where = Where::local, .kind = Kind::boolean, .help = "The serial console (the default)"},
    {.name = "graphical", .flag = "graphical", .where = Where::local, .kind = Kind::boolean, .help = "The screen; prints where a VNC viewer finds it"},
    {.name = "port", .flag = "port", .where = Where::local, .kind = Kind::choice, .help = "Another serial or parallel port than the console", .value = "serial|serial2|serial3|serial4|parallel", .choices = vm_console_port_choices},
    {.name = "listen", .flag = "listen", .where = Where::local, .kind = Kind::text, .help = "With --graphical: ADDRESS:PORT or unix:PATH to listen on (127.0.0.1 and a free port)", .value = "ADDRESS"},
    {.name = "linger", .flag = "linger", .where = Where::local, .kind = Kind::integer, .help = "After the end of piped input, stay this long after the last output (2)", .value = "SECONDS"},
};
inline constexpr std::string_view vm_console_examples[]{"truce vm console web01", "truce vm console desk --graphical", "echo uptime | truce vm console web01"};
inline constexpr Input vm_screenshot_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The machine", .completes = "vm"},
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "File to write; - is standard output"},
};
inline constexpr std::string_view vm_screenshot_examples[]{"truce vm screenshot web01 web01.png"};
inline constexpr Input vm_exec_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The machine", .completes = "vm"},
    {.name = "timeout", .flag = "timeout", .where = Where::local, .kind = Kind::integer, .help = "How long to wait for its end (60)", .value = "SECONDS"},
};
inline constexpr std::string_view vm_exec_examples[]{"truce vm exec web01 -- uname -a", "truce vm exec web01 --timeout 300 -- apt-get update"};
inline constexpr Input vm_log_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The machine", .completes = "vm"},
    {.name = "bytes", .flag = "bytes", .where = Where::local, .kind = Kind::integer, .help = "How much of it, at most 65536 (4096)", .value = "N"},
};
inline constexpr std::string_view vm_log_examples[]{"truce vm log web01", "truce vm log web01 --bytes 65536"};
inline constexpr Input vm_move_wave_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The file; - is standard input"},
    {.name = "dry-run", .flag = "dry-run", .where = Where::local, .kind = Kind::boolean, .help = "Only say what the moves would do"},
    {.name = "at-once", .flag = "at-once", .where = Where::local, .kind = Kind::integer, .help = "Begin at most so many at a time (all of a wave; the server takes them in turns)", .value = "N"},
    {.name = "go-on", .flag = "go-on", .where = Where::local, .kind = Kind::boolean, .help = "Begin the next wave also when some have failed"},
};
inline constexpr std::string_view vm_move_wave_examples[]{"truce vm move-wave leave-vmware.txt --dry-run", "truce vm move-wave leave-vmware.txt --at-once 8"};
inline constexpr std::string_view vm_top_sort_choices[]{"cpu", "memory", "disk", "network", "name"};
inline constexpr Input vm_top_inputs[]{
    {.name = "sort", .flag = "sort", .where = Where::local, .kind = Kind::choice, .help = "By what to begin with (cpu)", .value = "cpu|memory|disk|network|name", .choices = vm_top_sort_choices},
    {.name = "limit", .flag = "limit", .where = Where::local, .kind = Kind::integer, .help = "At most so many machines (as many as fit, or 50)", .value = "N"},
    {.name = "project", .flag = "project", .where = Where::local, .kind = Kind::text, .help = "Only machines of this project", .value = "PROJECT"},
    {.name = "once", .flag = "once", .where = Where::local, .kind = Kind::boolean, .help = "Print once and end"},
};
inline constexpr std::string_view vm_top_examples[]{"truce vm top", "truce vm top --sort disk --once", "truce vm top --format json --limit 1000"};
inline constexpr std::string_view vm_metrics_range_choices[]{"hour", "day", "week", "month", "year"};
inline constexpr Input vm_metrics_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The machine", .completes = "vm"},
    {.name = "range", .flag = "range", .where = Where::local, .kind = Kind::choice, .help = "How far back (hour)", .value = "hour|day|week|month|year", .choices = vm_metrics_range_choices},
};
inline constexpr std::string_view vm_metrics_examples[]{"truce vm metrics web01", "truce vm metrics web01 --range month --format csv"};
inline constexpr Input snapshot_create_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique in the machine", .value = "TEXT"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "memory", .flag = "memory", .where = Where::body, .kind = Kind::boolean, .help = "With the memory of a machine that runs"},
    {.name = "quiesce", .flag = "quiesce", .where = Where::body, .kind = Kind::boolean, .help = "Freeze the guest's file systems by its agent for the moment"},
};
inline constexpr std::string_view snapshot_create_examples[]{"truce snapshot create web01 before-upgrade", "truce snapshot create web01 warm --memory", "truce snapshot create db01 nightly --quiesce --description \"before the job\""};
inline constexpr Input snapshot_show_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the snapshot"},
};
inline constexpr std::string_view snapshot_show_examples[]{"truce snapshot show web01 before-upgrade"};
inline constexpr Input snapshot_delete_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the snapshot"},
    {.name = "subtree", .flag = "subtree", .where = Where::query, .kind = Kind::boolean, .help = "Also all that were taken after it"},
};
inline constexpr std::string_view snapshot_delete_examples[]{"truce snapshot delete web01 before-upgrade", "truce snapshot delete web01 old --subtree"};
inline constexpr Input snapshot_restore_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the snapshot"},
    {.name = "start", .flag = "start", .where = Where::body, .kind = Kind::boolean, .help = "Start the machine, when the snapshot has no memory"},
};
inline constexpr std::string_view snapshot_restore_examples[]{"truce snapshot restore web01 before-upgrade --start", "truce snapshot restore web01 warm"};
inline constexpr Input snapshot_clone_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the snapshot"},
    {.name = "new_name", .flag = "new-name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among machines", .value = "TEXT"},
    {.name = "start", .flag = "start", .where = Where::body, .kind = Kind::boolean, .help = "Start it at once"},
};
inline constexpr std::string_view snapshot_clone_examples[]{"truce snapshot clone web01 before-upgrade web02", "truce snapshot clone web01 before-upgrade test --start"};
inline constexpr Input snapshot_list_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The machine", .completes = "vm"},
};
inline constexpr std::string_view snapshot_list_examples[]{"truce snapshot list web01", "truce snapshot list web01 --format json"};
inline constexpr Input disk_list_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view disk_list_columns[]{"id", "size", "pool", "template"};
inline constexpr std::string_view disk_list_examples[]{"truce disk list web01"};
inline constexpr Input disk_create_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "size", .flag = "size", .where = Where::body, .kind = Kind::bytes, .required = true, .help = "What the guest sees", .limits = "1MiB to 64TiB", .value = "SIZE"},
    {.name = "pool", .flag = "pool", .where = Where::body, .kind = Kind::text, .help = "Where to store it", .default_text = "default", .value = "POOL", .completes = "pool"},
    {.name = "key", .flag = "key", .where = Where::body, .kind = Kind::text, .help = "Key of the host that it is encrypted with (LUKS); empty: not encrypted", .value = "TEXT"},
};
inline constexpr std::string_view disk_create_examples[]{"truce disk create web01 --size 20GiB", "truce disk create db01 --size 1TiB --pool slow"};
inline constexpr Input disk_set_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "disk", .flag = "disk", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the disk", .completes = "disk"},
    {.name = "size", .flag = "size", .where = Where::body, .kind = Kind::bytes, .help = "What the guest sees, larger than now", .limits = "1MiB to 64TiB", .value = "SIZE"},
};
inline constexpr std::string_view disk_set_examples[]{"truce disk set web01 disk0 --size 40GiB"};
inline constexpr Input disk_delete_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "disk", .flag = "disk", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the disk", .completes = "disk"},
};
inline constexpr std::string_view disk_delete_examples[]{"truce disk delete web01 disk1"};
inline constexpr Input disk_move_inputs[]{
    {.name = "vm", .flag = "vm", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the vm", .completes = "vm"},
    {.name = "disk", .flag = "disk", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the disk", .completes = "disk"},
    {.name = "pool", .flag = "pool", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "The other pool", .value = "POOL", .completes = "pool"},
};
inline constexpr std::string_view disk_move_examples[]{"truce disk move web01 disk0 fast"};
inline constexpr Input template_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view template_list_columns[]{"name", "kind", "disk_size", "stored", "created", "description"};
inline constexpr std::string_view template_list_examples[]{"truce template list"};
inline constexpr Input template_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Name of the family; the version is added", .value = "TEXT"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "recipe", .flag = "recipe", .where = Where::body, .kind = Kind::text, .help = "Recipe to follow: debian-12 or tiny", .value = "TEXT"},
    {.name = "file", .flag = "file", .where = Where::body, .kind = Kind::text, .help = "Path of a disk image or ISO on the host", .value = "TEXT"},
    {.name = "host", .flag = "host", .where = Where::body, .kind = Kind::text, .help = "The host that makes it; empty: the manager's own", .value = "HOST", .completes = "host"},
};
inline constexpr std::string_view template_create_examples[]{"truce template create debian-12 --recipe debian-12", "truce template create rescue --file /srv/rescue.iso"};
inline constexpr Input template_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the template", .completes = "template"},
};
inline constexpr std::string_view template_show_examples[]{"truce template show debian-12", "truce template show debian-12@1"};
inline constexpr Input template_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the template", .completes = "template"},
};
inline constexpr std::string_view template_delete_examples[]{"truce template delete debian-12@1"};
inline constexpr Input template_upload_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "Name of the family; the version is added", .completes = "template"},
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "description", .flag = "description", .where = Where::local, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
};
inline constexpr std::string_view template_upload_examples[]{"truce template upload fedora Fedora-Cloud.qcow2", "truce template upload rescue rescue.iso --description 'boots into a shell'"};
inline constexpr Input template_download_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The template, NAME or NAME@VERSION", .completes = "template"},
    {.name = "output", .flag = "output", .alias = "o", .where = Where::local, .kind = Kind::text, .help = "File to write (NAME@VERSION.qcow2 or .iso)", .value = "FILE"},
};
inline constexpr std::string_view template_download_examples[]{"truce template download debian-12", "truce template download rescue@2 --output rescue.iso"};
inline constexpr Input upload_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view upload_list_columns[]{"name", "template", "size", "received", "user", "expires", "task", "problem"};
inline constexpr std::string_view upload_list_examples[]{"truce upload list", "truce upload list --watch"};
inline constexpr Input upload_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the upload", .completes = "upload"},
};
inline constexpr std::string_view upload_show_examples[]{"truce upload show 0f3c5a7e9b2d4c68"};
inline constexpr Input upload_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the upload", .completes = "upload"},
};
inline constexpr std::string_view upload_delete_examples[]{"truce upload delete 0f3c5a7e9b2d4c68"};
inline constexpr Input network_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "platform", .flag = "platform", .where = Where::query, .kind = Kind::text, .help = "What is on this platform instead of Truce's own; all: what is on any platform, too", .value = "PLATFORM", .completes = "platform"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view network_list_columns[]{"name", "mode", "subnet", "domain", "problem"};
inline constexpr std::string_view network_list_examples[]{"truce network list"};
inline constexpr std::string_view network_create_mode_choices[]{"nat", "user", "routed", "isolated", "bridged"};
inline constexpr Input network_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among networks", .value = "TEXT"},
    {.name = "mode", .flag = "mode", .where = Where::body, .kind = Kind::choice, .help = "nat, routed, isolated, bridged or user", .default_text = "nat", .value = "nat|user|routed|isolated|bridged", .choices = network_create_mode_choices},
    {.name = "bridge", .flag = "bridge", .where = Where::body, .kind = Kind::text, .help = "A bridge that the host has already (mode bridged)", .value = "TEXT"},
    {.name = "private_to", .flag = "private-to", .where = Where::body, .kind = Kind::text, .help = "Only machines of this project may use it (all)", .value = "TEXT"},
    {.name = "subnet", .flag = "subnet", .where = Where::body, .kind = Kind::text, .help = "IPv4 addresses such as 10.88.0.0/24 (modes nat, routed, isolated)", .value = "TEXT"},
    {.name = "subnet6", .flag = "subnet6", .where = Where::body, .kind = Kind::text, .help = "IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated); empty: no IPv6", .value = "TEXT"},
    {.name = "overlay", .flag = "overlay", .where = Where::body, .kind = Kind::boolean, .help = "One network over all hosts (VXLAN), so that machines keep their addresses when they move"},
    {.name = "vlan", .flag = "vlan", .where = Where::body, .kind = Kind::integer, .help = "VLAN on the host's bridge, in mode bridged; 0: untagged", .limits = "0 to 4094", .value = "N"},
    {.name = "domain", .flag = "domain", .where = Where::body, .kind = Kind::text, .help = "DNS suffix of the machines", .default_text = "truce.internal", .value = "TEXT"},
    {.name = "spoof_filter", .flag = "spoof-filter", .where = Where::body, .kind = Kind::boolean, .help = "Guests send from their own MAC and address only", .default_text = "True"},
};
inline constexpr std::string_view network_create_examples[]{"truce network create lab --subnet 10.88.0.0/24"};
inline constexpr Input network_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the network", .completes = "network"},
};
inline constexpr std::string_view network_show_examples[]{"truce network show default"};
inline constexpr Input network_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the network", .completes = "network"},
    {.name = "spoof_filter", .flag = "spoof-filter", .where = Where::body, .kind = Kind::boolean, .help = "Guests send from their own MAC and address only"},
    {.name = "subnet6", .flag = "subnet6", .where = Where::body, .kind = Kind::text, .help = "IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated), or empty for no IPv6", .value = "TEXT"},
};
inline constexpr std::string_view network_set_examples[]{"truce network set lab --spoof-filter=false"};
inline constexpr Input network_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the network", .completes = "network"},
};
inline constexpr std::string_view network_delete_examples[]{"truce network delete lab"};
inline constexpr Input security_group_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view security_group_list_columns[]{"name", "project", "rules", "description"};
inline constexpr std::string_view security_group_list_examples[]{"truce security-group list"};
inline constexpr Input security_group_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among security groups", .value = "TEXT"},
    {.name = "project", .flag = "project", .where = Where::body, .kind = Kind::text, .help = "Whose it is", .default_text = "default", .value = "TEXT"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "rule", .flag = "rule", .where = Where::body, .kind = Kind::list, .help = "ingress or egress, then any, tcp, udp or icmp, then ports (80,8000-8100), then from or to a CIDR or group:NAME", .value = "RULE", .completes = "rule"},
    {.name = "rules_file", .flag = "rules-file", .where = Where::body, .kind = Kind::list, .file = true, .help = "The same from a file, one a line", .value = "FILE"},
};
inline constexpr std::string_view security_group_create_examples[]{"truce security-group create web --rule 'ingress tcp 80,443' --rule 'ingress tcp 22 from 10.0.0.0/8'", "truce security-group create db --rule 'ingress tcp 5432 from group:web'"};
inline constexpr Input security_group_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the security-group", .completes = "security-group"},
};
inline constexpr std::string_view security_group_show_examples[]{"truce security-group show web"};
inline constexpr Input security_group_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the security-group", .completes = "security-group"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "add_rule", .flag = "add-rule", .where = Where::body, .kind = Kind::list, .help = "A rule to add", .value = "TEXT"},
    {.name = "remove_rule", .flag = "remove-rule", .where = Where::body, .kind = Kind::list, .help = "A rule to take out, as truce security-group show writes it", .value = "TEXT"},
    {.name = "rules_file", .flag = "rules-file", .where = Where::body, .kind = Kind::list, .file = true, .help = "Replaces all rules by those of a file, one a line", .value = "FILE"},
};
inline constexpr std::string_view security_group_set_examples[]{"truce security-group set web --add-rule \"ingress icmp\"", "truce security-group set web --rules-file rules.txt"};
inline constexpr Input security_group_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the security-group", .completes = "security-group"},
};
inline constexpr std::string_view security_group_delete_examples[]{"truce security-group delete web"};
inline constexpr Input pool_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "platform", .flag = "platform", .where = Where::query, .kind = Kind::text, .help = "What is on this platform instead of Truce's own; all: what is on any platform, too", .value = "PLATFORM", .completes = "platform"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view pool_list_columns[]{"name", "path", "total", "free", "used", "allocated", "problem"};
inline constexpr std::string_view pool_list_examples[]{"truce pool list"};
inline constexpr Input pool_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among pools", .value = "TEXT"},
    {.name = "source", .flag = "source", .where = Where::body, .kind = Kind::text, .required = true, .help = "A folder of the host, of any file system that is mounted there", .value = "TEXT"},
    {.name = "host", .flag = "host", .where = Where::body, .kind = Kind::text, .help = "The host whose folder it is, or that makes it where it is shared; empty: the manager's own", .value = "HOST", .completes = "host"},
    {.name = "shared", .flag = "shared", .where = Where::body, .kind = Kind::boolean, .help = "The folder is the same on all hosts, such as an NFS mount"},
    {.name = "quota", .flag = "quota", .where = Where::body, .kind = Kind::bytes, .help = "What may be stored in it at most; 0: no limit", .value = "SIZE"},
    {.name = "overcommit_percent", .flag = "overcommit-percent", .where = Where::body, .kind = Kind::integer, .help = "What may be promised to machines, in percent of its size; 0: no limit", .limits = "0 to 100000", .value = "N"},
    {.name = "alarm_percent", .flag = "alarm-percent", .where = Where::body, .kind = Kind::integer, .help = "From this part on that is used it says so, in percent", .default_text = "85", .limits = "1 to 100", .value = "N"},
};
inline constexpr std::string_view pool_create_examples[]{"truce pool create fast --source /srv/nvme", "truce pool create shared --source /mnt/nfs/vms --shared", "truce pool create fast --source /srv/nvme --host node2", "truce pool create small --source /srv/lab --quota 200GiB"};
inline constexpr Input pool_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the pool", .completes = "pool"},
};
inline constexpr std::string_view pool_show_examples[]{"truce pool show default"};
inline constexpr Input pool_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the pool", .completes = "pool"},
    {.name = "quota", .flag = "quota", .where = Where::body, .kind = Kind::bytes, .help = "What may be stored in it at most; 0: no limit", .value = "SIZE"},
    {.name = "overcommit_percent", .flag = "overcommit-percent", .where = Where::body, .kind = Kind::integer, .help = "What may be promised to machines, in percent of its size; 0: no limit", .limits = "0 to 100000", .value = "N"},
    {.name = "alarm_percent", .flag = "alarm-percent", .where = Where::body, .kind = Kind::integer, .help = "From this part on that is used it says so, in percent", .limits = "1 to 100", .value = "N"},
};
inline constexpr std::string_view pool_set_examples[]{"truce pool set small --quota 400GiB", "truce pool set default --alarm-percent 90"};
inline constexpr Input pool_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the pool", .completes = "pool"},
};
inline constexpr std::string_view pool_delete_examples[]{"truce pool delete small"};
inline constexpr std::string_view pool_metrics_range_choices[]{"hour", "day", "week", "month", "year"};
inline constexpr Input pool_metrics_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The pool", .completes = "pool"},
    {.name = "range", .flag = "range", .where = Where::local, .kind = Kind::choice, .help = "How far back (hour)", .value = "hour|day|week|month|year", .choices = pool_metrics_range_choices},
};
inline constexpr std::string_view pool_metrics_examples[]{"truce pool metrics default --range year"};
inline constexpr Input resource_pool_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view resource_pool_list_columns[]{"name", "parent", "cpu_shares", "cpu_limit", "cpu_reservation", "memory_reservation"};
inline constexpr std::string_view resource_pool_list_examples[]{"truce resource-pool list"};
inline constexpr Input resource_pool_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among resource pools", .value = "TEXT"},
    {.name = "parent", .flag = "parent", .where = Where::body, .kind = Kind::text, .help = "The pool that it shall be in (the host itself)", .value = "TEXT"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "cpu_shares", .flag = "cpu-shares", .where = Where::body, .kind = Kind::integer, .help = "Its weight among its siblings where processors are short", .default_text = "100", .limits = "1 to 10000", .value = "N"},
    {.name = "cpu_limit", .flag = "cpu-limit", .where = Where::body, .kind = Kind::integer, .help = "Processor time of all its machines at most, in percent of one processor; 0: no limit", .limits = "0 to 640000", .value = "N"},
    {.name = "cpu_reservation", .flag = "cpu-reservation", .where = Where::body, .kind = Kind::integer, .help = "Processor time that its machines may reserve together, in percent of one processor; 0: as its parent", .limits = "0 to 640000", .value = "N"},
    {.name = "memory_limit", .flag = "memory-limit", .where = Where::body, .kind = Kind::bytes, .help = "Memory of all its running machines at most; 0: no limit", .value = "SIZE"},
    {.name = "memory_reservation", .flag = "memory-reservation", .where = Where::body, .kind = Kind::bytes, .help = "Memory that its machines may reserve together; 0: as its parent", .value = "SIZE"},
};
inline constexpr std::string_view resource_pool_create_examples[]{"truce resource-pool create production --cpu-shares 400", "truce resource-pool create lab --parent default --cpu-limit 200"};
inline constexpr Input resource_pool_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the resource-pool", .completes = "resource-pool"},
};
inline constexpr std::string_view resource_pool_show_examples[]{"truce resource-pool show lab"};
inline constexpr Input resource_pool_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the resource-pool", .completes = "resource-pool"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "cpu_shares", .flag = "cpu-shares", .where = Where::body, .kind = Kind::integer, .help = "Its weight among its siblings where processors are short", .limits = "1 to 10000", .value = "N"},
    {.name = "cpu_limit", .flag = "cpu-limit", .where = Where::body, .kind = Kind::integer, .help = "Processor time of all its machines at most, in percent of one processor; 0: no limit", .limits = "0 to 640000", .value = "N"},
    {.name = "cpu_reservation", .flag = "cpu-reservation", .where = Where::body, .kind = Kind::integer, .help = "Processor time that its machines may reserve together, in percent of one processor; 0: as its parent", .limits = "0 to 640000", .value = "N"},
    {.name = "memory_limit", .flag = "memory-limit", .where = Where::body, .kind = Kind::bytes, .help = "Memory of all its running machines at most; 0: no limit", .value = "SIZE"},
    {.name = "memory_reservation", .flag = "memory-reservation", .where = Where::body, .kind = Kind::bytes, .help = "Memory that its machines may reserve together; 0: as its parent", .value = "SIZE"},
};
inline constexpr std::string_view resource_pool_set_examples[]{"truce resource-pool set lab --cpu-limit 400"};
inline constexpr Input resource_pool_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the resource-pool", .completes = "resource-pool"},
};
inline constexpr std::string_view resource_pool_delete_examples[]{"truce resource-pool delete lab"};
inline constexpr Input conflict_class_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view conflict_class_list_columns[]{"name", "conflicts_with", "description"};
inline constexpr std::string_view conflict_class_list_examples[]{"truce conflict-class list"};
inline constexpr Input conflict_class_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among conflict classes", .value = "TEXT"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "conflicts_with", .flag = "conflicts-with", .where = Where::body, .kind = Kind::list, .help = "A class that may not be on the same host; it may be made later", .value = "TEXT"},
};
inline constexpr std::string_view conflict_class_create_examples[]{"truce conflict-class create bank-a --conflicts-with bank-b"};
inline constexpr Input conflict_class_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the conflict-class", .completes = "conflict-class"},
};
inline constexpr std::string_view conflict_class_show_examples[]{"truce conflict-class show bank-a"};
inline constexpr Input conflict_class_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the conflict-class", .completes = "conflict-class"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "conflicts_with", .flag = "conflicts-with", .where = Where::body, .kind = Kind::list, .help = "Replaces the classes that may not be on the same host", .value = "TEXT"},
};
inline constexpr std::string_view conflict_class_set_examples[]{"truce conflict-class set bank-a --conflicts-with bank-b --conflicts-with bank-c"};
inline constexpr Input conflict_class_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the conflict-class", .completes = "conflict-class"},
};
inline constexpr std::string_view conflict_class_delete_examples[]{"truce conflict-class delete bank-a"};
inline constexpr Input platform_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view platform_list_columns[]{"name", "state", "product", "version", "vms", "hosts", "age_seconds", "problem"};
inline constexpr std::string_view platform_list_examples[]{"truce platform list"};
inline constexpr Input platform_add_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among platforms", .value = "TEXT"},
    {.name = "url", .flag = "address", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Where it is, and who asks: vsphere://USER@HOST:PORT (vCenter or ESXi), libvirt+qemu+ssh://USER@HOST/system (also libvirt+xen, +tls; libvirt+qemu:///system: the host of the manager)", .value = "TEXT"},
    {.name = "password", .flag = "password-file", .where = Where::body, .kind = Kind::text, .required = true, .file = true, .secret = true, .help = "The password of that user; empty where the address needs none: libvirt by ssh, or on this host, from a file or by - from the standard input", .value = "FILE"},
    {.name = "fingerprint", .flag = "fingerprint", .where = Where::body, .kind = Kind::text, .help = "SHA-256 of the certificate that it shows, which is accepted whoever has signed it", .value = "TEXT"},
    {.name = "ca", .flag = "ca", .where = Where::body, .kind = Kind::text, .file = true, .help = "Authorities that may have signed its certificate, PEM, instead of those that the system believes", .value = "FILE"},
};
inline constexpr std::string_view platform_add_examples[]{"truce platform add prod vsphere://truce@vc.example.com", "truce platform add lab vsphere://root@192.0.2.7 --password-file esx.password --fingerprint 5f...e1", "truce platform add kvm1 libvirt+qemu+ssh://root@kvm1.example.com/system", "truce platform add xen1 xen://root@pool-master.example.com", "truce platform add hv1 hyperv://Administrator@hv1.example.com"};
inline constexpr Input platform_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the platform", .completes = "platform"},
};
inline constexpr std::string_view platform_show_examples[]{"truce platform show prod"};
inline constexpr Input platform_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the platform", .completes = "platform"},
    {.name = "url", .flag = "address", .where = Where::body, .kind = Kind::text, .help = "Where it is, and who asks: vsphere://USER@HOST:PORT, libvirt+qemu+ssh://USER@HOST/system", .value = "TEXT"},
    {.name = "password", .flag = "password-file", .where = Where::body, .kind = Kind::text, .file = true, .secret = true, .help = "The password of that user, from a file or by - from the standard input", .value = "FILE"},
    {.name = "fingerprint", .flag = "fingerprint", .where = Where::body, .kind = Kind::text, .help = "SHA-256 of the certificate that is accepted; empty: one that an authority has signed", .value = "TEXT"},
    {.name = "ca", .flag = "ca", .where = Where::body, .kind = Kind::text, .file = true, .help = "Authorities that may have signed its certificate, PEM; empty: those that the system believes", .value = "FILE"},
};
inline constexpr std::string_view platform_set_examples[]{"truce platform set prod --password-file new.password", "truce platform set prod --fingerprint 5f...e1"};
inline constexpr Input platform_remove_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the platform", .completes = "platform"},
};
inline constexpr std::string_view platform_remove_examples[]{"truce platform remove lab"};
inline constexpr Input platform_sync_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the platform", .completes = "platform"},
};
inline constexpr std::string_view platform_sync_examples[]{"truce platform sync prod"};
inline constexpr Input host_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "platform", .flag = "platform", .where = Where::query, .kind = Kind::text, .help = "What is on this platform instead of Truce's own; all: what is on any platform, too", .value = "PLATFORM", .completes = "platform"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view host_list_columns[]{"name", "state", "sleep", "sleep_since", "role", "version", "draining", "accelerator", "cpus", "memory", "hypervisor"};
inline constexpr std::string_view host_list_examples[]{"truce host list"};
inline constexpr Input host_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the host", .completes = "host"},
};
inline constexpr std::string_view host_show_examples[]{"truce host show node1"};
inline constexpr Input host_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the host", .completes = "host"},
    {.name = "label", .flag = "label", .where = Where::body, .kind = Kind::map, .help = "Replaces its labels", .value = "KEY=VALUE"},
    {.name = "fault_domain", .flag = "fault-domain", .where = Where::body, .kind = Kind::text, .help = "What fails together with it, such as a rack", .value = "TEXT"},
    {.name = "power", .flag = "power", .where = Where::body, .kind = Kind::text, .help = "What switches it: wol:MAC[@BROADCAST], redfish://USER@HOST[:PORT][/SYSTEM], ipmi://USER@HOST[:PORT] or none", .value = "TEXT"},
    {.name = "power_password", .flag = "power-password-file", .where = Where::body, .kind = Kind::text, .file = true, .secret = true, .help = "The password of that user; it is kept sealed and never shown, from a file or by - from the standard input", .value = "FILE"},
    {.name = "power_fingerprint", .flag = "power-fingerprint", .where = Where::body, .kind = Kind::text, .help = "SHA-256 of the certificate of its management controller, which is trusted by that alone (redfish)", .value = "TEXT"},
};
inline constexpr std::string_view host_set_examples[]{"truce host set node1 --label rack=r12", "truce host set node1 --power redfish://truce@bmc1.example --power-password-file bmc1.txt", "truce host set node2 --power wol:52:54:00:12:34:56@192.0.2.255"};
inline constexpr Input host_drain_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the host", .completes = "host"},
    {.name = "with_storage", .flag = "with-storage", .where = Where::body, .kind = Kind::boolean, .help = "Disks that other hosts cannot reach are copied"},
    {.name = "parallel", .flag = "parallel", .where = Where::body, .kind = Kind::integer, .help = "How many machines move at once", .default_text = "2", .limits = "1 to 16", .value = "N"},
    {.name = "stop", .flag = "stop", .where = Where::body, .kind = Kind::boolean, .help = "Machines that cannot move while they run are stopped for it"},
};
inline constexpr std::string_view host_drain_examples[]{"truce host drain node1", "truce host drain node1 --with-storage --parallel 4"};
inline constexpr Input host_undrain_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the host", .completes = "host"},
};
inline constexpr std::string_view host_undrain_examples[]{"truce host undrain node1"};
inline constexpr Input host_power_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the host", .completes = "host"},
};
inline constexpr std::string_view host_power_examples[]{"truce host power node1"};
inline constexpr Input host_sleep_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the host", .completes = "host"},
    {.name = "with_storage", .flag = "with-storage", .where = Where::body, .kind = Kind::boolean, .help = "Disks that other hosts cannot reach are copied"},
    {.name = "parallel", .flag = "parallel", .where = Where::body, .kind = Kind::integer, .help = "How many machines move at once", .default_text = "2", .limits = "1 to 16", .value = "N"},
    {.name = "stop", .flag = "stop", .where = Where::body, .kind = Kind::boolean, .help = "Machines that cannot move while they run are stopped for it"},
};
inline constexpr std::string_view host_sleep_examples[]{"truce host sleep node3"};
inline constexpr Input host_wake_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the host", .completes = "host"},
};
inline constexpr std::string_view host_wake_examples[]{"truce host wake node3"};
inline constexpr std::string_view host_metrics_range_choices[]{"hour", "day", "week", "month", "year"};
inline constexpr Input host_metrics_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .help = "The host (the only one, where there is one)", .completes = "host"},
    {.name = "range", .flag = "range", .where = Where::local, .kind = Kind::choice, .help = "How far back (hour)", .value = "hour|day|week|month|year", .choices = host_metrics_range_choices},
};
inline constexpr std::string_view host_metrics_examples[]{"truce host metrics", "truce host metrics node1 --range day"};
inline constexpr Input host_add_inputs[]{
    {.name = "address", .flag = "address", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "Where it is, and as whom: ssh://USER@HOST or ssh://USER@HOST:PORT"},
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .help = "What it is called (the first part of HOST)", .value = "NAME"},
};
inline constexpr std::string_view host_add_examples[]{"truce host add ssh://root@old.example.com", "truce host add ssh://root@192.0.2.9 --name old"};
inline constexpr Input host_check_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .help = "The host (the only one, where there is one)", .completes = "host"},
};
inline constexpr std::string_view host_check_examples[]{"truce host check", "truce host check node1 --format json"};
inline constexpr Input cluster_remove_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the cluster", .completes = "cluster"},
    {.name = "force", .flag = "force", .where = Where::query, .kind = Kind::boolean, .help = "Also when machines are still placed on it: they are lost, or run elsewhere"},
};
inline constexpr std::string_view cluster_remove_examples[]{"truce cluster remove node3"};
inline constexpr std::string_view cluster_status_examples[]{"truce cluster status"};
inline constexpr std::string_view cluster_init_store_choices[]{"sqlite", "etcd"};
inline constexpr Input cluster_init_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Of the cluster", .value = "TEXT"},
    {.name = "address", .flag = "address", .where = Where::body, .kind = Kind::text, .help = "Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what its default route goes out from", .value = "TEXT"},
    {.name = "cpu_baseline", .flag = "cpu-baseline", .where = Where::body, .kind = Kind::text, .help = "Processor model that machines get, unless they say otherwise", .value = "TEXT"},
    {.name = "store", .flag = "store", .where = Where::body, .kind = Kind::choice, .help = "Where its state will be: with sqlite this host is its only manager", .default_text = "etcd", .value = "sqlite|etcd", .choices = cluster_init_store_choices},
    {.name = "etcd", .flag = "etcd", .where = Where::body, .kind = Kind::list, .help = "Addresses of an etcd of one's own, https://HOST:PORT; none: truced runs its own", .value = "TEXT"},
    {.name = "etcd_ca", .flag = "etcd-ca", .where = Where::body, .kind = Kind::text, .file = true, .help = "Certificates that the certificates of that etcd are signed by, PEM; none: those that this host's system believes", .value = "FILE"},
    {.name = "etcd_certificate", .flag = "etcd-certificate", .where = Where::body, .kind = Kind::text, .file = true, .help = "What the managers show to that etcd, PEM", .value = "FILE"},
    {.name = "etcd_key", .flag = "etcd-key", .where = Where::body, .kind = Kind::text, .file = true, .help = "Its key, PEM, without a passphrase", .value = "FILE"},
    {.name = "etcd_user", .flag = "etcd-user", .where = Where::body, .kind = Kind::text, .help = "Who signs in at that etcd; empty: nobody", .value = "TEXT"},
    {.name = "etcd_password", .flag = "etcd-password-file", .where = Where::body, .kind = Kind::text, .file = true, .secret = true, .help = "The password of that user, from a file or by - from the standard input", .value = "FILE"},
    {.name = "etcd_prefix", .flag = "etcd-prefix", .where = Where::body, .kind = Kind::text, .help = "What the keys of this cluster begin with in that etcd, /a/name/; empty: /truce/NAME/", .value = "TEXT"},
    {.name = "etcd_client_port", .flag = "etcd-client-port", .where = Where::body, .kind = Kind::integer, .help = "Where the managers' own etcd is reached by them", .default_text = "2379", .limits = "1 to 65535", .value = "N"},
    {.name = "etcd_peer_port", .flag = "etcd-peer-port", .where = Where::body, .kind = Kind::integer, .help = "And by its other members", .default_text = "2380", .limits = "1 to 65535", .value = "N"},
};
inline constexpr std::string_view cluster_init_examples[]{"truce cluster init estate --address 192.0.2.1", "truce cluster init estate --etcd https://192.0.2.7:2379,https://192.0.2.8:2379 --etcd-ca ca.pem --etcd-certificate truce.pem --etcd-key truce.key"};
inline constexpr std::string_view cluster_set_balance_choices[]{"off", "propose", "automatic"};
inline constexpr std::string_view cluster_set_power_saving_choices[]{"off", "advise", "automatic"};
inline constexpr Input cluster_set_inputs[]{
    {.name = "availability", .flag = "availability", .where = Where::body, .kind = Kind::boolean, .help = "Machines of a host that dies or is cut off are started on others; from their next start on"},
    {.name = "cpu_baseline", .flag = "cpu-baseline", .where = Where::body, .kind = Kind::text, .help = "Processor model that machines get, unless they say otherwise; empty: each host's own", .value = "TEXT"},
    {.name = "balance", .flag = "balance", .where = Where::body, .kind = Kind::choice, .help = "What is done by itself when the load is uneven", .value = "off|propose|automatic", .choices = cluster_set_balance_choices},
    {.name = "balance_minutes", .flag = "balance-minutes", .where = Where::body, .kind = Kind::integer, .help = "So often the load is looked at", .limits = "1 to 1440", .value = "N"},
    {.name = "power_saving", .flag = "power-saving", .where = Where::body, .kind = Kind::choice, .help = "What is done by itself where hosts are not needed", .value = "off|advise|automatic", .choices = cluster_set_power_saving_choices},
    {.name = "stay_awake", .flag = "stay-awake", .where = Where::body, .kind = Kind::integer, .help = "So many hosts are never asleep", .limits = "0 to 10000", .value = "N"},
    {.name = "spare_hosts", .flag = "spare-hosts", .where = Where::body, .kind = Kind::integer, .help = "So many of those that are awake may fail and machines still find room", .limits = "0 to 1000", .value = "N"},
    {.name = "sleep_below", .flag = "sleep-below", .where = Where::body, .kind = Kind::integer, .help = "A host sleeps where the others would be used to no more, in percent", .limits = "1 to 90", .value = "N"},
    {.name = "wake_above", .flag = "wake-above", .where = Where::body, .kind = Kind::integer, .help = "One is woken where those that are awake are used to more, in percent; at least ten above sleep_below", .limits = "11 to 100", .value = "N"},
    {.name = "rest_minutes", .flag = "rest-minutes", .where = Where::body, .kind = Kind::integer, .help = "A host that has woken stays so for this long", .limits = "0 to 10080", .value = "N"},
};
inline constexpr std::string_view cluster_set_examples[]{"truce cluster set --availability"};
inline constexpr Input cluster_tokens_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view cluster_tokens_columns[]{"name", "host", "role", "expires"};
inline constexpr std::string_view cluster_tokens_examples[]{"truce cluster tokens"};
inline constexpr std::string_view cluster_token_role_choices[]{"manager", "node"};
inline constexpr Input cluster_token_inputs[]{
    {.name = "host", .flag = "host", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Its name in the cluster", .value = "HOST", .completes = "host"},
    {.name = "role", .flag = "role", .where = Where::body, .kind = Kind::choice, .help = "What it will be", .default_text = "node", .value = "manager|node", .choices = cluster_token_role_choices},
    {.name = "hours", .flag = "hours", .where = Where::body, .kind = Kind::integer, .help = "How long it may be used", .default_text = "24", .limits = "1 to 720", .value = "N"},
};
inline constexpr std::string_view cluster_token_examples[]{"truce cluster token node2", "truce cluster token node2 --role manager"};
inline constexpr Input cluster_revoke_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the cluster", .completes = "cluster"},
};
inline constexpr std::string_view cluster_revoke_examples[]{"truce cluster revoke node2"};
inline constexpr std::string_view cluster_rotate_ca_examples[]{"truce cluster rotate-ca", "truce cluster status"};
inline constexpr Input cluster_join_inputs[]{
    {.name = "token", .flag = "token-file", .where = Where::body, .kind = Kind::text, .required = true, .file = true, .secret = true, .help = "What truce cluster token printed, from a file or by - from the standard input", .value = "FILE", .completes = "token"},
    {.name = "address", .flag = "address", .where = Where::body, .kind = Kind::text, .help = "Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what the route to the manager goes out from", .value = "TEXT"},
};
inline constexpr std::string_view cluster_join_examples[]{"truce cluster join --token-file token", "truce cluster join --address 192.0.2.2"};
inline constexpr std::string_view cluster_leave_examples[]{"truce cluster leave"};
inline constexpr Input rule_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view rule_list_columns[]{"name", "kind", "must", "vms", "hosts", "problem"};
inline constexpr std::string_view rule_list_examples[]{"truce rule list"};
inline constexpr std::string_view rule_create_kind_choices[]{"together", "apart", "on-hosts", "not-on-hosts"};
inline constexpr Input rule_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among rules", .value = "TEXT"},
    {.name = "kind", .flag = "kind", .where = Where::body, .kind = Kind::choice, .word = true, .required = true, .help = "What it says", .value = "together|apart|on-hosts|not-on-hosts", .choices = rule_create_kind_choices},
    {.name = "must", .flag = "must", .where = Where::body, .kind = Kind::boolean, .help = "Nothing is placed against it; otherwise it is only preferred"},
    {.name = "vm", .flag = "vm", .where = Where::body, .kind = Kind::list, .help = "A machine that it is about", .value = "VM", .completes = "vm"},
    {.name = "vm_label", .flag = "vm-label", .where = Where::body, .kind = Kind::text, .help = "Also all machines with this label, KEY=VALUE", .value = "TEXT"},
    {.name = "host", .flag = "host", .where = Where::body, .kind = Kind::list, .help = "A host that it is about", .value = "HOST", .completes = "host"},
    {.name = "host_label", .flag = "host-label", .where = Where::body, .kind = Kind::text, .help = "Also all hosts with this label, KEY=VALUE", .value = "TEXT"},
    {.name = "by_fault_domain", .flag = "by-fault-domain", .where = Where::body, .kind = Kind::boolean, .help = "together and apart count fault domains instead of hosts"},
};
inline constexpr std::string_view rule_create_examples[]{"truce rule create dc apart --vm dc1 --vm dc2 --must", "truce rule create licensed on-hosts --vm db1 --host node1 --host node2"};
inline constexpr Input rule_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the rule", .completes = "rule"},
};
inline constexpr std::string_view rule_show_examples[]{"truce rule show dc"};
inline constexpr Input rule_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the rule", .completes = "rule"},
};
inline constexpr std::string_view rule_delete_examples[]{"truce rule delete dc"};
inline constexpr Input plan_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view plan_list_columns[]{"name", "kind", "state", "score_before", "score_after", "created"};
inline constexpr std::string_view plan_list_examples[]{"truce plan list"};
inline constexpr std::string_view plan_create_kind_choices[]{"balance", "evacuate", "consolidate"};
inline constexpr Input plan_create_inputs[]{
    {.name = "kind", .flag = "kind", .where = Where::body, .kind = Kind::choice, .word = true, .required = true, .help = "What for", .value = "balance|evacuate|consolidate", .choices = plan_create_kind_choices},
    {.name = "host", .flag = "host", .where = Where::body, .kind = Kind::text, .help = "The host to empty, for evacuate; for balance, the only host that machines leave", .value = "HOST", .completes = "host"},
    {.name = "moves", .flag = "moves", .where = Where::body, .kind = Kind::integer, .help = "How many moves at most", .default_text = "50", .limits = "1 to 10000", .value = "N"},
    {.name = "apply", .flag = "apply", .where = Where::body, .kind = Kind::boolean, .help = "Carry it out at once"},
};
inline constexpr std::string_view plan_create_examples[]{"truce plan create balance", "truce plan create evacuate --host node1 --apply"};
inline constexpr Input plan_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the plan", .completes = "plan"},
};
inline constexpr std::string_view plan_show_examples[]{"truce plan show p-000000000001"};
inline constexpr Input plan_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the plan", .completes = "plan"},
};
inline constexpr std::string_view plan_delete_examples[]{"truce plan delete p-000000000001"};
inline constexpr Input plan_estate_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the plan", .completes = "plan"},
};
inline constexpr std::string_view plan_estate_examples[]{"truce plan estate p-000000000001 --format json > estate.json"};
inline constexpr Input plan_apply_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the plan", .completes = "plan"},
};
inline constexpr std::string_view plan_apply_examples[]{"truce plan apply p-000000000001"};
inline constexpr Input plan_check_inputs[]{
    {.name = "plan", .flag = "plan", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The plan, as truce plan show NAME --format json writes it"},
    {.name = "estate", .flag = "estate", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "What it was made from, as truce plan estate NAME --format json writes it"},
};
inline constexpr std::string_view plan_check_examples[]{"truce plan check plan.json estate.json"};
inline constexpr std::string_view task_list_state_choices[]{"queued", "running", "succeeded", "failed", "cancelled"};
inline constexpr Input task_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "state", .flag = "state", .where = Where::query, .kind = Kind::choice, .help = "Only tasks in this state", .value = "queued|running|succeeded|failed|cancelled", .choices = task_list_state_choices},
    {.name = "target", .flag = "target", .where = Where::query, .kind = Kind::text, .help = "Only tasks of this object, such as vms/web01", .value = "TEXT"},
    {.name = "newest", .flag = "newest", .where = Where::query, .kind = Kind::boolean, .help = "The newest first; `after` then begins before that name"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view task_list_columns[]{"name", "kind", "target", "state", "progress", "step", "created"};
inline constexpr std::string_view task_list_examples[]{"truce task list"};
inline constexpr Input task_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the task", .completes = "task"},
};
inline constexpr std::string_view task_show_examples[]{"truce task show t-000000012"};
inline constexpr Input task_cancel_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the task", .completes = "task"},
};
inline constexpr std::string_view task_cancel_examples[]{"truce task cancel t-000000012"};
inline constexpr Input task_screenshot_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The task of the move", .completes = "task"},
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "File to write; - is standard output"},
};
inline constexpr std::string_view task_screenshot_examples[]{"truce task screenshot t-000000012 web01.png"};
inline constexpr Input task_wait_inputs[]{
    {.name = "name", .flag = "name", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The task", .completes = "task"},
};
inline constexpr std::string_view task_wait_examples[]{"truce task wait t-000000012"};
inline constexpr Input event_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "target", .flag = "target", .where = Where::query, .kind = Kind::text, .help = "Only events of this object, such as vms/web01", .value = "TEXT"},
    {.name = "newest", .flag = "newest", .where = Where::query, .kind = Kind::boolean, .help = "The newest first; `after` then begins before that name"},
    {.name = "watch", .flag = "watch", .alias = "follow", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view event_list_columns[]{"time", "kind", "target", "user", "message"};
inline constexpr std::string_view event_list_examples[]{"truce event list", "truce event list --target vms/web01"};
inline constexpr Input token_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view token_list_columns[]{"name", "kind", "role", "projects", "created", "expires"};
inline constexpr std::string_view token_list_examples[]{"truce token list"};
inline constexpr std::string_view token_create_role_choices[]{"admin", "operator", "viewer"};
inline constexpr Input token_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Who will hold it", .value = "TEXT"},
    {.name = "role", .flag = "role", .where = Where::body, .kind = Kind::choice, .help = "admin, operator or viewer", .default_text = "viewer", .value = "admin|operator|viewer", .choices = token_create_role_choices},
    {.name = "projects", .flag = "projects", .where = Where::body, .kind = Kind::list, .help = "Only in these projects; empty: in all", .value = "TEXT"},
    {.name = "certificate", .flag = "certificate", .where = Where::body, .kind = Kind::text, .file = true, .help = "PEM of a client certificate to let in (instead of a token)", .value = "FILE"},
    {.name = "expires", .flag = "expires", .where = Where::body, .kind = Kind::time, .help = "When it ends by itself", .value = "TIME"},
};
inline constexpr std::string_view token_create_examples[]{"truce token create ci --role operator", "truce token create eva --role viewer --projects shop"};
inline constexpr Input token_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the token", .completes = "token"},
};
inline constexpr std::string_view token_delete_examples[]{"truce token delete ci"};
inline constexpr Input user_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view user_list_columns[]{"name", "role", "projects", "totp", "disabled", "created"};
inline constexpr std::string_view user_list_examples[]{"truce user list"};
inline constexpr std::string_view user_create_role_choices[]{"admin", "operator", "viewer"};
inline constexpr Input user_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among users", .value = "TEXT"},
    {.name = "role", .flag = "role", .where = Where::body, .kind = Kind::choice, .help = "admin, operator or viewer", .default_text = "viewer", .value = "admin|operator|viewer", .choices = user_create_role_choices},
    {.name = "projects", .flag = "projects", .where = Where::body, .kind = Kind::list, .help = "Only in these projects; empty: in all", .value = "TEXT"},
    {.name = "password", .flag = "password-file", .where = Where::body, .kind = Kind::text, .required = true, .file = true, .secret = true, .help = "12 characters at least, from a file or by - from the standard input", .value = "FILE"},
};
inline constexpr std::string_view user_create_examples[]{"truce user create eva --role operator"};
inline constexpr Input user_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the user", .completes = "user"},
};
inline constexpr std::string_view user_show_examples[]{"truce user show eva"};
inline constexpr std::string_view user_set_role_choices[]{"admin", "operator", "viewer"};
inline constexpr Input user_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the user", .completes = "user"},
    {.name = "role", .flag = "role", .where = Where::body, .kind = Kind::choice, .help = "admin, operator or viewer", .value = "admin|operator|viewer", .choices = user_set_role_choices},
    {.name = "projects", .flag = "projects", .where = Where::body, .kind = Kind::list, .help = "Only in these projects; empty: in all", .value = "TEXT"},
    {.name = "password", .flag = "password-file", .where = Where::body, .kind = Kind::text, .file = true, .secret = true, .help = "12 characters at least, from a file or by - from the standard input", .value = "FILE"},
    {.name = "disabled", .flag = "disabled", .where = Where::body, .kind = Kind::boolean, .help = "May not sign in"},
    {.name = "totp", .flag = "totp", .where = Where::body, .kind = Kind::boolean, .help = "false: the second factor is forgotten (for one who has lost it)"},
};
inline constexpr std::string_view user_set_examples[]{"truce user set eva --role viewer", "truce user set eva --totp=false"};
inline constexpr Input user_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the user", .completes = "user"},
};
inline constexpr std::string_view user_delete_examples[]{"truce user delete eva"};
inline constexpr Input session_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view session_list_columns[]{"name", "user", "address", "agent", "created", "expires"};
inline constexpr std::string_view session_list_examples[]{"truce session list"};
inline constexpr Input session_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the session", .completes = "session"},
};
inline constexpr std::string_view session_delete_examples[]{"truce session delete 0f3c5a7e9b2d4c68"};
inline constexpr Input alarm_list_inputs[]{
    {.name = "limit", .flag = "limit", .where = Where::query, .kind = Kind::integer, .help = "At most so many items", .limits = "1 to 1000", .value = "N"},
    {.name = "after", .flag = "after", .where = Where::query, .kind = Kind::text, .help = "Begin after this name (the `next` of the page before)", .value = "TEXT"},
    {.name = "watch", .flag = "watch", .where = Where::local, .kind = Kind::boolean, .help = "Go on with what changes, until Ctrl-C"},
};
inline constexpr std::string_view alarm_list_columns[]{"name", "severity", "subject", "metric", "above", "below", "state", "raised_count"};
inline constexpr std::string_view alarm_list_examples[]{"truce alarm list"};
inline constexpr std::string_view alarm_create_subject_choices[]{"vm", "host", "pool"};
inline constexpr std::string_view alarm_create_severity_choices[]{"warning", "critical"};
inline constexpr Input alarm_create_inputs[]{
    {.name = "name", .flag = "name", .where = Where::body, .kind = Kind::text, .word = true, .required = true, .help = "Unique among alarms", .value = "TEXT"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "subject", .flag = "subject", .where = Where::body, .kind = Kind::choice, .required = true, .help = "vm, host or pool", .value = "vm|host|pool", .choices = alarm_create_subject_choices},
    {.name = "severity", .flag = "severity", .where = Where::body, .kind = Kind::choice, .help = "warning or critical", .default_text = "warning", .value = "warning|critical", .choices = alarm_create_severity_choices},
    {.name = "metric", .flag = "metric", .where = Where::body, .kind = Kind::text, .help = "Quantity of a threshold, such as cpu, memory, used", .value = "TEXT"},
    {.name = "above", .flag = "above", .where = Where::body, .kind = Kind::number, .help = "Raised while the quantity is above this", .value = "N"},
    {.name = "below", .flag = "below", .where = Where::body, .kind = Kind::number, .help = "Raised while the quantity is below this", .value = "N"},
    {.name = "state", .flag = "state", .where = Where::body, .kind = Kind::text, .help = "Raised while the subject is in this state: of a vm off, running, unknown …; of a host online or offline; problem: while something is wrong with it", .value = "TEXT"},
    {.name = "for_seconds", .flag = "for-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long it must hold before it is raised", .default_text = "60", .limits = "0 to 86400", .value = "N"},
    {.name = "label", .flag = "label", .where = Where::body, .kind = Kind::text, .help = "Only machines with this label (key=value)", .value = "TEXT"},
    {.name = "project", .flag = "project", .where = Where::body, .kind = Kind::text, .help = "Only machines of this project; empty: all", .value = "TEXT"},
    {.name = "webhook", .flag = "webhook", .where = Where::body, .kind = Kind::list, .help = "URL to post a JSON document to", .value = "TEXT"},
    {.name = "mail", .flag = "mail", .where = Where::body, .kind = Kind::list, .help = "Who gets a mail", .value = "TEXT"},
};
inline constexpr std::string_view alarm_create_examples[]{"truce alarm create busy --subject vm --metric cpu --above 90 --for-seconds 300 --mail ops@example.com", "truce alarm create gone --subject host --state offline --severity critical --webhook https://chat.example.com/hook"};
inline constexpr Input alarm_show_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the alarm", .completes = "alarm"},
};
inline constexpr std::string_view alarm_show_examples[]{"truce alarm show busy"};
inline constexpr std::string_view alarm_set_severity_choices[]{"warning", "critical"};
inline constexpr Input alarm_set_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the alarm", .completes = "alarm"},
    {.name = "description", .flag = "description", .where = Where::body, .kind = Kind::text, .help = "Free text", .value = "TEXT"},
    {.name = "severity", .flag = "severity", .where = Where::body, .kind = Kind::choice, .help = "warning or critical", .value = "warning|critical", .choices = alarm_set_severity_choices},
    {.name = "above", .flag = "above", .where = Where::body, .kind = Kind::number, .help = "Raised while the quantity is above this; takes the place of below", .value = "N"},
    {.name = "below", .flag = "below", .where = Where::body, .kind = Kind::number, .help = "Raised while the quantity is below this; takes the place of above", .value = "N"},
    {.name = "for_seconds", .flag = "for-seconds", .where = Where::body, .kind = Kind::integer, .help = "How long it must hold before it is raised", .limits = "0 to 86400", .value = "N"},
    {.name = "webhook", .flag = "webhook", .where = Where::body, .kind = Kind::list, .help = "URL to post a JSON document to, of those that are there also as they are shown (one empty text stands for none)", .value = "TEXT"},
    {.name = "mail", .flag = "mail", .where = Where::body, .kind = Kind::list, .help = "Who gets a mail (one empty text stands for none)", .value = "TEXT"},
    {.name = "disabled", .flag = "disabled", .where = Where::body, .kind = Kind::boolean, .help = "Nothing is looked at"},
};
inline constexpr std::string_view alarm_set_examples[]{"truce alarm set busy --above 95"};
inline constexpr Input alarm_delete_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the alarm", .completes = "alarm"},
};
inline constexpr std::string_view alarm_delete_examples[]{"truce alarm delete busy"};
inline constexpr Input alarm_test_inputs[]{
    {.name = "name", .flag = "name", .where = Where::path, .kind = Kind::text, .word = true, .required = true, .help = "Name of the alarm", .completes = "alarm"},
};
inline constexpr std::string_view alarm_test_examples[]{"truce alarm test busy"};
inline constexpr std::string_view server_show_examples[]{"truce server show"};
inline constexpr std::string_view server_reload_examples[]{"truce server reload"};
inline constexpr Input server_backup_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "File to write"},
};
inline constexpr std::string_view server_backup_examples[]{"truce server backup /srv/backup/truce.db"};
inline constexpr Input support_bundle_inputs[]{
    {.name = "output", .flag = "output", .alias = "o", .where = Where::local, .kind = Kind::text, .help = "File to write (truce-support.tar.zst)", .value = "FILE"},
};
inline constexpr std::string_view support_bundle_examples[]{"truce support bundle -o fault.tar.zst"};
inline constexpr Input image_info_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image: a file, a device, nbd://HOST/NAME, https://HOST/PATH"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "ca", .flag = "ca", .where = Where::local, .kind = Kind::text, .help = "Authorities (PEM) that https:// and nbds:// servers are believed by, instead of the system's", .value = "FILE"},
    {.name = "header-file", .flag = "header-file", .where = Where::local, .kind = Kind::text, .help = "Lines sent to http servers, such as Authorization: Bearer ...", .value = "FILE"},
};
inline constexpr std::string_view image_info_examples[]{"truce image info disk.vmdk", "truce image info disk.vhd --format json", "truce image info https://images.example/disk.qcow2"};
inline constexpr Input image_map_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "snapshot", .flag = "snapshot", .where = Where::local, .kind = Kind::text, .help = "Read the disk as this snapshot inside the image holds it", .value = "NAME"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the image refers to, if they are in FOLDER or below", .value = "FOLDER"},
    {.name = "ca", .flag = "ca", .where = Where::local, .kind = Kind::text, .help = "Authorities (PEM) that https:// and nbds:// servers are believed by, instead of the system's", .value = "FILE"},
    {.name = "header-file", .flag = "header-file", .where = Where::local, .kind = Kind::text, .help = "Lines sent to http servers, such as Authorization: Bearer ...", .value = "FILE"},
};
inline constexpr std::string_view image_map_examples[]{"truce image map disk.qcow2", "truce image map disk.qcow2 --format csv"};
inline constexpr Input image_check_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "repair", .flag = "repair", .where = Where::local, .kind = Kind::boolean, .help = "Mend what can be mended without a loss, in place"},
    {.name = "drop-damaged", .flag = "drop-damaged", .where = Where::local, .kind = Kind::boolean, .help = "With --repair: parts of the disk whose place cannot be right become zeros (qcow2)"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the image refers to, if they are in FOLDER or below", .value = "FOLDER"},
    {.name = "ca", .flag = "ca", .where = Where::local, .kind = Kind::text, .help = "Authorities (PEM) that https:// and nbds:// servers are believed by, instead of the system's", .value = "FILE"},
    {.name = "header-file", .flag = "header-file", .where = Where::local, .kind = Kind::text, .help = "Lines sent to http servers, such as Authorization: Bearer ...", .value = "FILE"},
};
inline constexpr std::string_view image_check_examples[]{"truce image check disk.vhdx", "truce image check --repair disk.qcow2"};
inline constexpr Input image_compare_inputs[]{
    {.name = "first", .flag = "first", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "An image"},
    {.name = "second", .flag = "second", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "Another"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Format of the first", .value = "FORMAT"},
    {.name = "snapshot", .flag = "snapshot", .where = Where::local, .kind = Kind::text, .help = "Read the disk as this snapshot inside the first image holds it", .value = "NAME"},
    {.name = "second-format", .flag = "second-format", .alias = "F", .where = Where::local, .kind = Kind::text, .help = "Format of the second", .value = "FORMAT"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the images refer to, if they are in FOLDER or below", .value = "FOLDER"},
    {.name = "ca", .flag = "ca", .where = Where::local, .kind = Kind::text, .help = "Authorities (PEM) that https:// and nbds:// servers are believed by, instead of the system's", .value = "FILE"},
    {.name = "header-file", .flag = "header-file", .where = Where::local, .kind = Kind::text, .help = "Lines sent to http servers, such as Authorization: Bearer ...", .value = "FILE"},
};
inline constexpr std::string_view image_compare_examples[]{"truce image compare disk.vmdk disk.vhdx"};
inline constexpr Input image_convert_inputs[]{
    {.name = "source", .flag = "source", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image to read: a file, a device, nbd://HOST/NAME, https://HOST/PATH, - for the standard input"},
    {.name = "target", .flag = "target", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The new image: a file, a device, nbd://HOST/NAME (raw), - for the standard output"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Format of the source, instead of what its content says", .value = "FORMAT"},
    {.name = "source-size", .flag = "source-size", .where = Where::local, .kind = Kind::text, .help = "Of a raw disk that comes through a pipe, which must be exactly so long", .value = "SIZE"},
    {.name = "snapshot", .flag = "snapshot", .where = Where::local, .kind = Kind::text, .help = "Read the disk as this snapshot inside the source holds it", .value = "NAME"},
    {.name = "bitmaps", .flag = "bitmaps", .where = Where::local, .kind = Kind::boolean, .help = "Take persistent bitmaps over, too (qcow2 to qcow2)"},
    {.name = "target-format", .flag = "target-format", .alias = "O", .where = Where::local, .kind = Kind::text, .help = "Format of the target (raw)", .value = "FORMAT"},
    {.name = "option", .flag = "option", .alias = "o", .where = Where::local, .kind = Kind::map, .help = "A choice that the target format offers: see truce image formats", .value = "KEY=VALUE"},
    {.name = "compress", .flag = "compress", .where = Where::local, .kind = Kind::boolean, .help = "Compress (qcow2 and vmdk)"},
    {.name = "in-place", .flag = "in-place", .where = Where::local, .kind = Kind::boolean, .help = "Move nothing: the source becomes the target, in the same folder (raw, fixed vhd, flat vmdk, qcow2 with a data file)"},
    {.name = "hard-links", .flag = "hard-links", .where = Where::local, .kind = Kind::boolean, .help = "With --in-place: also a file that has other names, which change with it"},
    {.name = "resume", .flag = "resume", .where = Where::local, .kind = Kind::boolean, .help = "Go on where an interrupted one was, and keep what is needed for that"},
    {.name = "copy", .flag = "copy", .where = Where::local, .kind = Kind::boolean, .help = "Share nothing and leave out what is zero, though it is slower"},
    {.name = "replace", .flag = "replace", .where = Where::local, .kind = Kind::boolean, .help = "Write over a file that is there"},
    {.name = "no-sync", .flag = "no-sync", .where = Where::local, .kind = Kind::boolean, .help = "Do not wait until the target is safe from a loss of power"},
    {.name = "strict", .flag = "strict", .where = Where::local, .kind = Kind::boolean, .help = "Refuse when something of the source would be lost (snapshots, bitmaps, sector size, geometry), or its tables are damaged"},
    {.name = "threads", .flag = "threads", .where = Where::local, .kind = Kind::integer, .help = "At most N at once, 1 to 16 (as many as there are processors)", .value = "N"},
    {.name = "backing", .flag = "backing", .where = Where::local, .kind = Kind::text, .help = "Write only what differs from PARENT, on which the target will stand", .value = "PARENT"},
    {.name = "backing-format", .flag = "backing-format", .where = Where::local, .kind = Kind::text, .help = "Format of PARENT, instead of what its content says", .value = "FORMAT"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the source refers to, if they are in FOLDER or below", .value = "FOLDER"},
    {.name = "ca", .flag = "ca", .where = Where::local, .kind = Kind::text, .help = "Authorities (PEM) that https:// and nbds:// servers are believed by, instead of the system's", .value = "FILE"},
    {.name = "header-file", .flag = "header-file", .where = Where::local, .kind = Kind::text, .help = "Lines sent to http servers, such as Authorization: Bearer ...", .value = "FILE"},
};
inline constexpr std::string_view image_convert_examples[]{"truce image convert disk.vmdk disk.vhdx -O vhdx", "truce image convert -O qcow2 --compress disk.raw disk.qcow2", "truce image convert -O vhd -o subformat=fixed -o azure=on disk.qcow2 disk.vhd", "truce image convert --in-place -O vhd disk.raw disk.vhd", "truce image convert --resume -O qcow2 disk.vmdk disk.qcow2", "truce image convert -O qcow2 nbd://host/disk disk.qcow2", "truce image convert https://images.example/disk.qcow2 disk.raw", "truce image convert -O vmdk --compress disk.qcow2 - | ssh host truce image convert - disk.raw"};
inline constexpr Input image_recover_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image, by its old or its new name"},
};
inline constexpr std::string_view image_recover_examples[]{"truce image recover disk.raw"};
inline constexpr Input image_create_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The new image"},
    {.name = "size", .flag = "size", .where = Where::local, .kind = Kind::text, .word = true, .help = "Size of the disk: 20GiB (that of the parent)"},
    {.name = "target-format", .flag = "target-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format (raw)", .value = "FORMAT"},
    {.name = "option", .flag = "option", .alias = "o", .where = Where::local, .kind = Kind::map, .help = "A choice that the format offers: see truce image formats", .value = "KEY=VALUE"},
    {.name = "backing", .flag = "backing", .where = Where::local, .kind = Kind::text, .help = "The image that the new one stands on", .value = "PARENT"},
    {.name = "backing-format", .flag = "backing-format", .where = Where::local, .kind = Kind::text, .help = "Format of PARENT, instead of what its content says", .value = "FORMAT"},
    {.name = "replace", .flag = "replace", .where = Where::local, .kind = Kind::boolean, .help = "Write over a file that is there"},
};
inline constexpr std::string_view image_create_examples[]{"truce image create -f qcow2 disk.qcow2 20GiB", "truce image create -f qcow2 --backing base.qcow2 web01.qcow2", "truce image create -f vhdx -o subformat=fixed disk.vhdx 1TiB"};
inline constexpr Input image_resize_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "size", .flag = "size", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "New size of the disk: 40GiB"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "shrink", .flag = "shrink", .where = Where::local, .kind = Kind::boolean, .help = "Allow a smaller size; what lies beyond it is lost"},
    {.name = "force", .flag = "force", .where = Where::local, .kind = Kind::boolean, .help = "With --shrink: cut partitions and file systems off, too"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the image consists of, if they are in FOLDER or below", .value = "FOLDER"},
};
inline constexpr std::string_view image_resize_examples[]{"truce image resize disk.qcow2 40GiB"};
inline constexpr Input image_rebase_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "backing", .flag = "backing", .alias = "b", .where = Where::local, .kind = Kind::text, .help = "The new parent", .value = "PARENT"},
    {.name = "backing-format", .flag = "backing-format", .where = Where::local, .kind = Kind::text, .help = "Format of PARENT, instead of what its content says", .value = "FORMAT"},
    {.name = "none", .flag = "none", .where = Where::local, .kind = Kind::boolean, .help = "Copy all that the parent has, and stand alone"},
    {.name = "unsafe", .flag = "unsafe", .where = Where::local, .kind = Kind::boolean, .help = "Change the name only"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the images refer to, if they are in FOLDER or below", .value = "FOLDER"},
};
inline constexpr std::string_view image_rebase_examples[]{"truce image rebase -b new.qcow2 --allow-external . web01.qcow2", "truce image rebase --none --allow-external . web01.vhdx"};
inline constexpr Input image_commit_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "keep", .flag = "keep", .where = Where::local, .kind = Kind::boolean, .help = "Leave the image as it is"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the image refers to, if they are in FOLDER or below; its parent there is written to", .value = "FOLDER"},
};
inline constexpr std::string_view image_commit_examples[]{"truce image commit --allow-external . web01.qcow2"};
inline constexpr Input image_measure_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .help = "The image to convert"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "target-format", .flag = "target-format", .alias = "O", .where = Where::local, .kind = Kind::text, .help = "Format of the target (raw)", .value = "FORMAT"},
    {.name = "option", .flag = "option", .alias = "o", .where = Where::local, .kind = Kind::map, .help = "A choice that the target format offers: see truce image formats", .value = "KEY=VALUE"},
    {.name = "compress", .flag = "compress", .where = Where::local, .kind = Kind::boolean, .help = "Compress (qcow2 and vmdk)"},
    {.name = "size", .flag = "size", .where = Where::local, .kind = Kind::text, .help = "Of an empty disk of SIZE, instead of an image", .value = "SIZE"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the image refers to, if they are in FOLDER or below", .value = "FOLDER"},
};
inline constexpr std::string_view image_measure_examples[]{"truce image measure -O vhdx disk.qcow2", "truce image measure -O qcow2 --size 20GiB"};
inline constexpr Input image_snapshot_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "create", .flag = "create", .where = Where::local, .kind = Kind::text, .help = "Keep the disk as it is under this name", .value = "NAME"},
    {.name = "apply", .flag = "apply", .where = Where::local, .kind = Kind::text, .help = "Make the disk what it was; what it is now is lost", .value = "NAME"},
    {.name = "delete", .flag = "delete", .where = Where::local, .kind = Kind::text, .help = "Give this snapshot up", .value = "NAME"},
};
inline constexpr std::string_view image_snapshot_examples[]{"truce image snapshot disk.qcow2", "truce image snapshot disk.qcow2 --create before-upgrade"};
inline constexpr Input image_serve_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The image"},
    {.name = "source-format", .flag = "source-format", .alias = "f", .where = Where::local, .kind = Kind::text, .help = "Its format, instead of what its content says", .value = "FORMAT"},
    {.name = "listen", .flag = "listen", .where = Where::local, .kind = Kind::text, .help = "ADDRESS:PORT or unix:PATH (127.0.0.1:10809)", .value = "ADDRESS"},
    {.name = "writable", .flag = "writable", .where = Where::local, .kind = Kind::boolean, .help = "Clients may write"},
    {.name = "certificate", .flag = "certificate", .where = Where::local, .kind = Kind::text, .help = "Certificate of the server (PEM): only TLS is spoken", .value = "FILE"},
    {.name = "key", .flag = "key", .where = Where::local, .kind = Kind::text, .help = "Its private key", .value = "FILE"},
    {.name = "client-ca", .flag = "client-ca", .where = Where::local, .kind = Kind::text, .help = "Clients must have a certificate of this authority", .value = "FILE"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that the image refers to, if they are in FOLDER or below", .value = "FOLDER"},
    {.name = "ca", .flag = "ca", .where = Where::local, .kind = Kind::text, .help = "Authorities (PEM) that https:// and nbds:// servers are believed by, instead of the system's", .value = "FILE"},
    {.name = "header-file", .flag = "header-file", .where = Where::local, .kind = Kind::text, .help = "Lines sent to http servers, such as Authorization: Bearer ...", .value = "FILE"},
};
inline constexpr std::string_view image_serve_examples[]{"truce image serve disk.qcow2 --listen unix:/run/disk.sock", "truce image serve disk.raw -f raw --writable"};
inline constexpr Input image_prepare_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The disk that it boots from: a file, or nbd+unix:///?socket=PATH"},
    {.name = "disk", .flag = "disk", .where = Where::local, .kind = Kind::list, .help = "Another disk of the same machine", .value = "FILE"},
    {.name = "card", .flag = "card", .where = Where::local, .kind = Kind::list, .help = "The address of a network card, in the order that they have", .value = "MAC"},
};
inline constexpr std::string_view image_prepare_examples[]{"truce image prepare web01.qcow2 --card 00:50:56:0a:0b:0c", "truce image prepare root.qcow2 --disk data.qcow2"};
inline constexpr std::string_view image_pack_package_choices[]{"ova", "xva"};
inline constexpr std::string_view image_pack_digest_choices[]{"sha256", "sha1"};
inline constexpr Input image_pack_inputs[]{
    {.name = "source", .flag = "source", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "A folder with an .ovf, an .ova or .xva, or a disk image"},
    {.name = "output", .flag = "output", .alias = "o", .where = Where::local, .kind = Kind::text, .help = "NAME.ova or NAME.xva, - for one through a pipe", .value = "FILE"},
    {.name = "package", .flag = "package", .where = Where::local, .kind = Kind::choice, .help = "What goes through the pipe, or into a file of another name (by the name, else ova)", .value = "ova|xva", .choices = image_pack_package_choices},
    {.name = "disk", .flag = "disk", .where = Where::local, .kind = Kind::list, .help = "Another disk image of the same machine", .value = "FILE"},
    {.name = "digest", .flag = "digest", .where = Where::local, .kind = Kind::choice, .help = "Of the manifest; sha1 is for old importers", .value = "sha256|sha1", .choices = image_pack_digest_choices},
    {.name = "replace", .flag = "replace", .where = Where::local, .kind = Kind::boolean, .help = "Write over a file that is there"},
    {.name = "allow-external", .flag = "allow-external", .where = Where::local, .kind = Kind::text, .help = "Follow the files that disks refer to, if they are in FOLDER or below", .value = "FOLDER"},
    {.name = "ca", .flag = "ca", .where = Where::local, .kind = Kind::text, .help = "Authorities (PEM) that https:// and nbds:// servers are believed by, instead of the system's", .value = "FILE"},
    {.name = "header-file", .flag = "header-file", .where = Where::local, .kind = Kind::text, .help = "Lines sent to http servers, such as Authorization: Bearer ...", .value = "FILE"},
};
inline constexpr std::string_view image_pack_examples[]{"truce image pack disk.qcow2 --disk data.vhdx -o web01.ova", "truce image pack exported/ -o web01.xva"};
inline constexpr Input image_unpack_inputs[]{
    {.name = "file", .flag = "file", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "The package"},
    {.name = "folder", .flag = "folder", .where = Where::local, .kind = Kind::text, .word = true, .help = "Where to (here)"},
    {.name = "target-format", .flag = "target-format", .alias = "O", .where = Where::local, .kind = Kind::text, .help = "Convert the disks to this format", .value = "FORMAT"},
    {.name = "no-verify", .flag = "no-verify", .where = Where::local, .kind = Kind::boolean, .help = "Do not compare with the manifest first"},
};
inline constexpr std::string_view image_unpack_examples[]{"truce image unpack web01.ova web01/", "truce image unpack web01.ova -O qcow2"};
inline constexpr std::string_view image_formats_examples[]{"truce image formats"};
inline constexpr Input login_inputs[]{
    {.name = "server", .flag = "server", .where = Where::local, .kind = Kind::text, .word = true, .required = true, .help = "https://HOST:PORT, or unix:PATH"},
    {.name = "fingerprint", .flag = "fingerprint", .where = Where::local, .kind = Kind::text, .help = "SHA-256 of the server's certificate", .value = "SHA256"},
    {.name = "certificate", .flag = "certificate", .where = Where::local, .kind = Kind::text, .help = "Client certificate (PEM) to use instead of a token", .value = "FILE"},
    {.name = "key", .flag = "key", .where = Where::local, .kind = Kind::text, .help = "Its private key", .value = "FILE"},
};
inline constexpr std::string_view login_examples[]{"truce login https://host1:7443 --token 9f3a51c0...", "truce login unix:/run/truce/truced.sock"};
inline constexpr std::string_view completion_shell_choices[]{"bash", "zsh", "fish"};
inline constexpr Input completion_inputs[]{
    {.name = "shell", .flag = "shell", .where = Where::local, .kind = Kind::choice, .word = true, .required = true, .help = "bash, zsh or fish", .choices = completion_shell_choices},
};
inline constexpr std::string_view completion_examples[]{"truce completion bash > /etc/bash_completion.d/truce", "truce completion fish > ~/.config/fish/completions/truce.fish"};
inline constexpr Input help_inputs[]{
    {.name = "noun", .flag = "noun", .where = Where::local, .kind = Kind::text, .word = true, .help = "A noun"},
    {.name = "verb", .flag = "verb", .where = Where::local, .kind = Kind::text, .word = true, .help = "One of its verbs"},
};
inline constexpr std::string_view help_examples[]{"truce help vm", "truce help vm create"};

inline constexpr CommandRow commands[]{
    {.noun = "vm", .verb = "list", .summary = "List virtual machines", .description = "", .usage = "truce vm list [options]", .method = "GET", .path = "/v1/vms", .answer = Answer::page, .shown = "Vm", .inputs = vm_list_inputs, .columns = vm_list_columns, .examples = vm_list_examples},
    {.noun = "vm", .verb = "create", .summary = "Create a virtual machine", .description = "", .usage = "truce vm create NAME [options]", .method = "POST", .path = "/v1/vms", .answer = Answer::task, .shown = "Task", .inputs = vm_create_inputs, .examples = vm_create_examples},
    {.noun = "vm", .verb = "show", .summary = "Show a virtual machine", .description = "", .usage = "truce vm show NAME", .method = "GET", .path = "/v1/vms/{name}", .answer = Answer::object, .shown = "Vm", .inputs = vm_show_inputs, .examples = vm_show_examples},
    {.noun = "vm", .verb = "set", .summary = "Change a virtual machine", .description = "Processors, memory, CD and labels; a running machine takes processors and memory at its next start. Other hardware is changed while the machine is off.", .usage = "truce vm set NAME [options]", .method = "PATCH", .path = "/v1/vms/{name}", .answer = Answer::object, .shown = "Vm", .inputs = vm_set_inputs, .examples = vm_set_examples},
    {.noun = "vm", .verb = "delete", .summary = "Delete a virtual machine with its disks", .description = "A running machine is refused unless force is given.", .usage = "truce vm delete NAME [options]", .method = "DELETE", .path = "/v1/vms/{name}", .answer = Answer::task, .shown = "Task", .inputs = vm_delete_inputs, .examples = vm_delete_examples},
    {.noun = "vm", .verb = "set-nic", .summary = "Change a network card of a virtual machine, also while it runs", .description = "", .usage = "truce vm set-nic NAME [options]", .method = "PATCH", .path = "/v1/vms/{name}/nics", .answer = Answer::object, .shown = "Vm", .inputs = vm_set_nic_inputs, .examples = vm_set_nic_examples},
    {.noun = "vm", .verb = "add-nic", .summary = "Give a virtual machine one more network card, also while it runs", .description = "", .usage = "truce vm add-nic NAME [options]", .method = "POST", .path = "/v1/vms/{name}/nics", .answer = Answer::task, .shown = "Task", .inputs = vm_add_nic_inputs, .examples = vm_add_nic_examples},
    {.noun = "vm", .verb = "remove-nic", .summary = "Take a network card away from a virtual machine, also while it runs", .description = "A running guest is asked to let go of it, and has 30 seconds for that.", .usage = "truce vm remove-nic NAME NIC", .method = "DELETE", .path = "/v1/vms/{name}/nics/{nic}", .answer = Answer::task, .shown = "Task", .inputs = vm_remove_nic_inputs, .examples = vm_remove_nic_examples},
    {.noun = "vm", .verb = "revert", .summary = "Give up the changes that wait for a virtual machine's next start", .description = "", .usage = "truce vm revert NAME", .method = "POST", .path = "/v1/vms/{name}/revert", .answer = Answer::object, .shown = "Vm", .inputs = vm_revert_inputs, .examples = vm_revert_examples},
    {.noun = "vm", .verb = "usage", .summary = "What a running virtual machine uses at this moment", .description = "", .usage = "truce vm usage NAME", .method = "GET", .path = "/v1/vms/{name}/usage", .answer = Answer::object, .shown = "VmUsage", .inputs = vm_usage_inputs, .examples = vm_usage_examples},
    {.noun = "vm", .verb = "migrate", .summary = "Move a machine to another host, while it runs or while it is off", .description = "A running machine goes on, but for the moment in which it changes hosts. Until that moment the move can be cancelled, and whatever fails leaves it where it is. Disks in pools that both hosts share stay where they are; others are copied with --with-storage.", .usage = "truce vm migrate NAME [options]", .method = "POST", .path = "/v1/vms/{name}/migrate", .answer = Answer::task, .shown = "Task", .inputs = vm_migrate_inputs, .examples = vm_migrate_examples},
    {.noun = "vm", .verb = "move", .summary = "Move a machine that is off to a platform of others, or from one to here", .description = "Disks are copied while they stream, without a file in between. Whatever fails leaves the machine where it is and nothing of it where it was to be; the move goes on after a crash, and can be cancelled until it has come. truce vm move-report says what it changes.", .usage = "truce vm move NAME [options]", .method = "POST", .path = "/v1/vms/{name}/move", .answer = Answer::task, .shown = "Task", .inputs = vm_move_inputs, .examples = vm_move_examples},
    {.noun = "vm", .verb = "move-report", .summary = "Say what a move to a platform of others, from one to here, or to another one would change and lose", .description = "", .usage = "truce vm move-report NAME [options]", .method = "POST", .path = "/v1/vms/{name}/move-report", .answer = Answer::object, .shown = "MoveReport", .inputs = vm_move_report_inputs, .examples = vm_move_report_examples},
    {.noun = "vm", .verb = "start", .summary = "Start a virtual machine, or continue a suspended one", .description = "", .usage = "truce vm start NAME [options]", .method = "POST", .path = "/v1/vms/{name}/start", .answer = Answer::task, .shown = "Task", .inputs = vm_start_inputs, .examples = vm_start_examples},
    {.noun = "vm", .verb = "stop", .summary = "Stop a virtual machine", .description = "Asks the guest to power off and forces it after the limit.", .usage = "truce vm stop NAME [options]", .method = "POST", .path = "/v1/vms/{name}/stop", .answer = Answer::task, .shown = "Task", .inputs = vm_stop_inputs, .examples = vm_stop_examples},
    {.noun = "vm", .verb = "reset", .summary = "Reset a running virtual machine, as its reset button would", .description = "", .usage = "truce vm reset NAME", .method = "POST", .path = "/v1/vms/{name}/reset", .answer = Answer::nothing, .shown = "", .inputs = vm_reset_inputs, .examples = vm_reset_examples},
    {.noun = "vm", .verb = "pause", .summary = "Pause a running virtual machine (it keeps its memory)", .description = "", .usage = "truce vm pause NAME", .method = "POST", .path = "/v1/vms/{name}/pause", .answer = Answer::task, .shown = "Task", .inputs = vm_pause_inputs, .examples = vm_pause_examples},
    {.noun = "vm", .verb = "resume", .summary = "Resume a paused virtual machine", .description = "", .usage = "truce vm resume NAME", .method = "POST", .path = "/v1/vms/{name}/resume", .answer = Answer::task, .shown = "Task", .inputs = vm_resume_inputs, .examples = vm_resume_examples},
    {.noun = "vm", .verb = "suspend", .summary = "Suspend a virtual machine to disk (start continues it)", .description = "", .usage = "truce vm suspend NAME", .method = "POST", .path = "/v1/vms/{name}/suspend", .answer = Answer::task, .shown = "Task", .inputs = vm_suspend_inputs, .examples = vm_suspend_examples},
    {.noun = "vm", .verb = "rename", .summary = "Rename a virtual machine that is off", .description = "", .usage = "truce vm rename NAME NEW-NAME", .method = "POST", .path = "/v1/vms/{name}/rename", .answer = Answer::object, .shown = "Vm", .inputs = vm_rename_inputs, .examples = vm_rename_examples},
    {.noun = "vm", .verb = "console", .summary = "Talk with a machine through its serial console or its screen", .description = "Ctrl-] leaves the console; the machine goes on. With --graphical a port of this computer carries the screen (VNC) until Ctrl-C. Standard input may also be a pipe.", .usage = "truce vm console NAME [options]", .answer = Answer::nothing, .shown = "", .inputs = vm_console_inputs, .examples = vm_console_examples},
    {.noun = "vm", .verb = "screenshot", .summary = "Save a picture of a machine's screen (PNG)", .description = "", .usage = "truce vm screenshot NAME FILE", .answer = Answer::nothing, .shown = "", .inputs = vm_screenshot_inputs, .examples = vm_screenshot_examples},
    {.noun = "vm", .verb = "exec", .summary = "Run a program in the guest through its agent", .description = "Ends with the program's exit status.", .usage = "truce vm exec NAME [options] -- COMMAND...", .answer = Answer::nothing, .shown = "", .inputs = vm_exec_inputs, .examples = vm_exec_examples, .rest = true},
    {.noun = "vm", .verb = "log", .summary = "Print the last output of a machine's serial console", .description = "", .usage = "truce vm log NAME [options]", .answer = Answer::nothing, .shown = "", .inputs = vm_log_inputs, .examples = vm_log_examples},
    {.noun = "vm", .verb = "move-wave", .summary = "Move many machines, as a file says, wave after wave", .description = "Each line of the file has what stands behind truce vm move; `#` begins a comment, and a line `wave` begins the next wave, which waits for the one before. All moves are looked at first, and nothing begins when one of them could not be made. When some of a wave fail, the next one does not begin. Ctrl-C leaves the moves running that were begun.", .usage = "truce vm move-wave FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = vm_move_wave_inputs, .examples = vm_move_wave_examples},
    {.noun = "vm", .verb = "top", .summary = "Show what running machines use, the greediest first, until q is pressed", .description = "Machines are measured every 10 seconds. Keys: c, m, d, n and a put in order by processors, memory, disks, network and name; q ends. Where the output is no terminal, or another format is asked for, it is printed once.", .usage = "truce vm top [options]", .answer = Answer::nothing, .shown = "", .inputs = vm_top_inputs, .examples = vm_top_examples},
    {.noun = "vm", .verb = "metrics", .summary = "Show what a machine has used over time", .description = "A row for each quantity, with the newest value, the average and the largest, and a chart of the averages from the oldest to the newest. CSV, JSON and YAML have every step.", .usage = "truce vm metrics NAME [options]", .answer = Answer::nothing, .shown = "", .inputs = vm_metrics_inputs, .examples = vm_metrics_examples},
    {.noun = "snapshot", .verb = "create", .summary = "Take a snapshot of all disks of a virtual machine", .description = "All disks are taken at one moment, or none. With memory the machine can be continued from that moment; it stands still while its memory is written. With quiesce the guest's agent freezes the file systems for the moment.", .usage = "truce snapshot create VM NAME [options]", .method = "POST", .path = "/v1/vms/{vm}/snapshots", .answer = Answer::task, .shown = "Task", .inputs = snapshot_create_inputs, .examples = snapshot_create_examples},
    {.noun = "snapshot", .verb = "show", .summary = "Show a snapshot", .description = "", .usage = "truce snapshot show VM NAME", .method = "GET", .path = "/v1/vms/{vm}/snapshots/{name}", .answer = Answer::object, .shown = "VmSnapshot", .inputs = snapshot_show_inputs, .examples = snapshot_show_examples},
    {.noun = "snapshot", .verb = "delete", .summary = "Delete a snapshot; the machine stays as it is", .description = "What only the snapshot kept is given up; its blocks are merged into its neighbour while the machine runs. Snapshots taken after it stay, unless subtree is given.", .usage = "truce snapshot delete VM NAME [options]", .method = "DELETE", .path = "/v1/vms/{vm}/snapshots/{name}", .answer = Answer::task, .shown = "Task", .inputs = snapshot_delete_inputs, .examples = snapshot_delete_examples},
    {.noun = "snapshot", .verb = "restore", .summary = "Make a virtual machine what it was at a snapshot", .description = "What it has become since is lost, unless another snapshot holds it. With memory it runs on from that moment; without, it is off afterwards unless start is given. Its processors, memory, hardware and CD are those of the snapshot, too.", .usage = "truce snapshot restore VM NAME [options]", .method = "POST", .path = "/v1/vms/{vm}/snapshots/{name}/restore", .answer = Answer::task, .shown = "Task", .inputs = snapshot_restore_inputs, .examples = snapshot_restore_examples},
    {.noun = "snapshot", .verb = "clone", .summary = "Make a new virtual machine of a snapshot's disks", .description = "A full copy, with network cards and an identity of its own. Where the file system can, both share their blocks. The machine that the snapshot is of goes on meanwhile.", .usage = "truce snapshot clone VM NAME NEW-NAME [options]", .method = "POST", .path = "/v1/vms/{vm}/snapshots/{name}/clone", .answer = Answer::task, .shown = "Task", .inputs = snapshot_clone_inputs, .examples = snapshot_clone_examples},
    {.noun = "snapshot", .verb = "list", .summary = "Show the snapshots of a machine as a tree", .description = "", .usage = "truce snapshot list VM", .answer = Answer::nothing, .shown = "", .inputs = snapshot_list_inputs, .examples = snapshot_list_examples},
    {.noun = "disk", .verb = "list", .summary = "List the disks of a virtual machine", .description = "", .usage = "truce disk list VM [options]", .method = "GET", .path = "/v1/vms/{vm}/disks", .answer = Answer::page, .shown = "VmDisk", .inputs = disk_list_inputs, .columns = disk_list_columns, .examples = disk_list_examples},
    {.noun = "disk", .verb = "create", .summary = "Give a virtual machine one more disk, also while it runs", .description = "", .usage = "truce disk create VM [options]", .method = "POST", .path = "/v1/vms/{vm}/disks", .answer = Answer::task, .shown = "Task", .inputs = disk_create_inputs, .examples = disk_create_examples},
    {.noun = "disk", .verb = "set", .summary = "Grow a disk, also while its machine runs", .description = "The guest sees the new size at once; its partitions and file systems are grown in the guest. A disk never shrinks.", .usage = "truce disk set VM DISK [options]", .method = "PATCH", .path = "/v1/vms/{vm}/disks/{disk}", .answer = Answer::task, .shown = "Task", .inputs = disk_set_inputs, .examples = disk_set_examples},
    {.noun = "disk", .verb = "delete", .summary = "Take a disk away from a virtual machine, and delete it", .description = "A running guest is asked to let go of it, and has 30 seconds for that. What the disk holds is lost.", .usage = "truce disk delete VM DISK", .method = "DELETE", .path = "/v1/vms/{vm}/disks/{disk}", .answer = Answer::task, .shown = "Task", .inputs = disk_delete_inputs, .examples = disk_delete_examples},
    {.noun = "disk", .verb = "move", .summary = "Move a disk to another pool, also while its machine runs", .description = "Of a running machine the guest stands still for a moment at the end. The move is called off when the machine is stopped, suspended or ends; until it has succeeded, the disk is where it was.", .usage = "truce disk move VM DISK POOL", .method = "POST", .path = "/v1/vms/{vm}/disks/{disk}/move", .answer = Answer::task, .shown = "Task", .inputs = disk_move_inputs, .examples = disk_move_examples},
    {.noun = "template", .verb = "list", .summary = "List templates", .description = "", .usage = "truce template list [options]", .method = "GET", .path = "/v1/templates", .answer = Answer::page, .shown = "Template", .inputs = template_list_inputs, .columns = template_list_columns, .examples = template_list_examples},
    {.noun = "template", .verb = "create", .summary = "Make a template by a recipe, or import a disk image or ISO of this host", .description = "Each creation under the same name makes a new version; a finished version never changes.", .usage = "truce template create NAME [options]", .method = "POST", .path = "/v1/templates", .answer = Answer::task, .shown = "Task", .inputs = template_create_inputs, .examples = template_create_examples},
    {.noun = "template", .verb = "show", .summary = "Show a template (without a version, the newest)", .description = "", .usage = "truce template show NAME", .method = "GET", .path = "/v1/templates/{name}", .answer = Answer::object, .shown = "Template", .inputs = template_show_inputs, .examples = template_show_examples},
    {.noun = "template", .verb = "delete", .summary = "Delete a template version that no machine is linked to", .description = "", .usage = "truce template delete NAME", .method = "DELETE", .path = "/v1/templates/{name}", .answer = Answer::task, .shown = "Task", .inputs = template_delete_inputs, .examples = template_delete_examples},
    {.noun = "template", .verb = "upload", .summary = "Send a disk image or ISO of this computer to become a template", .description = "Any format of 'truce image' that stands alone, an OVA or XVA with one disk, or an ISO. What was sent stays when the connection breaks or the command is ended: called again with the same file it goes on from there. The server compares the SHA-256 of the whole.", .usage = "truce template upload NAME FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = template_upload_inputs, .examples = template_upload_examples},
    {.noun = "template", .verb = "download", .summary = "Fetch the disk (qcow2) or the ISO of a template", .description = "The file appears under its name when it is whole and its SHA-256 is right. Until then what has arrived is in NAME.part beside it; called again, the command goes on from there.", .usage = "truce template download NAME [options]", .answer = Answer::nothing, .shown = "", .inputs = template_download_inputs, .examples = template_download_examples},
    {.noun = "upload", .verb = "list", .summary = "List uploads that have not become templates", .description = "", .usage = "truce upload list [options]", .method = "GET", .path = "/v1/uploads", .answer = Answer::page, .shown = "Upload", .inputs = upload_list_inputs, .columns = upload_list_columns, .examples = upload_list_examples},
    {.noun = "upload", .verb = "show", .summary = "Show an upload", .description = "", .usage = "truce upload show NAME", .method = "GET", .path = "/v1/uploads/{name}", .answer = Answer::object, .shown = "Upload", .inputs = upload_show_inputs, .examples = upload_show_examples},
    {.noun = "upload", .verb = "delete", .summary = "Give up an upload and remove what has arrived", .description = "", .usage = "truce upload delete NAME", .method = "DELETE", .path = "/v1/uploads/{name}", .answer = Answer::nothing, .shown = "", .inputs = upload_delete_inputs, .examples = upload_delete_examples},
    {.noun = "network", .verb = "list", .summary = "List networks", .description = "", .usage = "truce network list [options]", .method = "GET", .path = "/v1/networks", .answer = Answer::page, .shown = "Network", .inputs = network_list_inputs, .columns = network_list_columns, .examples = network_list_examples},
    {.noun = "network", .verb = "create", .summary = "Create a network", .description = "", .usage = "truce network create NAME [options]", .method = "POST", .path = "/v1/networks", .answer = Answer::object, .shown = "Network", .inputs = network_create_inputs, .examples = network_create_examples},
    {.noun = "network", .verb = "show", .summary = "Show a network", .description = "", .usage = "truce network show NAME", .method = "GET", .path = "/v1/networks/{name}", .answer = Answer::object, .shown = "Network", .inputs = network_show_inputs, .examples = network_show_examples},
    {.noun = "network", .verb = "set", .summary = "Change a network, also while machines use it", .description = "", .usage = "truce network set NAME [options]", .method = "PATCH", .path = "/v1/networks/{name}", .answer = Answer::object, .shown = "Network", .inputs = network_set_inputs, .examples = network_set_examples},
    {.noun = "network", .verb = "delete", .summary = "Delete a network that no machine uses", .description = "", .usage = "truce network delete NAME", .method = "DELETE", .path = "/v1/networks/{name}", .answer = Answer::nothing, .shown = "", .inputs = network_delete_inputs, .examples = network_delete_examples},
    {.noun = "security-group", .verb = "list", .summary = "List security groups", .description = "", .usage = "truce security-group list [options]", .method = "GET", .path = "/v1/security-groups", .answer = Answer::page, .shown = "SecurityGroup", .inputs = security_group_list_inputs, .columns = security_group_list_columns, .examples = security_group_list_examples},
    {.noun = "security-group", .verb = "create", .summary = "Create a security group, a set of rules about who may connect", .description = "A network card with groups accepts only what a rule of one of them lets in, and may send everything unless one of them has egress rules. Answers to what was allowed always pass.", .usage = "truce security-group create NAME [options]", .method = "POST", .path = "/v1/security-groups", .answer = Answer::object, .shown = "SecurityGroup", .inputs = security_group_create_inputs, .examples = security_group_create_examples},
    {.noun = "security-group", .verb = "show", .summary = "Show a security group", .description = "", .usage = "truce security-group show NAME", .method = "GET", .path = "/v1/security-groups/{name}", .answer = Answer::object, .shown = "SecurityGroup", .inputs = security_group_show_inputs, .examples = security_group_show_examples},
    {.noun = "security-group", .verb = "set", .summary = "Change the rules of a security group, at once and for all its machines", .description = "Connections that the new rules allow go on; what they no longer allow is cut.", .usage = "truce security-group set NAME [options]", .method = "PATCH", .path = "/v1/security-groups/{name}", .answer = Answer::object, .shown = "SecurityGroup", .inputs = security_group_set_inputs, .examples = security_group_set_examples},
    {.noun = "security-group", .verb = "delete", .summary = "Delete a security group that no network card and no other group uses", .description = "", .usage = "truce security-group delete NAME", .method = "DELETE", .path = "/v1/security-groups/{name}", .answer = Answer::nothing, .shown = "", .inputs = security_group_delete_inputs, .examples = security_group_delete_examples},
    {.noun = "pool", .verb = "list", .summary = "List storage pools", .description = "", .usage = "truce pool list [options]", .method = "GET", .path = "/v1/pools", .answer = Answer::page, .shown = "Pool", .inputs = pool_list_inputs, .columns = pool_list_columns, .examples = pool_list_examples},
    {.noun = "pool", .verb = "create", .summary = "Create a storage pool", .description = "What lies in the place already stays untouched; a place that another pool uses is refused.", .usage = "truce pool create NAME [options]", .method = "POST", .path = "/v1/pools", .answer = Answer::task, .shown = "Task", .inputs = pool_create_inputs, .examples = pool_create_examples},
    {.noun = "pool", .verb = "show", .summary = "Show a storage pool", .description = "", .usage = "truce pool show NAME", .method = "GET", .path = "/v1/pools/{name}", .answer = Answer::object, .shown = "Pool", .inputs = pool_show_inputs, .examples = pool_show_examples},
    {.noun = "pool", .verb = "set", .summary = "Change the limits of a storage pool", .description = "", .usage = "truce pool set NAME [options]", .method = "PATCH", .path = "/v1/pools/{name}", .answer = Answer::object, .shown = "Pool", .inputs = pool_set_inputs, .examples = pool_set_examples},
    {.noun = "pool", .verb = "delete", .summary = "Delete a storage pool that holds no disk and no template", .description = "", .usage = "truce pool delete NAME", .method = "DELETE", .path = "/v1/pools/{name}", .answer = Answer::task, .shown = "Task", .inputs = pool_delete_inputs, .examples = pool_delete_examples},
    {.noun = "pool", .verb = "metrics", .summary = "Show how full a pool was over time", .description = "As truce vm metrics.", .usage = "truce pool metrics NAME [options]", .answer = Answer::nothing, .shown = "", .inputs = pool_metrics_inputs, .examples = pool_metrics_examples},
    {.noun = "resource-pool", .verb = "list", .summary = "List resource pools", .description = "", .usage = "truce resource-pool list [options]", .method = "GET", .path = "/v1/resource-pools", .answer = Answer::page, .shown = "ResourcePool", .inputs = resource_pool_list_inputs, .columns = resource_pool_list_columns, .examples = resource_pool_list_examples},
    {.noun = "resource-pool", .verb = "create", .summary = "Create a resource pool", .description = "Machines in it share what it may have; pools stand in a tree.", .usage = "truce resource-pool create NAME [options]", .method = "POST", .path = "/v1/resource-pools", .answer = Answer::object, .shown = "ResourcePool", .inputs = resource_pool_create_inputs, .examples = resource_pool_create_examples},
    {.noun = "resource-pool", .verb = "show", .summary = "Show a resource pool", .description = "", .usage = "truce resource-pool show NAME", .method = "GET", .path = "/v1/resource-pools/{name}", .answer = Answer::object, .shown = "ResourcePool", .inputs = resource_pool_show_inputs, .examples = resource_pool_show_examples},
    {.noun = "resource-pool", .verb = "set", .summary = "Change a resource pool", .description = "", .usage = "truce resource-pool set NAME [options]", .method = "PATCH", .path = "/v1/resource-pools/{name}", .answer = Answer::object, .shown = "ResourcePool", .inputs = resource_pool_set_inputs, .examples = resource_pool_set_examples},
    {.noun = "resource-pool", .verb = "delete", .summary = "Delete a resource pool that nothing uses", .description = "", .usage = "truce resource-pool delete NAME", .method = "DELETE", .path = "/v1/resource-pools/{name}", .answer = Answer::nothing, .shown = "", .inputs = resource_pool_delete_inputs, .examples = resource_pool_delete_examples},
    {.noun = "conflict-class", .verb = "list", .summary = "List conflict classes", .description = "", .usage = "truce conflict-class list [options]", .method = "GET", .path = "/v1/conflict-classes", .answer = Answer::page, .shown = "ConflictClass", .inputs = conflict_class_list_inputs, .columns = conflict_class_list_columns, .examples = conflict_class_list_examples},
    {.noun = "conflict-class", .verb = "create", .summary = "Create a conflict class", .description = "Machines of classes that conflict are never placed on one host.", .usage = "truce conflict-class create NAME [options]", .method = "POST", .path = "/v1/conflict-classes", .answer = Answer::object, .shown = "ConflictClass", .inputs = conflict_class_create_inputs, .examples = conflict_class_create_examples},
    {.noun = "conflict-class", .verb = "show", .summary = "Show a conflict class", .description = "", .usage = "truce conflict-class show NAME", .method = "GET", .path = "/v1/conflict-classes/{name}", .answer = Answer::object, .shown = "ConflictClass", .inputs = conflict_class_show_inputs, .examples = conflict_class_show_examples},
    {.noun = "conflict-class", .verb = "set", .summary = "Change a conflict class", .description = "", .usage = "truce conflict-class set NAME [options]", .method = "PATCH", .path = "/v1/conflict-classes/{name}", .answer = Answer::object, .shown = "ConflictClass", .inputs = conflict_class_set_inputs, .examples = conflict_class_set_examples},
    {.noun = "conflict-class", .verb = "delete", .summary = "Delete a conflict class that nothing uses", .description = "", .usage = "truce conflict-class delete NAME", .method = "DELETE", .path = "/v1/conflict-classes/{name}", .answer = Answer::nothing, .shown = "", .inputs = conflict_class_delete_inputs, .examples = conflict_class_delete_examples},
    {.noun = "platform", .verb = "list", .summary = "List platforms of others that are connected", .description = "", .usage = "truce platform list [options]", .method = "GET", .path = "/v1/platforms", .answer = Answer::page, .shown = "Platform", .inputs = platform_list_inputs, .columns = platform_list_columns, .examples = platform_list_examples},
    {.noun = "platform", .verb = "add", .summary = "Connect a platform of others, and show what is on it", .description = "Its address, user and password are tried at once, and nothing is kept when it refuses them. A certificate that no authority known here has signed is refused, too, with its fingerprint: compare that with the platform's own, and give it.", .usage = "truce platform add NAME ADDRESS [options]", .method = "POST", .path = "/v1/platforms", .answer = Answer::object, .shown = "Platform", .inputs = platform_add_inputs, .examples = platform_add_examples},
    {.noun = "platform", .verb = "show", .summary = "Show a platform", .description = "", .usage = "truce platform show NAME", .method = "GET", .path = "/v1/platforms/{name}", .answer = Answer::object, .shown = "Platform", .inputs = platform_show_inputs, .examples = platform_show_examples},
    {.noun = "platform", .verb = "set", .summary = "Change how a platform is reached", .description = "What is new is tried at once, as truce platform add does.", .usage = "truce platform set NAME [options]", .method = "PATCH", .path = "/v1/platforms/{name}", .answer = Answer::object, .shown = "Platform", .inputs = platform_set_inputs, .examples = platform_set_examples},
    {.noun = "platform", .verb = "remove", .summary = "Forget a platform and all that is shown of it", .description = "Nothing on the platform itself changes.", .usage = "truce platform remove NAME", .method = "DELETE", .path = "/v1/platforms/{name}", .answer = Answer::nothing, .shown = "", .inputs = platform_remove_inputs, .examples = platform_remove_examples},
    {.noun = "platform", .verb = "sync", .summary = "Read all of a platform anew, and wait for it", .description = "It is never needed, as platforms tell what changes; it is for whoever does not believe that.", .usage = "truce platform sync NAME", .method = "POST", .path = "/v1/platforms/{name}/sync", .answer = Answer::object, .shown = "Platform", .inputs = platform_sync_inputs, .examples = platform_sync_examples},
    {.noun = "host", .verb = "list", .summary = "List hosts", .description = "", .usage = "truce host list [options]", .method = "GET", .path = "/v1/hosts", .answer = Answer::page, .shown = "Host", .inputs = host_list_inputs, .columns = host_list_columns, .examples = host_list_examples},
    {.noun = "host", .verb = "show", .summary = "Show a host", .description = "", .usage = "truce host show NAME", .method = "GET", .path = "/v1/hosts/{name}", .answer = Answer::object, .shown = "Host", .inputs = host_show_inputs, .examples = host_show_examples},
    {.noun = "host", .verb = "set", .summary = "Change a host", .description = "", .usage = "truce host set NAME [options]", .method = "PATCH", .path = "/v1/hosts/{name}", .answer = Answer::object, .shown = "Host", .inputs = host_set_inputs, .examples = host_set_examples},
    {.noun = "host", .verb = "drain", .summary = "Move all machines away from a host and place none on it any more", .description = "", .usage = "truce host drain NAME [options]", .method = "POST", .path = "/v1/hosts/{name}/drain", .answer = Answer::task, .shown = "Task", .inputs = host_drain_inputs, .examples = host_drain_examples},
    {.noun = "host", .verb = "undrain", .summary = "Let machines be placed on a host again", .description = "", .usage = "truce host undrain NAME", .method = "POST", .path = "/v1/hosts/{name}/undrain", .answer = Answer::object, .shown = "Host", .inputs = host_undrain_inputs, .examples = host_undrain_examples},
    {.noun = "host", .verb = "power", .summary = "Ask a host's power control whether it is on", .description = "", .usage = "truce host power NAME", .method = "GET", .path = "/v1/hosts/{name}/power", .answer = Answer::object, .shown = "HostPower", .inputs = host_power_inputs, .examples = host_power_examples},
    {.noun = "host", .verb = "sleep", .summary = "Empty a host and switch it off, until it is woken", .description = "It needs a power control. Sleeping and waking it once by hand shows that it can be woken; only then it is ever switched off by itself.", .usage = "truce host sleep NAME [options]", .method = "POST", .path = "/v1/hosts/{name}/sleep", .answer = Answer::task, .shown = "Task", .inputs = host_sleep_inputs, .examples = host_sleep_examples},
    {.noun = "host", .verb = "wake", .summary = "Switch a host on that sleeps", .description = "", .usage = "truce host wake NAME", .method = "POST", .path = "/v1/hosts/{name}/wake", .answer = Answer::task, .shown = "Task", .inputs = host_wake_inputs, .examples = host_wake_examples},
    {.noun = "host", .verb = "metrics", .summary = "Show what a host has used over time", .description = "As truce vm metrics.", .usage = "truce host metrics [NAME] [options]", .answer = Answer::nothing, .shown = "", .inputs = host_metrics_inputs, .examples = host_metrics_examples},
    {.noun = "host", .verb = "add", .summary = "Show a Linux server without a hypervisor, by ssh, so that it can move here", .description = "The same as truce platform add NAME ssh://USER@HOST: a server is a platform with one machine. Hosts that run machines of Truce's come by truce cluster join.", .usage = "truce host add ADDRESS [options]", .answer = Answer::nothing, .shown = "", .inputs = host_add_inputs, .examples = host_add_examples},
    {.noun = "host", .verb = "check", .summary = "Look at what a host has and lacks for running machines", .description = "A row for each thing, with what it means and what to do. Exit status 1 when something is missing that machines cannot do without.", .usage = "truce host check [NAME]", .answer = Answer::nothing, .shown = "", .inputs = host_check_inputs, .examples = host_check_examples},
    {.noun = "cluster", .verb = "remove", .summary = "Take a host out of the cluster", .description = "It has to be empty of machines, or offline with --force; then it is never let in again without a new token.", .usage = "truce cluster remove NAME [options]", .method = "DELETE", .path = "/v1/hosts/{name}", .answer = Answer::nothing, .shown = "", .inputs = cluster_remove_inputs, .examples = cluster_remove_examples},
    {.noun = "cluster", .verb = "status", .summary = "The cluster, its managers, and how much of it can still fail", .description = "", .usage = "truce cluster status", .method = "GET", .path = "/v1/cluster", .answer = Answer::object, .shown = "Cluster", .examples = cluster_status_examples},
    {.noun = "cluster", .verb = "init", .summary = "Make this host the first of a cluster", .description = "Nothing is stopped and nothing lost. From then on other hosts can join.", .usage = "truce cluster init NAME [options]", .method = "POST", .path = "/v1/cluster", .answer = Answer::task, .shown = "Task", .inputs = cluster_init_inputs, .examples = cluster_init_examples},
    {.noun = "cluster", .verb = "set", .summary = "Change what holds for the whole cluster", .description = "", .usage = "truce cluster set [options]", .method = "PATCH", .path = "/v1/cluster", .answer = Answer::object, .shown = "Cluster", .inputs = cluster_set_inputs, .examples = cluster_set_examples},
    {.noun = "cluster", .verb = "tokens", .summary = "List tokens that hosts may still join with", .description = "", .usage = "truce cluster tokens [options]", .method = "GET", .path = "/v1/cluster/tokens", .answer = Answer::page, .shown = "JoinToken", .inputs = cluster_tokens_inputs, .columns = cluster_tokens_columns, .examples = cluster_tokens_examples},
    {.noun = "cluster", .verb = "token", .summary = "Make a token with which one host may join once", .description = "", .usage = "truce cluster token HOST [options]", .method = "POST", .path = "/v1/cluster/tokens", .answer = Answer::object, .shown = "JoinTokenSecret", .inputs = cluster_token_inputs, .examples = cluster_token_examples},
    {.noun = "cluster", .verb = "revoke", .summary = "Withdraw a token", .description = "", .usage = "truce cluster revoke NAME", .method = "DELETE", .path = "/v1/cluster/tokens/{name}", .answer = Answer::nothing, .shown = "", .inputs = cluster_revoke_inputs, .examples = cluster_revoke_examples},
    {.noun = "cluster", .verb = "rotate-ca", .summary = "Replace the cluster's certificate authority", .description = "A new one is made, all hosts come to believe both, then all get certificates of the new one, and only then nobody believes the old one any more. It goes on by itself, whoever leads; `rotation` of the cluster says how far it is, and which hosts it waits for. Machines run on.", .usage = "truce cluster rotate-ca", .method = "POST", .path = "/v1/cluster/rotate-ca", .answer = Answer::object, .shown = "Cluster", .examples = cluster_rotate_ca_examples},
    {.noun = "cluster", .verb = "join", .summary = "Let this host join a cluster", .description = "It must have no machines of its own. Its own users, networks and settings give way to the cluster's.", .usage = "truce cluster join [options]", .method = "POST", .path = "/v1/cluster/join", .answer = Answer::task, .shown = "Task", .inputs = cluster_join_inputs, .examples = cluster_join_examples},
    {.noun = "cluster", .verb = "leave", .summary = "Let this host leave its cluster", .description = "It must have no machines any more. Afterwards it is a single host again, with an empty store.", .usage = "truce cluster leave", .method = "POST", .path = "/v1/cluster/leave", .answer = Answer::task, .shown = "Task", .examples = cluster_leave_examples},
    {.noun = "rule", .verb = "list", .summary = "List placement rules", .description = "", .usage = "truce rule list [options]", .method = "GET", .path = "/v1/rules", .answer = Answer::page, .shown = "Rule", .inputs = rule_list_inputs, .columns = rule_list_columns, .examples = rule_list_examples},
    {.noun = "rule", .verb = "create", .summary = "Create a placement rule", .description = "", .usage = "truce rule create NAME together|apart|on-hosts|not-on-hosts [options]", .method = "POST", .path = "/v1/rules", .answer = Answer::object, .shown = "Rule", .inputs = rule_create_inputs, .examples = rule_create_examples},
    {.noun = "rule", .verb = "show", .summary = "Show a placement rule", .description = "", .usage = "truce rule show NAME", .method = "GET", .path = "/v1/rules/{name}", .answer = Answer::object, .shown = "Rule", .inputs = rule_show_inputs, .examples = rule_show_examples},
    {.noun = "rule", .verb = "delete", .summary = "Delete a placement rule", .description = "", .usage = "truce rule delete NAME", .method = "DELETE", .path = "/v1/rules/{name}", .answer = Answer::nothing, .shown = "", .inputs = rule_delete_inputs, .examples = rule_delete_examples},
    {.noun = "plan", .verb = "list", .summary = "List plans, the newest last", .description = "", .usage = "truce plan list [options]", .method = "GET", .path = "/v1/plans", .answer = Answer::page, .shown = "Plan", .inputs = plan_list_inputs, .columns = plan_list_columns, .examples = plan_list_examples},
    {.noun = "plan", .verb = "create", .summary = "Compute which machines should go where, and why", .description = "Nothing is moved until the plan is applied.", .usage = "truce plan create balance|evacuate|consolidate [options]", .method = "POST", .path = "/v1/plans", .answer = Answer::object, .shown = "Plan", .inputs = plan_create_inputs, .examples = plan_create_examples},
    {.noun = "plan", .verb = "show", .summary = "Show a plan", .description = "", .usage = "truce plan show NAME", .method = "GET", .path = "/v1/plans/{name}", .answer = Answer::object, .shown = "Plan", .inputs = plan_show_inputs, .examples = plan_show_examples},
    {.noun = "plan", .verb = "delete", .summary = "Delete a plan that is not being carried out", .description = "", .usage = "truce plan delete NAME", .method = "DELETE", .path = "/v1/plans/{name}", .answer = Answer::nothing, .shown = "", .inputs = plan_delete_inputs, .examples = plan_delete_examples},
    {.noun = "plan", .verb = "estate", .summary = "Show what a plan was computed from, so that it can be checked", .description = "It is remembered for the newest plans only, and not over a restart.", .usage = "truce plan estate NAME", .method = "GET", .path = "/v1/plans/{name}/estate", .answer = Answer::object, .shown = "Estate", .inputs = plan_estate_inputs, .examples = plan_estate_examples},
    {.noun = "plan", .verb = "apply", .summary = "Carry a plan out", .description = "A plan whose machines or hosts have changed meanwhile is refused.", .usage = "truce plan apply NAME", .method = "POST", .path = "/v1/plans/{name}/apply", .answer = Answer::task, .shown = "Task", .inputs = plan_apply_inputs, .examples = plan_apply_examples},
    {.noun = "plan", .verb = "check", .summary = "Verify a plan with code that did not make it", .description = "Looks at every step: whether there is room, whether a rule is broken, and whether scores and bound are what the plan says. Needs no daemon. The status is 1 when something is wrong.", .usage = "truce plan check PLAN ESTATE", .answer = Answer::nothing, .shown = "", .inputs = plan_check_inputs, .examples = plan_check_examples},
    {.noun = "task", .verb = "list", .summary = "List tasks", .description = "", .usage = "truce task list [options]", .method = "GET", .path = "/v1/tasks", .answer = Answer::page, .shown = "Task", .inputs = task_list_inputs, .columns = task_list_columns, .examples = task_list_examples},
    {.noun = "task", .verb = "show", .summary = "Show a task", .description = "", .usage = "truce task show NAME", .method = "GET", .path = "/v1/tasks/{name}", .answer = Answer::object, .shown = "Task", .inputs = task_show_inputs, .examples = task_show_examples},
    {.noun = "task", .verb = "cancel", .summary = "Cancel a running task; what it did is undone", .description = "", .usage = "truce task cancel NAME", .method = "POST", .path = "/v1/tasks/{name}/cancel", .answer = Answer::task, .shown = "Task", .inputs = task_cancel_inputs, .examples = task_cancel_examples},
    {.noun = "task", .verb = "screenshot", .summary = "Save the picture of a machine's screen that a move's boot proof has taken (PNG)", .description = "", .usage = "truce task screenshot NAME FILE", .answer = Answer::nothing, .shown = "", .inputs = task_screenshot_inputs, .examples = task_screenshot_examples},
    {.noun = "task", .verb = "wait", .summary = "Wait for the end of a task and show its progress", .description = "", .usage = "truce task wait NAME", .answer = Answer::nothing, .shown = "", .inputs = task_wait_inputs, .examples = task_wait_examples},
    {.noun = "event", .verb = "list", .summary = "List events, oldest first", .description = "", .usage = "truce event list [options]", .method = "GET", .path = "/v1/events", .answer = Answer::page, .shown = "Event", .inputs = event_list_inputs, .columns = event_list_columns, .examples = event_list_examples},
    {.noun = "token", .verb = "list", .summary = "List tokens and client certificates that may use this server", .description = "", .usage = "truce token list [options]", .method = "GET", .path = "/v1/tokens", .answer = Answer::page, .shown = "Token", .inputs = token_list_inputs, .columns = token_list_columns, .examples = token_list_examples},
    {.noun = "token", .verb = "create", .summary = "Create a token, or let a client certificate in", .description = "The token's text is in this answer and nowhere else; only its SHA-256 is stored.", .usage = "truce token create NAME [options]", .method = "POST", .path = "/v1/tokens", .answer = Answer::object, .shown = "TokenSecret", .inputs = token_create_inputs, .examples = token_create_examples},
    {.noun = "token", .verb = "delete", .summary = "Withdraw a token or client certificate", .description = "", .usage = "truce token delete NAME", .method = "DELETE", .path = "/v1/tokens/{name}", .answer = Answer::nothing, .shown = "", .inputs = token_delete_inputs, .examples = token_delete_examples},
    {.noun = "user", .verb = "list", .summary = "List users", .description = "", .usage = "truce user list [options]", .method = "GET", .path = "/v1/users", .answer = Answer::page, .shown = "User", .inputs = user_list_inputs, .columns = user_list_columns, .examples = user_list_examples},
    {.noun = "user", .verb = "create", .summary = "Create a user, who signs in with a password", .description = "", .usage = "truce user create NAME [options]", .method = "POST", .path = "/v1/users", .answer = Answer::object, .shown = "User", .inputs = user_create_inputs, .examples = user_create_examples},
    {.noun = "user", .verb = "show", .summary = "Show a user", .description = "", .usage = "truce user show NAME", .method = "GET", .path = "/v1/users/{name}", .answer = Answer::object, .shown = "User", .inputs = user_show_inputs, .examples = user_show_examples},
    {.noun = "user", .verb = "set", .summary = "Change a user", .description = "A new password, or disabling, ends the user's sessions.", .usage = "truce user set NAME [options]", .method = "PATCH", .path = "/v1/users/{name}", .answer = Answer::object, .shown = "User", .inputs = user_set_inputs, .examples = user_set_examples},
    {.noun = "user", .verb = "delete", .summary = "Delete a user, whose sessions end", .description = "", .usage = "truce user delete NAME", .method = "DELETE", .path = "/v1/users/{name}", .answer = Answer::nothing, .shown = "", .inputs = user_delete_inputs, .examples = user_delete_examples},
    {.noun = "session", .verb = "list", .summary = "List who is signed in (one's own sessions; administrators see all)", .description = "", .usage = "truce session list [options]", .method = "GET", .path = "/v1/sessions", .answer = Answer::page, .shown = "Session", .inputs = session_list_inputs, .columns = session_list_columns, .examples = session_list_examples},
    {.noun = "session", .verb = "delete", .summary = "End a session", .description = "", .usage = "truce session delete NAME", .method = "DELETE", .path = "/v1/sessions/{name}", .answer = Answer::nothing, .shown = "", .inputs = session_delete_inputs, .examples = session_delete_examples},
    {.noun = "alarm", .verb = "list", .summary = "List alarms", .description = "", .usage = "truce alarm list [options]", .method = "GET", .path = "/v1/alarms", .answer = Answer::page, .shown = "Alarm", .inputs = alarm_list_inputs, .columns = alarm_list_columns, .examples = alarm_list_examples},
    {.noun = "alarm", .verb = "create", .summary = "Create an alarm on a threshold or a state", .description = "", .usage = "truce alarm create NAME [options]", .method = "POST", .path = "/v1/alarms", .answer = Answer::object, .shown = "Alarm", .inputs = alarm_create_inputs, .examples = alarm_create_examples},
    {.noun = "alarm", .verb = "show", .summary = "Show an alarm, and for what it is raised", .description = "", .usage = "truce alarm show NAME", .method = "GET", .path = "/v1/alarms/{name}", .answer = Answer::object, .shown = "Alarm", .inputs = alarm_show_inputs, .examples = alarm_show_examples},
    {.noun = "alarm", .verb = "set", .summary = "Change an alarm", .description = "", .usage = "truce alarm set NAME [options]", .method = "PATCH", .path = "/v1/alarms/{name}", .answer = Answer::object, .shown = "Alarm", .inputs = alarm_set_inputs, .examples = alarm_set_examples},
    {.noun = "alarm", .verb = "delete", .summary = "Delete an alarm", .description = "", .usage = "truce alarm delete NAME", .method = "DELETE", .path = "/v1/alarms/{name}", .answer = Answer::nothing, .shown = "", .inputs = alarm_delete_inputs, .examples = alarm_delete_examples},
    {.noun = "alarm", .verb = "test", .summary = "Send a test message to all that an alarm tells", .description = "", .usage = "truce alarm test NAME", .method = "POST", .path = "/v1/alarms/{name}/test", .answer = Answer::object, .shown = "AlarmTest", .inputs = alarm_test_inputs, .examples = alarm_test_examples},
    {.noun = "server", .verb = "show", .summary = "What this server is, and who you are to it", .description = "", .usage = "truce server show", .method = "GET", .path = "/v1", .answer = Answer::object, .shown = "Server", .examples = server_show_examples},
    {.noun = "server", .verb = "reload", .summary = "Read the configuration file again and apply what can be applied", .description = "", .usage = "truce server reload", .method = "POST", .path = "/v1/server/reload", .answer = Answer::object, .shown = "Reload", .examples = server_reload_examples},
    {.noun = "server", .verb = "backup", .summary = "Save a copy of the store while everything runs", .description = "The file can be read by its owner only, for it holds what machines were given for their first boot. With truced stopped, truced --restore FILE puts it back. Disks of machines are not in it.", .usage = "truce server backup FILE", .answer = Answer::nothing, .shown = "", .inputs = server_backup_inputs, .examples = server_backup_examples},
    {.noun = "support", .verb = "bundle", .summary = "Save all that helps to find a fault, without secrets", .description = "Versions, configuration, host check, machines, tasks and events, the daemon's log, and command lines and logs of QEMU, in one file (tar, Zstandard). What guests show or are given is not in it; look at it before you send it.", .usage = "truce support bundle [options]", .answer = Answer::nothing, .shown = "", .inputs = support_bundle_inputs, .examples = support_bundle_examples},
    {.noun = "image", .verb = "info", .summary = "Show what an image is and what it refers to", .description = "Nothing but the file itself is opened, so this is safe for an image of any origin.", .usage = "truce image info FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_info_inputs, .examples = image_info_examples},
    {.noun = "image", .verb = "map", .summary = "Show where the parts of a disk are stored", .description = "A row for each range of the disk: data (as it is, at an offset of a file), compressed, zero, or hole (nothing is stored).", .usage = "truce image map FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_map_inputs, .examples = image_map_examples},
    {.noun = "image", .verb = "check", .summary = "Look for damage in an image", .description = "Follows all tables and compares what must agree. Exit status 0: clean, 1: space is lost but no data, 2: damaged, 3: it could not be checked. With --repair the status is that of what is left.", .usage = "truce image check FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_check_inputs, .examples = image_check_examples},
    {.noun = "image", .verb = "compare", .summary = "Compare the content of two disks", .description = "The formats do not matter, and of disks of two sizes the rest of the longer one may be zero. Exit status 0: the same, 1: they differ, 2: they could not be compared.", .usage = "truce image compare FIRST SECOND [options]", .answer = Answer::nothing, .shown = "", .inputs = image_compare_inputs, .examples = image_compare_examples},
    {.noun = "image", .verb = "convert", .summary = "Write a disk into a new image of another format", .description = "What can be shared between the two files is shared (XFS, btrfs), what the kernel can copy it copies, the rest is read and written by as many threads as there are processors; the last line says how much of each. The new file gets its name when it is complete and synced; Ctrl-C leaves nothing behind, or with --resume what the same command goes on from. With --in-place the source itself becomes the target. Raw disks and streamOptimized VMDKs (-O vmdk --compress) also come and go through pipes.", .usage = "truce image convert SOURCE TARGET [options]", .answer = Answer::nothing, .shown = "", .inputs = image_convert_inputs, .examples = image_convert_examples},
    {.noun = "image", .verb = "recover", .summary = "Finish or undo an interrupted conversion in place", .description = "A conversion with --in-place that was killed leaves a journal beside the image. What had been decided is finished, else it is undone; the disk's content is not touched in either case.", .usage = "truce image recover FILE", .answer = Answer::nothing, .shown = "", .inputs = image_recover_inputs, .examples = image_recover_examples},
    {.noun = "image", .verb = "create", .summary = "Make an empty disk, or one that stands on another", .description = "With --backing the new image (qcow2, vhd, vhdx, vmdk) keeps only what is written from now on, everything else is read from PARENT, which must not be written to any more. A relative PARENT is found from the new image's folder later, an absolute one by its absolute path.", .usage = "truce image create FILE [SIZE] [options]", .answer = Answer::nothing, .shown = "", .inputs = image_create_inputs, .examples = image_create_examples},
    {.noun = "image", .verb = "resize", .summary = "Make a disk larger, or smaller", .description = "In place; a crash leaves the old size or the new one. Partitions and file systems are not touched: one that would be cut off is named, and the disk not made smaller without --force.", .usage = "truce image resize FILE SIZE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_resize_inputs, .examples = image_resize_examples},
    {.noun = "image", .verb = "rebase", .summary = "Let an image stand on another parent, or on none", .description = "The disk stays what it is: what differs between the old parent and the new one is copied into the image first. A crash leaves the old parent's name or the new one's. With --unsafe only the name changes, for a parent that was moved or renamed. The old parent needs --allow-external.", .usage = "truce image rebase FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_rebase_inputs, .examples = image_rebase_examples},
    {.noun = "image", .verb = "commit", .summary = "Write what an image has into its parent", .description = "The parent grows if it must; then the image is emptied and shows the parent. The disk that the image shows is the same at any time, also after a crash. Other images that stand on the parent are damaged by this.", .usage = "truce image commit FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_commit_inputs, .examples = image_commit_examples},
    {.noun = "image", .verb = "measure", .summary = "Tell how large a converted image will be", .description = "Bytes that the file system will allocate for what the disk holds, and when all of it has been written; and the length of the files, which a block device must have. Exact for what is not compressed, an upper bound for what is.", .usage = "truce image measure [FILE] [options]", .answer = Answer::nothing, .shown = "", .inputs = image_measure_inputs, .examples = image_measure_examples},
    {.noun = "image", .verb = "snapshot", .summary = "List the snapshots inside an image, or change them", .description = "Without an option they are listed. A crash leaves the image with the snapshot or without it. qcow2 only.", .usage = "truce image snapshot FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_snapshot_inputs, .examples = image_snapshot_examples},
    {.noun = "image", .verb = "serve", .summary = "Serve a disk to others over NBD", .description = "Until Ctrl-C. Anybody who reaches the address can read (and with --writable write) the disk, unless --client-ca asks for certificates.", .usage = "truce image serve FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_serve_inputs, .examples = image_serve_examples},
    {.noun = "image", .verb = "prepare", .summary = "Change the guest on a disk so that it boots on another hypervisor", .description = "A Linux gets an initramfs with the drivers for the disks of QEMU, VMware, Hyper-V and Xen, UUIDs where fstab and the boot loader name disks (/dev/sda1), and network cards that keep their names (--card). A Windows starts all the drivers for disks that it has. Nothing is removed, and what was changed is told. It is done in a copy: the disk is changed at the end, or not at all. Needs libguestfs0, and runs programs of the guest in a QEMU of its own.", .usage = "truce image prepare FILE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_prepare_inputs, .examples = image_prepare_examples},
    {.noun = "image", .verb = "pack", .summary = "Put disks, or an OVF folder, into an OVA or XVA", .description = "Disk images become a machine with one CPU and 1 GiB of memory. NAME.ova gets compressed VMDKs and a manifest, NAME.xva is what XenServer imports.", .usage = "truce image pack SOURCE [options]", .answer = Answer::nothing, .shown = "", .inputs = image_pack_inputs, .examples = image_pack_examples},
    {.noun = "image", .verb = "unpack", .summary = "Take the disks out of an OVA, OVF or XVA", .description = "", .usage = "truce image unpack FILE [FOLDER] [options]", .answer = Answer::nothing, .shown = "", .inputs = image_unpack_inputs, .examples = image_unpack_examples},
    {.noun = "image", .verb = "formats", .summary = "Show the formats and what they offer", .description = "", .usage = "truce image formats", .answer = Answer::nothing, .shown = "", .examples = image_formats_examples},
    {.noun = "login", .verb = "", .summary = "Remember a server, its certificate and a token", .description = "Kept in ~/.config/truce/client.json ($TRUCE_CONFIG), readable by you only. Without --fingerprint the server's is shown and you are asked whether it is the right one. Later commands use this server.", .usage = "truce login SERVER [options]", .answer = Answer::nothing, .shown = "", .inputs = login_inputs, .examples = login_examples},
    {.noun = "completion", .verb = "", .summary = "Print the completion script of a shell", .description = "", .usage = "truce completion bash|zsh|fish", .answer = Answer::nothing, .shown = "", .inputs = completion_inputs, .examples = completion_examples},
    {.noun = "help", .verb = "", .summary = "Show help, also of one noun or verb", .description = "", .usage = "truce help [NOUN] [VERB]", .answer = Answer::nothing, .shown = "", .inputs = help_inputs, .examples = help_examples},
};

inline constexpr std::string_view everywhere_format_choices[]{"table", "json", "yaml", "csv"};
inline constexpr Input everywhere_inputs[]{
    {.name = "url", .flag = "url", .where = Where::local, .kind = Kind::text, .help = "Where the daemon is: unix:PATH or https://HOST:PORT ($TRUCE_URL; without either, the last login, then the local socket)", .value = "URL"},
    {.name = "token", .flag = "token", .where = Where::local, .kind = Kind::text, .help = "Bearer token ($TRUCE_TOKEN)", .value = "TOKEN"},
    {.name = "format", .flag = "format", .where = Where::local, .kind = Kind::choice, .help = "How the answer is printed", .value = "table|json|yaml|csv", .choices = everywhere_format_choices},
    {.name = "quiet", .flag = "quiet", .where = Where::local, .kind = Kind::boolean, .help = "Print names only"},
    {.name = "no-wait", .flag = "no-wait", .where = Where::local, .kind = Kind::boolean, .help = "Do not wait for a task; print its name"},
    {.name = "help", .flag = "help", .where = Where::local, .kind = Kind::boolean, .help = "Show help"},
};
inline constexpr Noun nouns[]{
    {"vm", "Virtual machines"},
    {"snapshot", "Machines as they were"},
    {"disk", "Disks of machines"},
    {"template", "What machines are made from"},
    {"upload", "Files on their way to become templates"},
    {"network", "Networks that machines plug into"},
    {"security-group", "Rules about who may connect to machines"},
    {"pool", "Where disks and templates are stored"},
    {"resource-pool", "Machines that share what they may have"},
    {"conflict-class", "Machines that may not be beside each other"},
    {"platform", "Estates on vCenter or ESXi, shown beside Truce's own"},
    {"host", "The machines that run virtual machines"},
    {"cluster", "Several hosts that are one estate"},
    {"rule", "Which machines are kept together or apart"},
    {"plan", "Which machines should go where, and why"},
    {"task", "Work that takes longer than an answer"},
    {"event", "What happened"},
    {"token", "Keys that open the API"},
    {"user", "Who signs in with a password"},
    {"session", "Who is signed in"},
    {"alarm", "What people are told of"},
    {"server", "The daemon itself"},
    {"support", "Help with faults"},
    {"image", "Disk images in files, of any format; needs no daemon"},
};

inline constexpr ShownField Server_fields[]{
    {"version", Kind::text, Kind::text, ""},
    {"fingerprint", Kind::text, Kind::text, ""},
    {"url", Kind::text, Kind::text, ""},
    {"user", Kind::text, Kind::text, ""},
    {"role", Kind::text, Kind::text, ""},
    {"projects", Kind::list, Kind::text, ""},
    {"first_run", Kind::boolean, Kind::boolean, ""},
    {"csrf", Kind::text, Kind::text, ""},
    {"totp", Kind::boolean, Kind::boolean, ""},
    {"session_expires", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Reload_fields[]{
    {"applied", Kind::list, Kind::text, ""},
    {"needs_restart", Kind::list, Kind::text, ""},
};
inline constexpr ShownField Hardware_fields[]{
    {"machine_version", Kind::text, Kind::text, ""},
    {"guest", Kind::choice, Kind::choice, ""},
    {"acpi", Kind::boolean, Kind::boolean, ""},
    {"cpu_model", Kind::text, Kind::text, ""},
    {"sockets", Kind::integer, Kind::integer, ""},
    {"cores", Kind::integer, Kind::integer, ""},
    {"threads", Kind::integer, Kind::integer, ""},
    {"max_cpus", Kind::integer, Kind::integer, ""},
    {"max_memory", Kind::bytes, Kind::bytes, ""},
    {"numa_nodes", Kind::integer, Kind::integer, ""},
    {"huge_pages", Kind::boolean, Kind::boolean, ""},
    {"firmware", Kind::choice, Kind::choice, ""},
    {"secure_boot", Kind::choice, Kind::choice, ""},
    {"tpm", Kind::boolean, Kind::boolean, ""},
    {"boot", Kind::list, Kind::choice, ""},
    {"cdrom", Kind::boolean, Kind::boolean, ""},
    {"disk_bus", Kind::choice, Kind::choice, ""},
    {"nic_model", Kind::choice, Kind::choice, ""},
    {"display", Kind::choice, Kind::choice, ""},
    {"gpu_3d", Kind::boolean, Kind::boolean, ""},
    {"spice", Kind::boolean, Kind::boolean, ""},
    {"usb", Kind::boolean, Kind::boolean, ""},
    {"sound", Kind::choice, Kind::choice, ""},
    {"serial_ports", Kind::integer, Kind::integer, ""},
    {"parallel_port", Kind::boolean, Kind::boolean, ""},
    {"watchdog", Kind::choice, Kind::choice, ""},
    {"pci", Kind::list, Kind::text, ""},
    {"usb_devices", Kind::list, Kind::text, ""},
};
inline constexpr ShownField VmDisk_fields[]{
    {"id", Kind::text, Kind::text, ""},
    {"size", Kind::bytes, Kind::bytes, ""},
    {"pool", Kind::text, Kind::text, ""},
    {"template", Kind::text, Kind::text, ""},
    {"clone", Kind::choice, Kind::choice, ""},
    {"port", Kind::integer, Kind::integer, ""},
    {"key", Kind::text, Kind::text, ""},
};
inline constexpr ShownField VmNic_fields[]{
    {"network", Kind::text, Kind::text, ""},
    {"mac", Kind::text, Kind::text, ""},
    {"number", Kind::integer, Kind::integer, ""},
    {"port", Kind::integer, Kind::integer, ""},
    {"forwards", Kind::list, Kind::text, ""},
    {"spoof_filter", Kind::boolean, Kind::boolean, ""},
    {"address", Kind::text, Kind::text, ""},
    {"address6", Kind::text, Kind::text, ""},
    {"security_groups", Kind::list, Kind::text, ""},
    {"send_mbit", Kind::integer, Kind::integer, ""},
    {"receive_mbit", Kind::integer, Kind::integer, ""},
    {"mirror_to", Kind::text, Kind::text, ""},
};
inline constexpr ShownField VmResources_fields[]{
    {"cpu_shares", Kind::integer, Kind::integer, ""},
    {"cpu_limit", Kind::integer, Kind::integer, ""},
    {"cpu_reservation", Kind::integer, Kind::integer, ""},
    {"memory_reservation", Kind::bytes, Kind::bytes, ""},
    {"read_iops", Kind::integer, Kind::integer, ""},
    {"write_iops", Kind::integer, Kind::integer, ""},
    {"read_rate", Kind::bytes, Kind::bytes, ""},
    {"write_rate", Kind::bytes, Kind::bytes, ""},
    {"burst_seconds", Kind::integer, Kind::integer, ""},
};
inline constexpr ShownField VmSettings_fields[]{
    {"cpus", Kind::integer, Kind::integer, ""},
    {"memory", Kind::bytes, Kind::bytes, ""},
    {"first_memory", Kind::bytes, Kind::bytes, ""},
    {"hardware", Kind::object, Kind::object, "Hardware"},
    {"iso", Kind::text, Kind::text, ""},
    {"nics", Kind::list, Kind::object, "VmNic"},
};
inline constexpr ShownField VmSnapshot_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"parent", Kind::text, Kind::text, ""},
    {"kind", Kind::choice, Kind::choice, ""},
    {"memory", Kind::bytes, Kind::bytes, ""},
    {"created", Kind::time, Kind::time, ""},
    {"settings", Kind::object, Kind::object, "VmSettings"},
};
inline constexpr ShownField SnapshotTree_fields[]{
    {"at", Kind::text, Kind::text, ""},
    {"snapshots", Kind::list, Kind::object, "VmSnapshot"},
};
inline constexpr ShownField SnapshotSource_fields[]{
    {"uuid", Kind::text, Kind::text, ""},
    {"snapshot", Kind::text, Kind::text, ""},
};
inline constexpr ShownField VmAvailability_fields[]{
    {"restart", Kind::boolean, Kind::boolean, ""},
    {"priority", Kind::choice, Kind::choice, ""},
    {"keep_running", Kind::boolean, Kind::boolean, ""},
    {"on_hang", Kind::choice, Kind::choice, ""},
    {"hang_seconds", Kind::integer, Kind::integer, ""},
    {"on_storage_loss", Kind::choice, Kind::choice, ""},
    {"storage_loss_seconds", Kind::integer, Kind::integer, ""},
    {"after", Kind::list, Kind::text, ""},
};
inline constexpr ShownField MigrationFacts_fields[]{
    {"from", Kind::text, Kind::text, ""},
    {"to", Kind::text, Kind::text, ""},
    {"time", Kind::time, Kind::time, ""},
    {"total_ms", Kind::integer, Kind::integer, ""},
    {"downtime_ms", Kind::integer, Kind::integer, ""},
    {"transferred", Kind::bytes, Kind::bytes, ""},
    {"disks_transferred", Kind::bytes, Kind::bytes, ""},
    {"rounds", Kind::integer, Kind::integer, ""},
    {"dirty_rate", Kind::bytes, Kind::bytes, ""},
    {"predicted_total_ms", Kind::integer, Kind::integer, ""},
    {"predicted_downtime_ms", Kind::integer, Kind::integer, ""},
    {"post_copy", Kind::boolean, Kind::boolean, ""},
};
inline constexpr ShownField ForeignSnapshot_fields[]{
    {"id", Kind::text, Kind::text, ""},
    {"name", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"parent", Kind::text, Kind::text, ""},
    {"memory", Kind::boolean, Kind::boolean, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField ForeignVm_fields[]{
    {"id", Kind::text, Kind::text, ""},
    {"path", Kind::text, Kind::text, ""},
    {"template", Kind::boolean, Kind::boolean, ""},
    {"guest_os", Kind::text, Kind::text, ""},
    {"guest_name", Kind::text, Kind::text, ""},
    {"tools", Kind::boolean, Kind::boolean, ""},
    {"firmware", Kind::choice, Kind::choice, ""},
    {"secure_boot", Kind::boolean, Kind::boolean, ""},
    {"cpu_mhz", Kind::integer, Kind::integer, ""},
    {"memory_used", Kind::bytes, Kind::bytes, ""},
    {"storage_used", Kind::bytes, Kind::bytes, ""},
    {"snapshot", Kind::text, Kind::text, ""},
    {"snapshots", Kind::list, Kind::object, "ForeignSnapshot"},
    {"told", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Vm_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"project", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"labels", Kind::map, Kind::text, ""},
    {"uuid", Kind::text, Kind::text, ""},
    {"number", Kind::integer, Kind::integer, ""},
    {"cpus", Kind::integer, Kind::integer, ""},
    {"memory", Kind::bytes, Kind::bytes, ""},
    {"machine", Kind::choice, Kind::choice, ""},
    {"hardware", Kind::object, Kind::object, "Hardware"},
    {"memory_min", Kind::bytes, Kind::bytes, ""},
    {"resources", Kind::object, Kind::object, "VmResources"},
    {"resource_pool", Kind::text, Kind::text, ""},
    {"conflict_class", Kind::text, Kind::text, ""},
    {"boot_once", Kind::choice, Kind::choice, ""},
    {"template", Kind::text, Kind::text, ""},
    {"iso", Kind::text, Kind::text, ""},
    {"disks", Kind::list, Kind::object, "VmDisk"},
    {"nics", Kind::list, Kind::object, "VmNic"},
    {"wanted", Kind::choice, Kind::choice, ""},
    {"observed", Kind::choice, Kind::choice, ""},
    {"generation", Kind::integer, Kind::integer, ""},
    {"stop_now", Kind::boolean, Kind::boolean, ""},
    {"stop_timeout_seconds", Kind::integer, Kind::integer, ""},
    {"host", Kind::text, Kind::text, ""},
    {"addresses", Kind::list, Kind::text, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"storage_problem", Kind::text, Kind::text, ""},
    {"leaves_storage", Kind::integer, Kind::integer, ""},
    {"created", Kind::time, Kind::time, ""},
    {"started", Kind::time, Kind::time, ""},
    {"tree", Kind::object, Kind::object, "SnapshotTree"},
    {"source", Kind::object, Kind::object, "SnapshotSource"},
    {"active", Kind::object, Kind::object, "VmSettings"},
    {"pending", Kind::list, Kind::text, ""},
    {"availability", Kind::object, Kind::object, "VmAvailability"},
    {"balance", Kind::choice, Kind::choice, ""},
    {"epoch", Kind::integer, Kind::integer, ""},
    {"moving_to", Kind::text, Kind::text, ""},
    {"relocation", Kind::text, Kind::text, ""},
    {"trial", Kind::boolean, Kind::boolean, ""},
    {"last_migration", Kind::object, Kind::object, "MigrationFacts"},
    {"platform", Kind::text, Kind::text, ""},
    {"foreign", Kind::object, Kind::object, "ForeignVm"},
};
inline constexpr ShownField MoveReport_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"to", Kind::text, Kind::text, ""},
    {"bytes", Kind::bytes, Kind::bytes, ""},
    {"kept", Kind::list, Kind::text, ""},
    {"changed", Kind::list, Kind::text, ""},
    {"lost", Kind::list, Kind::text, ""},
};
inline constexpr ShownField Platform_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"id", Kind::text, Kind::text, ""},
    {"url", Kind::text, Kind::text, ""},
    {"fingerprint", Kind::text, Kind::text, ""},
    {"ca", Kind::text, Kind::text, ""},
    {"state", Kind::choice, Kind::choice, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"since", Kind::time, Kind::time, ""},
    {"product", Kind::text, Kind::text, ""},
    {"version", Kind::text, Kind::text, ""},
    {"told", Kind::time, Kind::time, ""},
    {"age_seconds", Kind::integer, Kind::integer, ""},
    {"vms", Kind::integer, Kind::integer, ""},
    {"hosts", Kind::integer, Kind::integer, ""},
    {"pools", Kind::integer, Kind::integer, ""},
    {"networks", Kind::integer, Kind::integer, ""},
    {"added_by", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
    {"changed", Kind::time, Kind::time, ""},
};
inline constexpr ShownField VmUsage_fields[]{
    {"cpu_seconds", Kind::number, Kind::number, ""},
    {"memory", Kind::bytes, Kind::bytes, ""},
    {"balloon", Kind::bytes, Kind::bytes, ""},
    {"hot_memory", Kind::bytes, Kind::bytes, ""},
    {"guest_total", Kind::bytes, Kind::bytes, ""},
    {"guest_free", Kind::bytes, Kind::bytes, ""},
    {"guest_available", Kind::bytes, Kind::bytes, ""},
    {"cpu_pressure", Kind::number, Kind::number, ""},
    {"memory_pressure", Kind::number, Kind::number, ""},
    {"io_pressure", Kind::number, Kind::number, ""},
    {"cpu_throttled_seconds", Kind::number, Kind::number, ""},
    {"disk_read", Kind::bytes, Kind::bytes, ""},
    {"disk_written", Kind::bytes, Kind::bytes, ""},
    {"disk_reads", Kind::integer, Kind::integer, ""},
    {"disk_writes", Kind::integer, Kind::integer, ""},
    {"net_received", Kind::bytes, Kind::bytes, ""},
    {"net_sent", Kind::bytes, Kind::bytes, ""},
};
inline constexpr ShownField ResourcePool_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"parent", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"cpu_shares", Kind::integer, Kind::integer, ""},
    {"cpu_limit", Kind::integer, Kind::integer, ""},
    {"cpu_reservation", Kind::integer, Kind::integer, ""},
    {"memory_limit", Kind::bytes, Kind::bytes, ""},
    {"memory_reservation", Kind::bytes, Kind::bytes, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField ConflictClass_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"conflicts_with", Kind::list, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Template_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"kind", Kind::choice, Kind::choice, ""},
    {"description", Kind::text, Kind::text, ""},
    {"pool", Kind::text, Kind::text, ""},
    {"hosts", Kind::list, Kind::text, ""},
    {"disk_size", Kind::bytes, Kind::bytes, ""},
    {"stored", Kind::bytes, Kind::bytes, ""},
    {"cloud_init", Kind::boolean, Kind::boolean, ""},
    {"guest_agent", Kind::boolean, Kind::boolean, ""},
    {"sha256", Kind::map, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Upload_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"template", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"host", Kind::text, Kind::text, ""},
    {"size", Kind::bytes, Kind::bytes, ""},
    {"received", Kind::bytes, Kind::bytes, ""},
    {"sha256", Kind::text, Kind::text, ""},
    {"user", Kind::text, Kind::text, ""},
    {"task", Kind::text, Kind::text, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
    {"expires", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Network_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"mode", Kind::choice, Kind::choice, ""},
    {"bridge", Kind::text, Kind::text, ""},
    {"private_to", Kind::text, Kind::text, ""},
    {"subnet", Kind::text, Kind::text, ""},
    {"subnet6", Kind::text, Kind::text, ""},
    {"vni", Kind::integer, Kind::integer, ""},
    {"vlan", Kind::integer, Kind::integer, ""},
    {"domain", Kind::text, Kind::text, ""},
    {"spoof_filter", Kind::boolean, Kind::boolean, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
    {"platform", Kind::text, Kind::text, ""},
    {"foreign_id", Kind::text, Kind::text, ""},
};
inline constexpr ShownField SecurityGroup_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"project", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"rules", Kind::list, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField PoolPlace_fields[]{
    {"host", Kind::text, Kind::text, ""},
    {"path", Kind::text, Kind::text, ""},
    {"total", Kind::bytes, Kind::bytes, ""},
    {"free", Kind::bytes, Kind::bytes, ""},
    {"used", Kind::bytes, Kind::bytes, ""},
    {"allocated", Kind::bytes, Kind::bytes, ""},
    {"problem", Kind::text, Kind::text, ""},
};
inline constexpr ShownField Pool_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"host", Kind::text, Kind::text, ""},
    {"source", Kind::text, Kind::text, ""},
    {"id", Kind::text, Kind::text, ""},
    {"shared", Kind::boolean, Kind::boolean, ""},
    {"places", Kind::list, Kind::object, "PoolPlace"},
    {"path", Kind::text, Kind::text, ""},
    {"total", Kind::bytes, Kind::bytes, ""},
    {"free", Kind::bytes, Kind::bytes, ""},
    {"used", Kind::bytes, Kind::bytes, ""},
    {"allocated", Kind::bytes, Kind::bytes, ""},
    {"quota", Kind::bytes, Kind::bytes, ""},
    {"overcommit_percent", Kind::integer, Kind::integer, ""},
    {"alarm_percent", Kind::integer, Kind::integer, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
    {"platform", Kind::text, Kind::text, ""},
    {"foreign_id", Kind::text, Kind::text, ""},
};
inline constexpr ShownField Host_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"state", Kind::choice, Kind::choice, ""},
    {"cpus", Kind::integer, Kind::integer, ""},
    {"memory", Kind::bytes, Kind::bytes, ""},
    {"hypervisor", Kind::text, Kind::text, ""},
    {"accelerator", Kind::text, Kind::text, ""},
    {"network_modes", Kind::list, Kind::choice, ""},
    {"machine_types", Kind::list, Kind::text, ""},
    {"machine_version", Kind::text, Kind::text, ""},
    {"cpu_models", Kind::list, Kind::text, ""},
    {"lacks", Kind::map, Kind::text, ""},
    {"kernel", Kind::text, Kind::text, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"role", Kind::choice, Kind::choice, ""},
    {"address", Kind::text, Kind::text, ""},
    {"version", Kind::text, Kind::text, ""},
    {"format", Kind::integer, Kind::integer, ""},
    {"labels", Kind::map, Kind::text, ""},
    {"fault_domain", Kind::text, Kind::text, ""},
    {"draining", Kind::boolean, Kind::boolean, ""},
    {"power", Kind::text, Kind::text, ""},
    {"power_fingerprint", Kind::text, Kind::text, ""},
    {"power_tried", Kind::boolean, Kind::boolean, ""},
    {"wake_seconds", Kind::integer, Kind::integer, ""},
    {"sleep", Kind::choice, Kind::choice, ""},
    {"sleep_since", Kind::time, Kind::time, ""},
    {"wake_tries", Kind::integer, Kind::integer, ""},
    {"woken", Kind::time, Kind::time, ""},
    {"certificate_expires", Kind::time, Kind::time, ""},
    {"platform", Kind::text, Kind::text, ""},
    {"foreign_id", Kind::text, Kind::text, ""},
};
inline constexpr ShownField HostPower_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"power", Kind::text, Kind::text, ""},
    {"state", Kind::text, Kind::text, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"tried", Kind::boolean, Kind::boolean, ""},
};
inline constexpr ShownField ClusterManager_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"address", Kind::text, Kind::text, ""},
    {"leader", Kind::boolean, Kind::boolean, ""},
    {"healthy", Kind::boolean, Kind::boolean, ""},
    {"problem", Kind::text, Kind::text, ""},
};
inline constexpr ShownField AuthorityRotation_fields[]{
    {"stage", Kind::choice, Kind::choice, ""},
    {"old", Kind::text, Kind::text, ""},
    {"fresh", Kind::text, Kind::text, ""},
    {"etcd_fresh", Kind::text, Kind::text, ""},
    {"done", Kind::list, Kind::text, ""},
    {"turn", Kind::text, Kind::text, ""},
    {"waits", Kind::text, Kind::text, ""},
    {"started", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Cluster_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"store", Kind::choice, Kind::choice, ""},
    {"etcd", Kind::list, Kind::text, ""},
    {"etcd_prefix", Kind::text, Kind::text, ""},
    {"managers", Kind::list, Kind::object, "ClusterManager"},
    {"hosts", Kind::integer, Kind::integer, ""},
    {"online", Kind::integer, Kind::integer, ""},
    {"managers_may_fail", Kind::integer, Kind::integer, ""},
    {"hosts_may_fail", Kind::integer, Kind::integer, ""},
    {"versions", Kind::map, Kind::integer, ""},
    {"format", Kind::integer, Kind::integer, ""},
    {"fingerprint", Kind::text, Kind::text, ""},
    {"rotation", Kind::object, Kind::object, "AuthorityRotation"},
    {"cpu_baseline", Kind::text, Kind::text, ""},
    {"availability", Kind::boolean, Kind::boolean, ""},
    {"balance", Kind::choice, Kind::choice, ""},
    {"balance_minutes", Kind::integer, Kind::integer, ""},
    {"power_saving", Kind::choice, Kind::choice, ""},
    {"stay_awake", Kind::integer, Kind::integer, ""},
    {"spare_hosts", Kind::integer, Kind::integer, ""},
    {"sleep_below", Kind::integer, Kind::integer, ""},
    {"wake_above", Kind::integer, Kind::integer, ""},
    {"rest_minutes", Kind::integer, Kind::integer, ""},
    {"asleep", Kind::integer, Kind::integer, ""},
    {"power_advice", Kind::text, Kind::text, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField JoinToken_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"host", Kind::text, Kind::text, ""},
    {"role", Kind::choice, Kind::choice, ""},
    {"hash", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
    {"expires", Kind::time, Kind::time, ""},
};
inline constexpr ShownField JoinTokenSecret_fields[]{
    {"token", Kind::text, Kind::text, ""},
    {"expires", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Rule_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"kind", Kind::choice, Kind::choice, ""},
    {"must", Kind::boolean, Kind::boolean, ""},
    {"vms", Kind::list, Kind::text, ""},
    {"vm_label", Kind::text, Kind::text, ""},
    {"hosts", Kind::list, Kind::text, ""},
    {"host_label", Kind::text, Kind::text, ""},
    {"by_fault_domain", Kind::boolean, Kind::boolean, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField PlanMove_fields[]{
    {"vm", Kind::text, Kind::text, ""},
    {"from", Kind::text, Kind::text, ""},
    {"to", Kind::text, Kind::text, ""},
    {"reason", Kind::text, Kind::text, ""},
    {"score_after", Kind::number, Kind::number, ""},
    {"seconds", Kind::number, Kind::number, ""},
    {"task", Kind::text, Kind::text, ""},
};
inline constexpr ShownField Plan_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"kind", Kind::choice, Kind::choice, ""},
    {"state", Kind::choice, Kind::choice, ""},
    {"host", Kind::text, Kind::text, ""},
    {"moves", Kind::list, Kind::object, "PlanMove"},
    {"refusals", Kind::list, Kind::text, ""},
    {"score_before", Kind::number, Kind::number, ""},
    {"score_after", Kind::number, Kind::number, ""},
    {"bound", Kind::number, Kind::number, ""},
    {"bound_reason", Kind::text, Kind::text, ""},
    {"revision", Kind::integer, Kind::integer, ""},
    {"user", Kind::text, Kind::text, ""},
    {"problem", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField EstateHost_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"capacity", Kind::list, Kind::integer, ""},
    {"reservable_cpu", Kind::integer, Kind::integer, ""},
    {"fault_domain", Kind::text, Kind::text, ""},
    {"online", Kind::boolean, Kind::boolean, ""},
    {"draining", Kind::boolean, Kind::boolean, ""},
};
inline constexpr ShownField EstateMachine_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"host", Kind::text, Kind::text, ""},
    {"demand", Kind::list, Kind::integer, ""},
    {"reserved_cpu", Kind::integer, Kind::integer, ""},
    {"conflict_class", Kind::text, Kind::text, ""},
    {"reach", Kind::integer, Kind::integer, ""},
    {"fixed", Kind::text, Kind::text, ""},
    {"weight", Kind::number, Kind::number, ""},
    {"seconds", Kind::number, Kind::number, ""},
    {"rested", Kind::boolean, Kind::boolean, ""},
};
inline constexpr ShownField EstateReach_fields[]{
    {"refused", Kind::map, Kind::text, ""},
};
inline constexpr ShownField EstateRule_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"kind", Kind::choice, Kind::choice, ""},
    {"must", Kind::boolean, Kind::boolean, ""},
    {"by_fault_domain", Kind::boolean, Kind::boolean, ""},
    {"machines", Kind::list, Kind::text, ""},
    {"hosts", Kind::list, Kind::text, ""},
};
inline constexpr ShownField Estate_fields[]{
    {"hosts", Kind::list, Kind::object, "EstateHost"},
    {"machines", Kind::list, Kind::object, "EstateMachine"},
    {"reaches", Kind::list, Kind::object, "EstateReach"},
    {"rules", Kind::list, Kind::object, "EstateRule"},
    {"classes", Kind::list, Kind::object, "ConflictClass"},
    {"reserve_hosts", Kind::integer, Kind::integer, ""},
};
inline constexpr ShownField TaskStep_fields[]{
    {"time", Kind::time, Kind::time, ""},
    {"text", Kind::text, Kind::text, ""},
};
inline constexpr ShownField BootProof_fields[]{
    {"outcome", Kind::choice, Kind::choice, ""},
    {"words", Kind::text, Kind::text, ""},
    {"seen", Kind::list, Kind::text, ""},
    {"seconds", Kind::integer, Kind::integer, ""},
    {"picture", Kind::bytes, Kind::bytes, ""},
};
inline constexpr ShownField Task_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"kind", Kind::text, Kind::text, ""},
    {"target", Kind::text, Kind::text, ""},
    {"project", Kind::text, Kind::text, ""},
    {"generation", Kind::integer, Kind::integer, ""},
    {"user", Kind::text, Kind::text, ""},
    {"request", Kind::text, Kind::text, ""},
    {"state", Kind::choice, Kind::choice, ""},
    {"progress", Kind::share, Kind::share, ""},
    {"step", Kind::text, Kind::text, ""},
    {"steps", Kind::list, Kind::object, "TaskStep"},
    {"error", Kind::text, Kind::text, ""},
    {"cancel", Kind::boolean, Kind::boolean, ""},
    {"created", Kind::time, Kind::time, ""},
    {"ended", Kind::time, Kind::time, ""},
    {"proof", Kind::object, Kind::object, "BootProof"},
};
inline constexpr ShownField Event_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"time", Kind::time, Kind::time, ""},
    {"kind", Kind::text, Kind::text, ""},
    {"target", Kind::text, Kind::text, ""},
    {"project", Kind::text, Kind::text, ""},
    {"user", Kind::text, Kind::text, ""},
    {"address", Kind::text, Kind::text, ""},
    {"request", Kind::text, Kind::text, ""},
    {"message", Kind::text, Kind::text, ""},
};
inline constexpr ShownField Token_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"kind", Kind::choice, Kind::choice, ""},
    {"role", Kind::choice, Kind::choice, ""},
    {"projects", Kind::list, Kind::text, ""},
    {"sha256", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
    {"expires", Kind::time, Kind::time, ""},
};
inline constexpr ShownField TokenSecret_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"kind", Kind::choice, Kind::choice, ""},
    {"token", Kind::text, Kind::text, ""},
};
inline constexpr ShownField User_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"role", Kind::choice, Kind::choice, ""},
    {"projects", Kind::list, Kind::text, ""},
    {"disabled", Kind::boolean, Kind::boolean, ""},
    {"totp", Kind::boolean, Kind::boolean, ""},
    {"created", Kind::time, Kind::time, ""},
    {"password_changed", Kind::time, Kind::time, ""},
};
inline constexpr ShownField Session_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"user", Kind::text, Kind::text, ""},
    {"address", Kind::text, Kind::text, ""},
    {"agent", Kind::text, Kind::text, ""},
    {"sha256", Kind::text, Kind::text, ""},
    {"created", Kind::time, Kind::time, ""},
    {"expires", Kind::time, Kind::time, ""},
};
inline constexpr ShownField RaisedAlarm_fields[]{
    {"target", Kind::text, Kind::text, ""},
    {"since", Kind::time, Kind::time, ""},
    {"value", Kind::number, Kind::number, ""},
};
inline constexpr ShownField Alarm_fields[]{
    {"name", Kind::text, Kind::text, ""},
    {"description", Kind::text, Kind::text, ""},
    {"subject", Kind::choice, Kind::choice, ""},
    {"severity", Kind::choice, Kind::choice, ""},
    {"metric", Kind::text, Kind::text, ""},
    {"above", Kind::number, Kind::number, ""},
    {"below", Kind::number, Kind::number, ""},
    {"state", Kind::text, Kind::text, ""},
    {"for_seconds", Kind::integer, Kind::integer, ""},
    {"label", Kind::text, Kind::text, ""},
    {"project", Kind::text, Kind::text, ""},
    {"webhook", Kind::list, Kind::text, ""},
    {"mail", Kind::list, Kind::text, ""},
    {"disabled", Kind::boolean, Kind::boolean, ""},
    {"raised_count", Kind::integer, Kind::integer, ""},
    {"raised", Kind::list, Kind::object, "RaisedAlarm"},
    {"created", Kind::time, Kind::time, ""},
};
inline constexpr ShownField AlarmTestResult_fields[]{
    {"to", Kind::text, Kind::text, ""},
    {"error", Kind::text, Kind::text, ""},
};
inline constexpr ShownField AlarmTest_fields[]{
    {"items", Kind::list, Kind::object, "AlarmTestResult"},
};
inline constexpr ShownObject shown_objects[]{
    {"Server", Server_fields},
    {"Reload", Reload_fields},
    {"Hardware", Hardware_fields},
    {"VmDisk", VmDisk_fields},
    {"VmNic", VmNic_fields},
    {"VmResources", VmResources_fields},
    {"VmSettings", VmSettings_fields},
    {"VmSnapshot", VmSnapshot_fields},
    {"SnapshotTree", SnapshotTree_fields},
    {"SnapshotSource", SnapshotSource_fields},
    {"VmAvailability", VmAvailability_fields},
    {"MigrationFacts", MigrationFacts_fields},
    {"ForeignSnapshot", ForeignSnapshot_fields},
    {"ForeignVm", ForeignVm_fields},
    {"Vm", Vm_fields},
    {"MoveReport", MoveReport_fields},
    {"Platform", Platform_fields},
    {"VmUsage", VmUsage_fields},
    {"ResourcePool", ResourcePool_fields},
    {"ConflictClass", ConflictClass_fields},
    {"Template", Template_fields},
    {"Upload", Upload_fields},
    {"Network", Network_fields},
    {"SecurityGroup", SecurityGroup_fields},
    {"PoolPlace", PoolPlace_fields},
    {"Pool", Pool_fields},
    {"Host", Host_fields},
    {"HostPower", HostPower_fields},
    {"ClusterManager", ClusterManager_fields},
    {"AuthorityRotation", AuthorityRotation_fields},
    {"Cluster", Cluster_fields},
    {"JoinToken", JoinToken_fields},
    {"JoinTokenSecret", JoinTokenSecret_fields},
    {"Rule", Rule_fields},
    {"PlanMove", PlanMove_fields},
    {"Plan", Plan_fields},
    {"EstateHost", EstateHost_fields},
    {"EstateMachine", EstateMachine_fields},
    {"EstateReach", EstateReach_fields},
    {"EstateRule", EstateRule_fields},
    {"Estate", Estate_fields},
    {"TaskStep", TaskStep_fields},
    {"BootProof", BootProof_fields},
    {"Task", Task_fields},
    {"Event", Event_fields},
    {"Token", Token_fields},
    {"TokenSecret", TokenSecret_fields},
    {"User", User_fields},
    {"Session", Session_fields},
    {"RaisedAlarm", RaisedAlarm_fields},
    {"Alarm", Alarm_fields},
    {"AlarmTestResult", AlarmTestResult_fields},
    {"AlarmTest", AlarmTest_fields},
};

}  // namespace truce::cli
