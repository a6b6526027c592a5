// Made by tools/generate from schema/; do not edit.

/** What a machine was last seen doing. */
export type Observed = 'absent' | 'off' | 'starting' | 'running' | 'paused' | 'suspended' | 'unknown'

/** What a machine shall be. */
export type Wanted = 'absent' | 'off' | 'running' | 'paused' | 'suspended'

/** The virtual hardware. legacy is a PC of about 2000 (i440FX, IDE, PS/2) for old systems; microvm has no firmware and few devices. */
export type MachineType = 'q35' | 'microvm' | 'legacy'

/** What will run in the machine, where that changes the hardware. */
export type GuestKind = 'other' | 'windows'

/** How the machine begins. */
export type Firmware = 'bios' | 'uefi'

/** Whether UEFI starts signed programs only, and whose signatures it begins with. */
export type SecureBoot = 'off' | 'microsoft' | 'snakeoil'

/** A kind of device to boot from. */
export type BootDevice = 'disk' | 'cdrom' | 'network'

/** What disks hang on. */
export type DiskBus = 'virtio' | 'scsi' | 'sata' | 'ide' | 'pvscsi' | 'lsisas'

/** Which network card the guest sees. */
export type NicModel = 'virtio' | 'e1000' | 'e1000e' | 'rtl8139' | 'vmxnet3'

/** Which graphics card the guest sees. */
export type Display = 'none' | 'vga' | 'cirrus' | 'virtio' | 'qxl'

/** Which sound card the guest sees. Nothing is heard but through SPICE. */
export type Sound = 'none' | 'hda' | 'ac97' | 'sb16'

/** What happens when the guest no longer resets its watchdog. */
export type WatchdogAction = 'off' | 'reset' | 'shutdown' | 'poweroff' | 'pause'

/** A linked clone shares its template's blocks; a full clone stands alone. */
export type CloneKind = 'linked' | 'full'

/** nat is a bridge of the host with DHCP, names and NAT; routed is the same without NAT; isolated leads nowhere but to its own machines and the host; bridged is a bridge that the host has already; user is a network inside the VM's process, with port forwards. */
export type NetworkMode = 'nat' | 'user' | 'routed' | 'isolated' | 'bridged'

/** viewer sees, operator also works with machines, admin may do everything. */
export type Role = 'admin' | 'operator' | 'viewer'

/** Where a task stands; the last three are final. */
export type TaskState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** How a caller proves who they are. */
export type TokenKind = 'bearer' | 'certificate'

/** A bootable disk, a kernel that needs none, or an installation CD. */
export type TemplateKind = 'disk' | 'kernel' | 'iso'

/** What machines are put in order by. */
export type VmSort = 'name' | 'observed' | 'cpus' | 'memory' | 'template' | 'project' | 'host' | 'created'

/** What use is put in order by. */
export type UsageSort = 'cpu' | 'memory' | 'disk' | 'network' | 'name'

/** How far back, and so how fine, in steps of 10 seconds, 2 minutes, 15 minutes, an hour and 12 hours. */
export type MetricRange = 'hour' | 'day' | 'week' | 'month' | 'year'

/** What an alarm looks at. */
export type AlarmSubject = 'vm' | 'host' | 'pool'

/** How bad it is. */
export type AlarmSeverity = 'warning' | 'critical'

/** What happened to an alarm. */
export type AlarmNews = 'raised' | 'cleared' | 'test'

/** Whether the host's node is connected to its manager. */
export type HostState = 'online' | 'offline'

/** emptying: its machines move away, to switch it off; going: it is being switched off; asleep: it is off, to be woken; waking: it is being switched on; failed: it was to wake, or to go off, and did not. */
export type HostSleep = 'awake' | 'emptying' | 'going' | 'asleep' | 'waking' | 'failed'

/** off: hosts are switched off and on by people only; advise: what would be done is said; automatic: it is done. */
export type PowerSaving = 'off' | 'advise' | 'automatic'

/** manager: it also keeps the cluster's state; node: it only runs machines. */
export type HostRole = 'manager' | 'node'

/** Where the state is: in a file of this host, or in etcd on the managers. */
export type StoreKind = 'sqlite' | 'etcd'

/** trust: all come to believe the new authority, too; issue: all get certificates of it; forget: nobody believes the old one any more. */
export type RotationStage = 'trust' | 'issue' | 'forget'

/** off: nothing is moved; propose: a plan is made, for somebody to apply; automatic: it is carried out. */
export type BalanceMode = 'off' | 'propose' | 'automatic'

/** together and apart are about machines, on-hosts and not-on-hosts about machines and hosts. */
export type RuleKind = 'together' | 'apart' | 'on-hosts' | 'not-on-hosts'

/** In which order machines of a dead host are started elsewhere. */
export type RestartPriority = 'low' | 'medium' | 'high'

/** none: nothing but what its watchdog is for; reset: as by its reset button, three times an hour at most. */
export type HangResponse = 'none' | 'reset'

/** none: it stands still until they are back; restart-elsewhere: it is ended, and started on another host that reaches them. */
export type StorageLossResponse = 'none' | 'restart-elsewhere'

/** balance: level the load; evacuate: empty a host; consolidate: empty as many as possible. */
export type PlanKind = 'balance' | 'evacuate' | 'consolidate'

/** Where a plan stands. */
export type PlanState = 'proposed' | 'running' | 'done' | 'failed'

/** How far a move to another host is: what follows hand_over cannot be undone. */
export type MigrationPhase = 'prepare' | 'transfer' | 'hand_over' | 'settle'

/** ok, warning (something cannot be had) or missing (what machines cannot do without). */
export type CheckState = 'ok' | 'warning' | 'missing'

/** How a Xen host starts a machine: hvm as any PC, by the firmware; pvh and pv by a program of the host, of which pv asks nothing of the processor. */
export type XenKind = 'hvm' | 'pvh' | 'pv'

/** Whether a platform tells what is on it. */
export type PlatformState = 'connecting' | 'connected' | 'trouble'

/** How whole a snapshot is: taken while the machine was off, as after a power cut, with file systems frozen by the agent, or with memory. */
export type SnapshotKind = 'off' | 'crash' | 'agent' | 'memory'

/** Whose installer a file of answers is for. */
export type AnswerKind = 'autounattend' | 'kickstart' | 'preseed'

/** The serial console, the screen as VNC or SPICE, or another port of the machine. */
export type ConsoleKind = 'serial' | 'vnc' | 'spice' | 'serial2' | 'serial3' | 'serial4' | 'parallel'

/** Whether a machine has booted; unclear: it runs, and nothing that can be seen from outside says more. */
export type BootOutcome = 'booted' | 'unclear' | 'failed'

/** What a node asks of the store about its life, or about a machine of its life. */
export type LifeAct = 'read' | 'claim' | 'beat' | 'accept' | 'release' | 'adopt'

/** What became of it; unknown: nobody can tell. */
export type LifeOutcome = 'done' | 'conflict' | 'unknown'

/** What its owner may do with a machine. */
export type TenancyState = 'stopped' | 'starting' | 'running' | 'migrating'

/** Work of a node that is not the life of a machine. */
export type JobKind = 'build_template' | 'import_template' | 'import_upload' | 'delete_template' | 'create_snapshot' | 'restore_snapshot' | 'delete_snapshot' | 'create_disk' | 'resize_disk' | 'delete_disk' | 'move_disk' | 'add_nic' | 'remove_nic' | 'create_pool' | 'delete_pool' | 'migrate_vm' | 'drain_host' | 'fetch_template'

/** Short work that answers at once. */
export type CallVerb = 'reset' | 'screenshot' | 'exec' | 'serial_tail' | 'stream' | 'check_host' | 'support_files' | 'usage' | 'put_piece' | 'template_file' | 'read_template' | 'dirty_rate' | 'power_off' | 'serve_disk' | 'signs'

/** How far a move to or from a platform of others is; undo: it is given up, and what there is of it is being removed. */
export type RelocationPhase = 'prepare' | 'copy' | 'stop' | 'convert' | 'prove' | 'finish' | 'undo'

/** The daemon's own state. */
export interface Health {
  /** `ok` when the store answers */
  status: string
  /** Version of truced */
  version: string
}

/** What a server is and who is asking. */
export interface Server {
  /** Version of truced */
  version: string
  /** SHA-256 of the TLS certificate */
  fingerprint: string
  /** Where the API is served by HTTPS */
  url: string
  /** The caller's name; empty when not known */
  user: string
  /** The caller's role; empty when not known */
  role: string
  /** Only these, for the caller; empty: all */
  projects: string[]
  /** There is no user yet; the first is made with the code that truced has printed */
  first_run: boolean
  /** For a caller with a session, what the header X-Truce-Csrf must have */
  csrf: string
  /** For a caller with a session, whether a second factor is on */
  totp: boolean
  /** For a caller with a session, when it ends at the latest */
  session_expires?: string
}

/** What became of a configuration that was read again. */
export interface Reload {
  /** Options that are in force with another value than before */
  applied: string[]
  /** Options whose new value waits for a restart of truced (machines run on) */
  needs_restart: string[]
}

/** What a machine is made of; what is absent is as usual for its type. */
export interface Hardware {
  /** Version of the machine type, such as 7.2: kept from the creation (the newest then) */
  machine_version?: string
  /** windows: a clock in local time and, with KVM, what makes Windows quick (other) */
  guest?: GuestKind
  /** ACPI; without it the guest cannot be asked to power off (on) */
  acpi?: boolean
  /** max, host (with KVM), x86-64-v2, x86-64-v3, x86-64-v4, or a model that truce host show lists */
  cpu_model?: string
  /** Processor sockets; sockets x cores x threads are the processors */
  sockets?: number
  /** Cores of each socket */
  cores?: number
  /** Threads of each core */
  threads?: number
  /** How many processors it can be given while it runs (as many as it has) */
  max_cpus?: number
  /** How much memory it can be given while it runs, by virtio-mem (as much as it has) */
  max_memory?: number
  /** NUMA nodes that processors and memory are spread over */
  numa_nodes?: number
  /** Memory from the host's huge pages of 2 MiB */
  huge_pages?: boolean
  /** bios or uefi (bios) */
  firmware?: Firmware
  /** Secure Boot of UEFI: off, or with whose keys (off) */
  secure_boot?: SecureBoot
  /** A TPM 2.0 of its own */
  tpm?: boolean
  /** What to boot from, in this order (disk, then cdrom); a kernel of the template is then left out */
  boot?: BootDevice[]
  /** A CD drive, also while nothing is in it (with an iso) */
  cdrom?: boolean
  /** What disks hang on (virtio; legacy: ide). pvscsi and lsisas are what VMware's machines have */
  disk_bus?: DiskBus
  /** Which network card (virtio; legacy: e1000). vmxnet3 is what VMware's machines have */
  nic_model?: NicModel
  /** Which graphics card (vga; microvm: none) */
  display?: Display
  /** 3D by the host's graphics card; display must be virtio */
  gpu_3d?: boolean
  /** SPICE beside VNC, for the host's root */
  spice?: boolean
  /** USB with a tablet as pointer (on when a display is chosen, and for windows) */
  usb?: boolean
  /** Which sound card (none) */
  sound?: Sound
  /** Serial ports; the first is the console (1) */
  serial_ports?: number
  /** A parallel port */
  parallel_port?: boolean
  /** What an i6300esb watchdog does when the guest no longer feeds it (off) */
  watchdog?: WatchdogAction
  /** Device of the host to pass through, 0000:01:00.0; it must be bound to vfio-pci */
  pci?: string[]
  /** USB device of the host to pass through, VENDOR:PRODUCT as lsusb writes it */
  usb_devices?: string[]
}

/** A disk of a machine. */
export interface VmDisk {
  /** Unique in the machine */
  id: string
  /** What the guest sees */
  size: number
  /** Where it is stored */
  pool: string
  /** The template it was cloned from */
  template: string
  /** How it relates to the template */
  clone: CloneKind
  /** The port that it was plugged into while the machine ran; 0: its usual place */
  port: number
  /** Key of the host that it is encrypted with (LUKS); empty: not encrypted */
  key: string
}

/** One more disk. */
export interface DiskCreate {
  /** What the guest sees */
  size: number
  /** Where to store it */
  pool?: string
  /** Key of the host that it is encrypted with (LUKS); empty: not encrypted */
  key?: string
}

/** What shall change of a disk; absent fields stay. */
export interface DiskChange {
  /** What the guest sees, larger than now */
  size?: number
}

/** Where a disk shall be. */
export interface DiskMove {
  /** The other pool */
  pool: string
}

/** A network card of a machine. */
export interface VmNic {
  /** The network it is plugged into */
  network: string
  /** Its address */
  mac: string
  /** Unique in the machine */
  number: number
  /** The port that it was plugged into while the machine ran; 0: its usual place */
  port: number
  /** Port forwards in the modes user and nat, HOST:GUEST */
  forwards: string[]
  /** The guest sends from this card's own MAC and address only */
  spoof_filter: boolean
  /** Its fixed IPv4 address; empty: the network gives it one, for good */
  address: string
  /** Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6 */
  address6: string
  /** Security groups whose rules hold for it; none: everything may pass */
  security_groups: string[]
  /** What the guest may send, in Mbit/s; 0: no limit */
  send_mbit: number
  /** What the guest may receive, in Mbit/s; 0: no limit */
  receive_mbit: number
  /** Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none */
  mirror_to: string
}

/** One more network card. */
export interface NicAdd {
  /** Network to plug it into */
  network?: string
  /** Port forward on a network of mode user or nat, HOST:GUEST */
  forward?: string[]
  /** The guest sends from its own MAC and address only */
  spoof_filter?: boolean
  /** Its fixed IPv4 address; empty: the network gives it one, for good */
  address?: string
  /** Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6 */
  address6?: string
  /** Security group whose rules hold for it; none: everything may pass */
  security_group?: string[]
  /** What the guest may send, in Mbit/s; 0: no limit */
  send_mbit?: number
  /** What the guest may receive, in Mbit/s; 0: no limit */
  receive_mbit?: number
  /** Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none */
  mirror_to?: string
}

/** What shall change of a network card; absent fields stay. */
export interface NicChange {
  /** Number of the card */
  nic?: number
  /** The guest sends from this card's own MAC and address only; off for routers and fail-over addresses */
  spoof_filter?: boolean
  /** Its fixed IPv4 address, or empty for one that the network gives */
  address?: string
  /** Its fixed IPv6 address, or empty for one that the network gives */
  address6?: string
  /** Replaces its security groups (one empty text stands for none) */
  security_group?: string[]
  /** Replaces its port forwards, HOST:GUEST */
  forward?: string[]
  /** What the guest may send, in Mbit/s; 0: no limit */
  send_mbit?: number
  /** What the guest may receive, in Mbit/s; 0: no limit */
  receive_mbit?: number
  /** Network card VM/NUMBER on the same host that gets a copy of all that this one carries, or empty for none */
  mirror_to?: string
}

/** A virtual machine. */
export interface Vm {
  /** Unique among machines */
  name: string
  /** Whose it is */
  project: string
  /** Free text */
  description: string
  /** Free keys and values, for filters */
  labels: Record<string, string>
  /** Stays the same over renames */
  uuid: string
  /** Unique on its host; the base of its user id */
  number: number
  /** Virtual processors */
  cpus: number
  /** Memory */
  memory: number
  /** The virtual hardware */
  machine: MachineType
  /** What differs from the usual of that type */
  hardware?: Hardware
  /** What the balloon leaves it when the host is short of memory; 0: all */
  memory_min: number
  /** What it may have of its host */
  resources?: VmResources
  /** The resource pool that it is in */
  resource_pool: string
  /** Its conflict class; empty: none */
  conflict_class: string
  /** What the start that is wanted boots from */
  boot_once?: BootDevice
  /** The template it was made from, with its version */
  template: string
  /** The CD in its drive */
  iso: string
  /** Its disks */
  disks: VmDisk[]
  /** Its network cards */
  nics: VmNic[]
  /** What it shall be */
  wanted: Wanted
  /** What it was last seen doing */
  observed: Observed
  /** Counts the changes of what is wanted */
  generation: number
  /** The stop that is wanted does not wait for the guest */
  stop_now: boolean
  /** How long the guest may take to power off */
  stop_timeout_seconds: number
  /** Where it is placed */
  host: string
  /** The guest's addresses */
  addresses: string[]
  /** Why it is not as wanted, for people */
  problem: string
  /** Why its host cannot read or write its disks, while it stands still for that */
  storage_problem: string
  /** The generation in which its host ends it, as it cannot reach its disks, so that another one starts it; 0: none */
  leaves_storage: number
  /** When it was created */
  created: string
  /** When it last began to run */
  started?: string
  /** Its snapshots */
  tree?: SnapshotTree
  /** The snapshot that its disks were copied from */
  source?: SnapshotSource
  /** What it runs with, where it runs */
  active?: VmSettings
  /** What waits for its next start, for people */
  pending: string[]
  /** What becomes of it when its host dies or loses its disks, or its guest hangs */
  availability?: VmAvailability
  /** Whether plans for balance move it; propose: only those that somebody applies */
  balance: BalanceMode
  /** Counts the hosts that it was given to: whoever writes to its disks must know the newest */
  epoch: number
  /** The host that it is moving to */
  moving_to: string
  /** The task of its move to or from a platform of others, while that is under way */
  relocation: string
  /** It runs as a throw-away, to see whether it boots: nothing that it writes is kept, and its network cards reach nobody */
  trial: boolean
  /** How its last move to another host went */
  last_migration?: MigrationFacts
  /** The platform of others that it is on; such a machine has of these fields only those that the platform tells, and its name is PLATFORM/NAME */
  platform?: string
  /** What its platform says of it */
  foreign?: ForeignVm
}

/** How a machine moves to, from or between platforms of others. */
export interface MoveOptions {
  /** here, or the name of a platform */
  to: string
  /** What it is called there (as it is now, as far as that goes) */
  new_name?: string
  /** Whose it is here */
  project?: string
  /** Where its disks are stored (here: default; on a platform the one with most room) */
  pool?: string
  /** Where it is placed (the one that suits best) */
  host?: string
  /** Which network its cards are plugged into: a name for all, or BEFORE=THEN for those of one (one of the same name; here: default) */
  network?: string[]
  /** What it was moved from stays, off, until somebody deletes it */
  keep_source?: boolean
  /** Start it when it has come */
  start?: boolean
  /** When it comes here: change its guest so that it boots here (drivers, names of disks and network cards), by libguestfs on the manager that leads */
  prepare?: boolean
  /** When it comes here: before it counts as here, start it once as a throw-away without a network, and undo the move if it does not boot */
  prove?: boolean
  /** How long that may take until there is a sign that it has booted, or has not */
  prove_seconds?: number
  /** Copy it while it runs, then what it has changed meanwhile, again and again; it is shut down for the last part only */
  warm?: boolean
  /** How a Xen host that it goes to starts it: hvm for any system; pvh and pv for Linux alone, by GRUB of that host from its first disk (hvm) */
  xen?: XenKind
  /** Where GRUB for pvh or pv is on that host (as Debian's package grub-xen-host has it, in /usr/lib/grub-xen) */
  xen_loader?: string
}

/** What a move to or from a platform of others would do. */
export interface MoveReport {
  /** What it would be called */
  name: string
  /** here, or the platform */
  to: string
  /** Size of its disks */
  bytes: number
  /** What stays as it is, for people */
  kept: string[]
  /** What is another there */
  changed: string[]
  /** What does not go along */
  lost: string[]
}

/** A machine that a platform of others manages. */
export interface ForeignVm {
  /** The platform's own name for it */
  id: string
  /** Where it is there, DC/vm/FOLDER */
  path: string
  /** It cannot be started, only cloned */
  template: boolean
  /** What runs in it, for people */
  guest_os: string
  /** The guest's own name for itself */
  guest_name: string
  /** The guest's own tools run */
  tools: boolean
  /** How it begins */
  firmware: Firmware
  /** Only signed programs are started */
  secure_boot: boolean
  /** Processor time that it uses, in MHz */
  cpu_mhz: number
  /** What it takes of its host */
  memory_used: number
  /** What it takes in pools */
  storage_used: number
  /** The id of the snapshot that it goes on from; empty: none */
  snapshot: string
  /** All of them, parents before their children */
  snapshots: ForeignSnapshot[]
  /** When the platform last told something: all of this is so old */
  told: string
}

/** A snapshot on a platform of others. */
export interface ForeignSnapshot {
  /** The platform's own name for it */
  id: string
  /** May stand more than once */
  name: string
  /** Free text */
  description: string
  /** The id of the one that it was taken after; empty: none */
  parent: string
  /** With the memory of the machine */
  memory: boolean
  /** The moment */
  created: string
}

/** A management platform of others, such as a vCenter, that is shown and used beside Truce's own machines. */
export interface Platform {
  /** Unique among platforms */
  name: string
  /** Another one when a platform of this name is added anew */
  id: string
  /** Where it is, and who asks: vsphere://USER@HOST:PORT, xen://USER@MASTER, hyperv://USER@HOST, libvirt+qemu+ssh://USER@HOST/system, ssh://USER@HOST */
  url: string
  /** SHA-256 of the one certificate that is accepted; empty: one that an authority has signed */
  fingerprint: string
  /** Those authorities, PEM; empty: the ones that the managers' systems believe */
  ca: string
  /** Whether it tells what is on it */
  state: PlatformState
  /** Why it does not, for people */
  problem: string
  /** When that began */
  since?: string
  /** What it is */
  product: string
  /** Its version */
  version: string
  /** When it last told something: all that is shown of it is so old; absent: it never has */
  told?: string
  /** The same as a number of seconds */
  age_seconds?: number
  /** Machines on it */
  vms: number
  /** Its hosts */
  hosts: number
  /** Where it keeps disks */
  pools: number
  /** Its networks */
  networks: number
  /** Who added it */
  added_by: string
  /** When it was added */
  created: string
  /** When its address, password or trust was last set */
  changed: string
}

/** A page of platforms. */
export interface PlatformList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Platform[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A platform to be connected. */
export interface PlatformCreate {
  /** Unique among platforms */
  name: string
  /** Where it is, and who asks: vsphere://USER@HOST:PORT (vCenter or ESXi), libvirt+qemu+ssh://USER@HOST/system (also libvirt+xen, +tls; libvirt+qemu:///system: the host of the manager) */
  url: string
  /** The password of that user; empty where the address needs none: libvirt by ssh, or on this host */
  password: string
  /** SHA-256 of the certificate that it shows, which is accepted whoever has signed it */
  fingerprint?: string
  /** Authorities that may have signed its certificate, PEM, instead of those that the system believes */
  ca?: string
}

/** What shall change; absent fields stay. */
export interface PlatformChange {
  /** Where it is, and who asks: vsphere://USER@HOST:PORT, libvirt+qemu+ssh://USER@HOST/system */
  url?: string
  /** The password of that user */
  password?: string
  /** SHA-256 of the certificate that is accepted; empty: one that an authority has signed */
  fingerprint?: string
  /** Authorities that may have signed its certificate, PEM; empty: those that the system believes */
  ca?: string
}

/** What a running machine uses. */
export interface VmUsage {
  /** Processor time since it was started, of its process */
  cpu_seconds: number
  /** What the host has given its process */
  memory: number
  /** What the guest has after the balloon */
  balloon: number
  /** Memory that was added while it ran, as far as the guest took it */
  hot_memory: number
  /** Memory as the guest counts it; 0: it does not tell */
  guest_total: number
  /** Memory that the guest does not use */
  guest_free: number
  /** Memory that the guest could use without swapping */
  guest_available: number
  /** Part of the last 10 seconds in which it waited for processors, in percent; where the host tells */
  cpu_pressure: number
  /** The same, for memory */
  memory_pressure: number
  /** The same, for disks */
  io_pressure: number
  /** How long its limit has held it back */
  cpu_throttled_seconds: number
  /** Read from its disks since its start */
  disk_read: number
  /** Written to its disks since its start */
  disk_written: number
  /** Reads of its disks since its start */
  disk_reads: number
  /** Writes to its disks since its start */
  disk_writes: number
  /** Received by its network cards since its start; absent: not known, as in user-mode networks */
  net_received?: number
  /** Sent by its network cards since its start; absent: not known */
  net_sent?: number
}

/** What a machine may have of its host; what is absent is as usual. */
export interface VmResources {
  /** Its weight where processors are short (100 a processor) */
  cpu_shares?: number
  /** Processor time at most, in percent of one processor; 0: no limit */
  cpu_limit?: number
  /** Processor time that is kept for it, in percent of one processor; 0: none */
  cpu_reservation?: number
  /** Memory that is kept for it; 0: none */
  memory_reservation?: number
  /** Reads a second of all its disks; 0: no limit */
  read_iops?: number
  /** Writes a second; 0: no limit */
  write_iops?: number
  /** Bytes read a second; 0: no limit */
  read_rate?: number
  /** Bytes written a second; 0: no limit */
  write_rate?: number
  /** How long it may have ten times as much of its disks; 0: never */
  burst_seconds?: number
}

/** Machines that share what they may have. */
export interface ResourcePool {
  /** Unique among resource pools */
  name: string
  /** The pool that it is in; empty: the host itself */
  parent: string
  /** Free text */
  description: string
  /** Its weight among its siblings where processors are short */
  cpu_shares: number
  /** Processor time of all its machines at most, in percent of one processor; 0: no limit */
  cpu_limit: number
  /** Processor time that its machines may reserve together, in percent of one processor; 0: as its parent */
  cpu_reservation: number
  /** Memory of all its running machines at most; 0: no limit */
  memory_limit: number
  /** Memory that its machines may reserve together; 0: as its parent */
  memory_reservation: number
  /** When it was created */
  created: string
}

/** A new resource pool. */
export interface ResourcePoolCreate {
  /** Unique among resource pools */
  name: string
  /** The pool that it shall be in (the host itself) */
  parent?: string
  /** Free text */
  description?: string
  /** Its weight among its siblings where processors are short */
  cpu_shares?: number
  /** Processor time of all its machines at most, in percent of one processor; 0: no limit */
  cpu_limit?: number
  /** Processor time that its machines may reserve together, in percent of one processor; 0: as its parent */
  cpu_reservation?: number
  /** Memory of all its running machines at most; 0: no limit */
  memory_limit?: number
  /** Memory that its machines may reserve together; 0: as its parent */
  memory_reservation?: number
}

/** What shall change; absent fields stay. */
export interface ResourcePoolChange {
  /** Free text */
  description?: string
  /** Its weight among its siblings where processors are short */
  cpu_shares?: number
  /** Processor time of all its machines at most, in percent of one processor; 0: no limit */
  cpu_limit?: number
  /** Processor time that its machines may reserve together, in percent of one processor; 0: as its parent */
  cpu_reservation?: number
  /** Memory of all its running machines at most; 0: no limit */
  memory_limit?: number
  /** Memory that its machines may reserve together; 0: as its parent */
  memory_reservation?: number
}

/** Machines that may not be beside those of other classes. */
export interface ConflictClass {
  /** Unique among conflict classes */
  name: string
  /** Free text */
  description: string
  /** Classes that may not be on the same host; it holds both ways */
  conflicts_with: string[]
  /** When it was created */
  created: string
}

/** A new conflict class. */
export interface ConflictClassCreate {
  /** Unique among conflict classes */
  name: string
  /** Free text */
  description?: string
  /** A class that may not be on the same host; it may be made later */
  conflicts_with?: string[]
}

/** What shall change; absent fields stay. */
export interface ConflictClassChange {
  /** Free text */
  description?: string
  /** Replaces the classes that may not be on the same host */
  conflicts_with?: string[]
}

/** What of a machine goes back with a snapshot. */
export interface VmSettings {
  /** Virtual processors */
  cpus: number
  /** Memory */
  memory: number
  /** What of it was there at its start; the rest was added since. 0: all */
  first_memory: number
  /** What differs from the usual of its type */
  hardware?: Hardware
  /** The CD in its drive */
  iso: string
  /** Its network cards */
  nics?: VmNic[]
}

/** A machine as it was at one moment. */
export interface VmSnapshot {
  /** Unique in the machine */
  name: string
  /** Free text */
  description: string
  /** The snapshot that it was taken after; empty: none */
  parent: string
  /** How whole it is */
  kind: SnapshotKind
  /** Room that its memory takes; 0 without */
  memory: number
  /** The moment */
  created: string
  /** The machine's settings then */
  settings: VmSettings
}

/** The snapshots of a machine. */
export interface SnapshotTree {
  /** The snapshot that the machine goes on from */
  at: string
  /** All of them, the oldest first */
  snapshots: VmSnapshot[]
}

/** A snapshot of another machine. */
export interface SnapshotSource {
  /** Of that machine */
  uuid: string
  /** Its name then */
  snapshot: string
}

/** What a new snapshot shall be. */
export interface SnapshotCreate {
  /** Unique in the machine */
  name: string
  /** Free text */
  description?: string
  /** With the memory of a machine that runs */
  memory?: boolean
  /** Freeze the guest's file systems by its agent for the moment */
  quiesce?: boolean
}

/** What the new machine shall be. */
export interface CloneOptions {
  /** Unique among machines */
  new_name: string
  /** Start it at once */
  start?: boolean
}

/** How to restore a snapshot. */
export interface RestoreOptions {
  /** Start the machine, when the snapshot has no memory */
  start?: boolean
}

/** What a new machine shall be. */
export interface VmCreate {
  /** Unique among machines */
  name: string
  /** Whose it is */
  project?: string
  /** Free text */
  description?: string
  /** Free keys and values (key=value) */
  labels?: Record<string, string>
  /** Template to clone, NAME or NAME@VERSION */
  template?: string
  /** Template of kind iso to put into its CD drive */
  iso?: string
  /** Virtual processors */
  cpus?: number
  /** Memory */
  memory?: number
  /** Size of its disk (default: the template's) */
  disk?: number
  /** linked or full */
  clone?: CloneKind
  /** Key of the host to encrypt its disk with (LUKS); empty: not encrypted */
  disk_key?: string
  /** q35, legacy or microvm */
  machine?: MachineType
  /** What differs from the usual of that type */
  hardware?: Hardware
  /** Network to plug it into */
  network?: string
  /** Port forward on a network of mode user or nat, HOST:GUEST */
  forward?: string[]
  /** The guest sends from its own MAC and address only */
  spoof_filter?: boolean
  /** Its fixed IPv4 address; empty: the network gives it one, for good */
  address?: string
  /** Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6 */
  address6?: string
  /** Security group whose rules hold for it; none: everything may pass */
  security_group?: string[]
  /** What the guest may send, in Mbit/s; 0: no limit */
  send_mbit?: number
  /** What the guest may receive, in Mbit/s; 0: no limit */
  receive_mbit?: number
  /** Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none */
  mirror_to?: string
  /** cloud-init user-data */
  cloud_init?: string
  /** SSH public keys for the template's user */
  ssh_keys?: string[]
  /** Answers for an installer, on a CD while an iso is in the drive */
  answer_file?: string
  /** autounattend, kickstart or preseed (seen from its content) */
  answer_kind?: AnswerKind
  /** Where to store its disk */
  pool?: string
  /** What the balloon leaves it when the host is short of memory; 0: all */
  memory_min?: number
  /** What it may have of its host */
  resources?: VmResources
  /** What becomes of it when its host dies or loses its disks, or its guest hangs */
  availability?: AvailabilityChange
  /** The resource pool that it is in */
  resource_pool?: string
  /** Its conflict class; empty: none */
  conflict_class?: string
  /** Start it at once */
  start?: boolean
}

/** What shall change; absent fields stay. */
export interface VmChange {
  /** Free text */
  description?: string
  /** Replaces all labels (key=value) */
  labels?: Record<string, string>
  /** Virtual processors */
  cpus?: number
  /** Memory */
  memory?: number
  /** The CD in its drive, or empty for none */
  iso?: string
  /** What the balloon leaves it when the host is short of memory; 0: all */
  memory_min?: number
  /** What shall change of it */
  hardware?: Hardware
  /** What it may have of its host */
  resources?: VmResources
  /** What becomes of it when its host dies or loses its disks, or its guest hangs */
  availability?: AvailabilityChange
  /** Whether plans for balance move it; propose: only those that somebody applies */
  balance?: BalanceMode
  /** The resource pool that it shall be in */
  resource_pool?: string
  /** Its conflict class; empty: none */
  conflict_class?: string
}

/** How to start. */
export interface StartOptions {
  /** Boot from this first, this time only */
  boot?: BootDevice
}

/** How to stop. */
export interface StopOptions {
  /** Cut the power instead of asking the guest */
  now?: boolean
  /** How long the guest may take */
  timeout_seconds?: number
}

/** A new name. */
export interface Rename {
  /** The new name */
  new_name: string
}

/** A program to run in the guest. */
export interface ExecRequest {
  /** The program and its arguments */
  argv: string[]
  /** How long to wait for its end */
  timeout_seconds?: number
}

/** How the program ended. */
export interface ExecAnswer {
  /** Its exit status */
  exit_code: number
  /** Its standard output */
  out: string
  /** Its standard error */
  err: string
}

/** Which console. */
export interface ConsoleRequest {
  /** Which one */
  kind?: ConsoleKind
}

/** A one-use key for a console. */
export interface ConsoleTicket {
  /** The key */
  ticket: string
  /** Where to open the WebSocket */
  path: string
}

/** An immutable version of what machines are cloned from. */
export interface Template {
  /** NAME@VERSION */
  name: string
  /** What it holds */
  kind: TemplateKind
  /** Free text */
  description: string
  /** Where it is stored */
  pool: string
  /** Hosts that have its files */
  hosts: string[]
  /** Size of the disk that the guest sees */
  disk_size: number
  /** Room that its files take */
  stored: number
  /** Reads cloud-init's data */
  cloud_init: boolean
  /** Has the guest agent */
  guest_agent: boolean
  /** Checksum of each file */
  sha256: Record<string, string>
  /** When it was finished */
  created: string
}

/** How to make a template. */
export interface TemplateCreate {
  /** Name of the family; the version is added */
  name: string
  /** Free text */
  description?: string
  /** Recipe to follow: debian-12 or tiny */
  recipe?: string
  /** Path of a disk image or ISO on the host */
  file?: string
  /** The host that makes it; empty: the manager's own */
  host?: string
}

/** A disk image or ISO that arrives in pieces, until it is a template. */
export interface Upload {
  /** Unique among uploads, chosen by the server */
  name: string
  /** The family that the new version will be of */
  template: string
  /** For the template */
  description: string
  /** Where it is stored */
  host: string
  /** Of the whole file */
  size: number
  /** How much is on the disk, whatever happens; the next piece begins there */
  received: number
  /** What the whole file is checked against; empty: nothing */
  sha256: string
  /** Who began it */
  user: string
  /** The task that makes the template; empty: none */
  task: string
  /** Why no template came of it */
  problem: string
  /** When it was begun */
  created: string
  /** When it is removed unless a piece arrives */
  expires: string
}

/** A file that is to be sent. */
export interface UploadCreate {
  /** Name of the family; the version is added */
  template: string
  /** Free text */
  description?: string
  /** Of the whole file, at most 64 TiB */
  size: number
  /** Of the whole file, in 64 hexadecimal digits; empty: it is not checked */
  sha256?: string
}

/** A network that machines plug into. */
export interface Network {
  /** Unique among networks */
  name: string
  /** nat, routed, isolated, bridged or user */
  mode: NetworkMode
  /** The host's bridge, in mode bridged */
  bridge: string
  /** Only machines of this project may use it; empty: all */
  private_to: string
  /** Its addresses; the first is the host's */
  subnet: string
  /** Its IPv6 addresses; the first is the host's */
  subnet6: string
  /** Number of its overlay over all hosts (VXLAN); 0: each host has a network of its own by this name */
  vni: number
  /** VLAN on the host's bridge, in mode bridged; 0: untagged */
  vlan: number
  /** DNS suffix of the machines */
  domain: string
  /** Guests send from their own MAC and address only */
  spoof_filter: boolean
  /** Why it does not work */
  problem: string
  /** When it was created */
  created: string
  /** The platform of others that it is on; then it has only the fields that this tells, and its name is PLATFORM/NAME */
  platform?: string
  /** The name that its platform knows it by */
  foreign_id?: string
}

/** A new network. */
export interface NetworkCreate {
  /** Unique among networks */
  name: string
  /** nat, routed, isolated, bridged or user */
  mode?: NetworkMode
  /** A bridge that the host has already (mode bridged) */
  bridge?: string
  /** Only machines of this project may use it (all) */
  private_to?: string
  /** IPv4 addresses such as 10.88.0.0/24 (modes nat, routed, isolated) */
  subnet?: string
  /** IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated); empty: no IPv6 */
  subnet6?: string
  /** One network over all hosts (VXLAN), so that machines keep their addresses when they move */
  overlay?: boolean
  /** VLAN on the host's bridge, in mode bridged; 0: untagged */
  vlan?: number
  /** DNS suffix of the machines */
  domain?: string
  /** Guests send from their own MAC and address only */
  spoof_filter?: boolean
}

/** What shall change; absent fields stay. */
export interface NetworkChange {
  /** Guests send from their own MAC and address only */
  spoof_filter?: boolean
  /** IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated), or empty for no IPv6 */
  subnet6?: string
}

/** A set of rules about who may connect to network cards, and where these may connect to. */
export interface SecurityGroup {
  /** Unique among security groups */
  name: string
  /** Whose it is; machines of this project may use it */
  project: string
  /** Free text */
  description: string
  /** What may pass, such as ingress tcp 80,443 from 10.0.0.0/8 or from fd00::/8 */
  rules: string[]
  /** When it was created */
  created: string
}

/** A new security group. */
export interface SecurityGroupCreate {
  /** Unique among security groups */
  name: string
  /** Whose it is */
  project?: string
  /** Free text */
  description?: string
  /** ingress or egress, then any, tcp, udp or icmp, then ports (80,8000-8100), then from or to a CIDR or group:NAME */
  rule?: string[]
  /** The same from a file, one a line */
  rules_file?: string[]
}

/** What shall change; absent fields stay. */
export interface SecurityGroupChange {
  /** Free text */
  description?: string
  /** A rule to add */
  add_rule?: string[]
  /** A rule to take out, as truce security-group show writes it */
  remove_rule?: string[]
  /** Replaces all rules by those of a file, one a line */
  rules_file?: string[]
}

/** A place for disks and templates. */
export interface Pool {
  /** Unique among pools */
  name: string
  /** Where it is */
  host: string
  /** The folder that was given */
  source: string
  /** What its folder is known by on all hosts, where it is shared */
  id: string
  /** All hosts see the same files in it */
  shared: boolean
  /** How each host has it */
  places: PoolPlace[]
  /** Its folder */
  path: string
  /** Size of what it lies on */
  total: number
  /** Free there, and within its quota */
  free: number
  /** Stored in this pool */
  used: number
  /** Promised to machines */
  allocated: number
  /** What may be stored in it at most; 0: no limit */
  quota: number
  /** What may be promised to machines, in percent of its size; 0: no limit */
  overcommit_percent: number
  /** From this part on that is used it says so, in percent */
  alarm_percent: number
  /** What is wrong with it, for people */
  problem: string
  /** When it was created */
  created?: string
  /** The platform of others that it is on; then it has only the fields that this tells, and its name is PLATFORM/NAME */
  platform?: string
  /** The name that its platform knows it by */
  foreign_id?: string
}

/** A new storage pool. */
export interface PoolCreate {
  /** Unique among pools */
  name: string
  /** A folder of the host, of any file system that is mounted there */
  source: string
  /** The host whose folder it is, or that makes it where it is shared; empty: the manager's own */
  host?: string
  /** The folder is the same on all hosts, such as an NFS mount */
  shared?: boolean
  /** What may be stored in it at most; 0: no limit */
  quota?: number
  /** What may be promised to machines, in percent of its size; 0: no limit */
  overcommit_percent?: number
  /** From this part on that is used it says so, in percent */
  alarm_percent?: number
}

/** What shall change; absent fields stay. */
export interface PoolChange {
  /** What may be stored in it at most; 0: no limit */
  quota?: number
  /** What may be promised to machines, in percent of its size; 0: no limit */
  overcommit_percent?: number
  /** From this part on that is used it says so, in percent */
  alarm_percent?: number
}

/** A machine that runs virtual machines. */
export interface Host {
  /** Unique among hosts */
  name: string
  /** Whether it is connected */
  state: HostState
  /** Processors */
  cpus: number
  /** Memory */
  memory: number
  /** Name and version */
  hypervisor: string
  /** kvm, or tcg (software emulation: slow) */
  accelerator: string
  /** What its rights allow */
  network_modes: NetworkMode[]
  /** Hardware that it can run */
  machine_types: string[]
  /** The newest version of these */
  machine_version: string
  /** Processor models that machines can have */
  cpu_models: string[]
  /** What it cannot give to machines, and why */
  lacks: Record<string, string>
  /** Version of its Linux */
  kernel: string
  /** What is wrong with it, for people */
  problem: string
  /** Whether it keeps the cluster's state */
  role: HostRole
  /** Where other hosts reach it, ADDRESS:PORT */
  address: string
  /** Of its truced */
  version: string
  /** The newest format of the state that it knows */
  format: number
  /** Free keys and values, for rules and filters */
  labels: Record<string, string>
  /** What fails together with it, such as a rack */
  fault_domain: string
  /** Nothing is placed on it */
  draining: boolean
  /** What switches it: wol:MAC, redfish://USER@HOST or ipmi://USER@HOST; empty: people only */
  power: string
  /** SHA-256 of its management controller's certificate */
  power_fingerprint: string
  /** That has switched it off and on again before */
  power_tried: boolean
  /** The longest that waking took */
  wake_seconds: number
  /** Whether it is switched off to save power */
  sleep: HostSleep
  /** For how long it is as `sleep` says; absent while it is awake */
  sleep_since?: string
  /** How often it was tried to wake it this time */
  wake_tries: number
  /** When it was awake again the last time */
  woken?: string
  /** When its certificate of the cluster ends */
  certificate_expires?: string
  /** The platform of others that it is on; then it has only the fields that this tells, and its name is PLATFORM/NAME */
  platform?: string
  /** The name that its platform knows it by */
  foreign_id?: string
}

/** What shall change; absent fields stay. */
export interface HostChange {
  /** Replaces its labels */
  label?: Record<string, string>
  /** What fails together with it, such as a rack */
  fault_domain?: string
  /** What switches it: wol:MAC[@BROADCAST], redfish://USER@HOST[:PORT][/SYSTEM], ipmi://USER@HOST[:PORT] or none */
  power?: string
  /** The password of that user; it is kept sealed and never shown */
  power_password?: string
  /** SHA-256 of the certificate of its management controller, which is trusted by that alone (redfish) */
  power_fingerprint?: string
}

/** What a host's power control says. */
export interface HostPower {
  /** Of the host */
  name: string
  /** What switches it */
  power: string
  /** on, off, or between on and off; empty: it was not told */
  state: string
  /** Why it does not tell, for people */
  problem: string
  /** It has switched the host off and on again before */
  tried: boolean
}

/** How a host is emptied. */
export interface DrainOptions {
  /** Disks that other hosts cannot reach are copied */
  with_storage?: boolean
  /** How many machines move at once */
  parallel?: number
  /** Machines that cannot move while they run are stopped for it */
  stop?: boolean
}

/** How a machine goes to another host. */
export interface MigrateOptions {
  /** The other host; empty: the best one */
  to?: string
  /** Disks that the other host cannot reach are copied to its pools */
  with_storage?: boolean
  /** How long the guest may stand still, in milliseconds */
  downtime_ms?: number
  /** Bytes a second at most; 0: no limit */
  bandwidth?: number
  /** Connections that memory goes over */
  channels?: number
  /** Compress memory (zstd) */
  compress?: boolean
  /** Slow the guest down when it changes its memory quicker than it can be sent */
  auto_converge?: boolean
  /** When it does not converge, go on at the other host and fetch the rest; a failure then costs the machine's memory */
  post_copy?: boolean
  /** Suspend it, move it and resume it, when it cannot move while it runs */
  offline?: boolean
}

/** How the last move to another host went. */
export interface MigrationFacts {
  /** The host it came from */
  from: string
  /** The host it went to */
  to: string
  /** When it ended */
  time: string
  /** How long it took, in milliseconds */
  total_ms: number
  /** How long the guest stood still, in milliseconds */
  downtime_ms: number
  /** Memory that was sent */
  transferred: number
  /** Disks that were sent */
  disks_transferred: number
  /** How often changed memory was sent again */
  rounds: number
  /** Memory that the guest changed a second, measured before */
  dirty_rate: number
  /** What was expected */
  predicted_total_ms: number
  /** What was expected */
  predicted_downtime_ms: number
  /** It went on before all memory had come */
  post_copy: boolean
}

/** What becomes of a machine whose host dies, is cut off or loses its disks, or whose guest hangs. */
export interface VmAvailability {
  /** It is started on another host */
  restart: boolean
  /** When, among others */
  priority: RestartPriority
  /** A host that is cut off lets it run on; then it is never started elsewhere meanwhile */
  keep_running: boolean
  /** What its host does when its guest hangs */
  on_hang: HangResponse
  /** How long its guest agent, which has answered before, must be silent, without any disk or network traffic, to count as hanging */
  hang_seconds: number
  /** What is done when its host no longer reaches its disks */
  on_storage_loss: StorageLossResponse
  /** After how long */
  storage_loss_seconds: number
  /** Machines that have to run before it is started */
  after: string[]
}

/** What shall change of what becomes of a machine in trouble; absent fields stay. */
export interface AvailabilityChange {
  /** It is started on another host */
  restart_elsewhere?: boolean
  /** When, among others */
  restart_priority?: RestartPriority
  /** A host that is cut off lets it run on; then it is never started elsewhere meanwhile */
  keep_running?: boolean
  /** What its host does when its guest hangs */
  on_hang?: HangResponse
  /** How long its guest agent, which has answered before, must be silent, without any disk or network traffic, to count as hanging (60) */
  hang_seconds?: number
  /** What is done when its host no longer reaches its disks */
  on_storage_loss?: StorageLossResponse
  /** After how long that is done (60) */
  storage_loss_seconds?: number
  /** Machines that have to run before it is started */
  restart_after?: string[]
}

/** A pool as one host has it. */
export interface PoolPlace {
  /** Which host */
  host: string
  /** Its folder there */
  path: string
  /** Size of what it lies on */
  total: number
  /** Free there, and within its quota */
  free: number
  /** Stored there */
  used: number
  /** Promised to machines there */
  allocated: number
  /** What is wrong with it there, for people */
  problem: string
}

/** A host that keeps the cluster's state. */
export interface ClusterManager {
  /** Of the host */
  name: string
  /** Where the others reach it, ADDRESS:PORT */
  address: string
  /** It decides now */
  leader: boolean
  /** It answers */
  healthy: boolean
  /** What is wrong with it, for people */
  problem: string
}

/** Several hosts that are one estate. */
export interface Cluster {
  /** Of the cluster; empty while this is a single host */
  name: string
  /** Where its state is */
  store: StoreKind
  /** Addresses of the etcd of one's own that its state is in; none: truced runs its own */
  etcd: string[]
  /** What its keys begin with there */
  etcd_prefix: string
  /** Hosts that keep its state */
  managers: ClusterManager[]
  /** How many hosts it has */
  hosts: number
  /** How many of them are connected */
  online: number
  /** How many managers can still fail before nothing can be changed any more */
  managers_may_fail: number
  /** How many hosts can still fail before machines find no room */
  hosts_may_fail: number
  /** How many hosts have which version of truced */
  versions: Record<string, number>
  /** Of its state: the newest that all its hosts know */
  format: number
  /** SHA-256 of its certificate authority */
  fingerprint: string
  /** How far the replacement of that is; absent while there is none */
  rotation?: AuthorityRotation
  /** Processor model that machines get, so that they run on all its hosts */
  cpu_baseline: string
  /** Machines of a host that dies or is cut off are started on others */
  availability: boolean
  /** What is done by itself when the load is uneven */
  balance: BalanceMode
  /** So often the load is looked at */
  balance_minutes: number
  /** What is done by itself where hosts are not needed */
  power_saving: PowerSaving
  /** So many hosts are never asleep */
  stay_awake: number
  /** So many of those that are awake may fail and machines still find room */
  spare_hosts: number
  /** A host sleeps where the others would be used to no more, in percent */
  sleep_below: number
  /** One is woken where those that are awake are used to more, in percent */
  wake_above: number
  /** A host that has woken stays so for this long */
  rest_minutes: number
  /** How many hosts sleep, or are on the way there or back */
  asleep: number
  /** Which hosts would be switched off or on now, and why no others */
  power_advice: string
  /** What is wrong with it, for people */
  problem: string
  /** When it was created */
  created?: string
}

/** One certificate authority takes another one's place. */
export interface AuthorityRotation {
  /** What all hosts do now */
  stage: RotationStage
  /** SHA-256 of the authority that goes */
  old: string
  /** And of the one that comes */
  fresh: string
  /** The same for the authority of etcd's members; empty: truced runs none */
  etcd_fresh: string
  /** Hosts that have done what this stage asks for */
  done: string[]
  /** The manager whose member of etcd may be started anew for it; empty: none at present */
  turn: string
  /** What it waits for, for people */
  waits: string
  /** When it began */
  started: string
}

/** Whom a host believes, and who signed its certificates, as SHA-256 of authorities. */
export interface AuthorityReport {
  /** Its name */
  host: string
  /** Whom it believes */
  believed?: string[]
  /** Who signed its certificate */
  signed_by?: string
  /** Whose keys it has */
  keys?: string[]
  /** Whom its member of etcd believes */
  etcd_believed?: string[]
  /** Who signed the certificate of that */
  etcd_signed_by?: string
  /** Which keys for sealing secrets it has */
  seals?: string[]
}

/** What a host is to do for the replacement of the authority, and which keys it lacks. */
export interface AuthorityOrders {
  /** How far it is; absent: there is none */
  rotation?: AuthorityRotation
  /** Certificate of the new one, PEM */
  authority: string
  /** The same for etcd's members */
  etcd_authority: string
  /** For managers: certificate and key of the new one, PEM */
  authority_key: string
  /** The same for etcd's members */
  etcd_authority_key: string
  /** For managers that lack some: the keys that secrets are sealed with */
  seals: string
}

/** The first host of a cluster. */
export interface ClusterCreate {
  /** Of the cluster */
  name: string
  /** Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what its default route goes out from */
  address?: string
  /** Processor model that machines get, unless they say otherwise */
  cpu_baseline?: string
  /** Where its state will be: with sqlite this host is its only manager */
  store?: StoreKind
  /** Addresses of an etcd of one's own, https://HOST:PORT; none: truced runs its own */
  etcd?: string[]
  /** Certificates that the certificates of that etcd are signed by, PEM; none: those that this host's system believes */
  etcd_ca?: string
  /** What the managers show to that etcd, PEM */
  etcd_certificate?: string
  /** Its key, PEM, without a passphrase */
  etcd_key?: string
  /** Who signs in at that etcd; empty: nobody */
  etcd_user?: string
  /** The password of that user */
  etcd_password?: string
  /** What the keys of this cluster begin with in that etcd, /a/name/; empty: /truce/NAME/ */
  etcd_prefix?: string
  /** Where the managers' own etcd is reached by them */
  etcd_client_port?: number
  /** And by its other members */
  etcd_peer_port?: number
}

/** What shall change; absent fields stay. */
export interface ClusterChange {
  /** Machines of a host that dies or is cut off are started on others; from their next start on */
  availability?: boolean
  /** Processor model that machines get, unless they say otherwise; empty: each host's own */
  cpu_baseline?: string
  /** What is done by itself when the load is uneven */
  balance?: BalanceMode
  /** So often the load is looked at */
  balance_minutes?: number
  /** What is done by itself where hosts are not needed */
  power_saving?: PowerSaving
  /** So many hosts are never asleep */
  stay_awake?: number
  /** So many of those that are awake may fail and machines still find room */
  spare_hosts?: number
  /** A host sleeps where the others would be used to no more, in percent */
  sleep_below?: number
  /** One is woken where those that are awake are used to more, in percent; at least ten above sleep_below */
  wake_above?: number
  /** A host that has woken stays so for this long */
  rest_minutes?: number
}

/** Lets one host join once. */
export interface JoinToken {
  /** Of the host that may join with it, and of the token */
  name: string
  /** The same, for tables */
  host: string
  /** What the host will be */
  role: HostRole
  /** SHA-256 of the secret */
  hash: string
  /** When it was made */
  created: string
  /** When it is void */
  expires: string
}

/** Which host may join. */
export interface JoinTokenCreate {
  /** Its name in the cluster */
  host: string
  /** What it will be */
  role?: HostRole
  /** How long it may be used */
  hours?: number
}

/** A token; it is shown once. */
export interface JoinTokenSecret {
  /** Everything that the host needs to find and trust the cluster, and to be trusted once */
  token: string
  /** When it is void */
  expires?: string
}

/** How this host joins. */
export interface JoinRequest {
  /** What truce cluster token printed */
  token: string
  /** Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what the route to the manager goes out from */
  address?: string
}

/** A host that wants to be let in. */
export interface EnrollRequest {
  /** Its name */
  host: string
  /** Of the token */
  secret: string
  /** Certificate signing request, PEM */
  request: string
  /** Where the other hosts reach it, ADDRESS:PORT */
  address: string
  /** Of its truced */
  version?: string
  /** The newest format of the state that it knows */
  format?: number
  /** And the oldest */
  oldest_format?: number
  /** The same for its member of etcd, if it is to be a manager */
  etcd_request?: string
}

/** What makes a host a manager: it can let others in, and read and write all of the state. */
export interface ManagerEnrollment {
  /** Certificate and key of the cluster's authority, PEM */
  authority_key: string
  /** Of the etcd cluster */
  etcd_token: string
  /** Of its member of etcd, PEM */
  etcd_certificate: string
  /** Certificates of the authority of etcd's members, PEM */
  etcd_authority: string
  /** Certificate and key of that authority, PEM */
  etcd_authority_key: string
  /** Where the other members answer */
  etcd_urls: string[]
  /** The keys that secrets are sealed with */
  seals: string
  /** Where its own is to answer managers */
  etcd_client_port: number
  /** And the other members */
  etcd_peer_port: number
  /** How it reaches an etcd of one's own, which the state is in instead */
  etcd?: EtcdAccess
}

/** An etcd that is not truced's own, and who reads and writes in it. */
export interface EtcdAccess {
  /** Its members, https://HOST:PORT */
  urls: string[]
  /** What all keys begin with */
  prefix: string
  /** Whose signature their certificates need, PEM; empty: the system's */
  ca: string
  /** What it is shown, PEM */
  certificate: string
  /** Its key, PEM */
  key: string
  /** Who signs in; empty: nobody */
  user: string
  /** The password of that user */
  password: string
}

/** What a host that was let in gets. */
export interface Enrollment {
  /** Name of the cluster */
  cluster: string
  /** What it is to be */
  role?: HostRole
  /** Its certificate, PEM */
  certificate: string
  /** Certificates of the authority, PEM */
  authority: string
  /** Where the managers are, ADDRESS:PORT */
  managers: string[]
  /** What it needs besides, as a manager */
  manager?: ManagerEnrollment
}

/** Which machines are kept together or apart, or on which hosts. */
export interface Rule {
  /** Unique among rules */
  name: string
  /** What it says */
  kind: RuleKind
  /** Nothing is placed against it; otherwise it is only preferred */
  must: boolean
  /** Machines that it is about */
  vms: string[]
  /** Also all machines with this label, KEY=VALUE */
  vm_label: string
  /** Hosts that it is about */
  hosts: string[]
  /** Also all hosts with this label, KEY=VALUE */
  host_label: string
  /** together and apart count fault domains instead of hosts */
  by_fault_domain: boolean
  /** Who breaks it now, for people */
  problem: string
  /** When it was created */
  created: string
}

/** A new placement rule. */
export interface RuleCreate {
  /** Unique among rules */
  name: string
  /** What it says */
  kind: RuleKind
  /** Nothing is placed against it; otherwise it is only preferred */
  must?: boolean
  /** A machine that it is about */
  vm?: string[]
  /** Also all machines with this label, KEY=VALUE */
  vm_label?: string
  /** A host that it is about */
  host?: string[]
  /** Also all hosts with this label, KEY=VALUE */
  host_label?: string
  /** together and apart count fault domains instead of hosts */
  by_fault_domain?: boolean
}

/** One machine that goes to another host. */
export interface PlanMove {
  /** Its name */
  vm: string
  /** The host it is on */
  from: string
  /** The host it goes to */
  to: string
  /** Why */
  reason: string
  /** The estate's score once this and all before it are done */
  score_after: number
  /** How long it is expected to take */
  seconds: number
  /** The task that carries it out */
  task: string
}

/** Which machines should go where, and why. */
export interface Plan {
  /** Unique; later plans sort later */
  name: string
  /** What for */
  kind: PlanKind
  /** Where it stands */
  state: PlanState
  /** The host that is emptied, for evacuate, or relieved, for balance */
  host: string
  /** In this order no host is over-filled on the way */
  moves: PlanMove[]
  /** What cannot be done, and why, one sentence each */
  refusals: string[]
  /** How uneven the load is now, 0 is best; for consolidate, how many hosts are in use */
  score_before: number
  /** The same after all moves */
  score_after: number
  /** No plan can be better than this */
  bound: number
  /** Why not */
  bound_reason: string
  /** The store's revision that it was made from */
  revision: number
  /** Who asked for it; empty for the system */
  user: string
  /** Why it failed */
  problem: string
  /** When it was made */
  created: string
}

/** A host as plans see it. */
export interface EstateHost {
  /** Its name */
  name: string
  /** Percent of one processor, MiB of memory, KiB a second of disks and of network, MiB that can be promised, processors; 0: not known */
  capacity: number[]
  /** Processor time that can be reserved, in percent of one processor */
  reservable_cpu: number
  /** What fails together with it */
  fault_domain: string
  /** It is connected */
  online: boolean
  /** Nothing is moved to it */
  draining: boolean
}

/** A machine as plans see it. */
export interface EstateMachine {
  /** Its name */
  name: string
  /** Where it is placed */
  host: string
  /** What it demands, in the order of a host's capacity */
  demand: number[]
  /** Processor time that is kept for it, in percent of one processor */
  reserved_cpu: number
  /** Its conflict class */
  conflict_class: string
  /** Which of the reaches it has; -1: it can be on any host */
  reach: number
  /** Why it cannot move; empty: it can */
  fixed: string
  /** How much a move of it costs */
  weight: number
  /** How long a move of it is expected to take */
  seconds: number
  /** It has not moved lately */
  rested: boolean
}

/** Which hosts machines of a kind can be on. */
export interface EstateReach {
  /** Hosts that they cannot be on, and why */
  refused: Record<string, string>
}

/** A placement rule with the names of all that it is about. */
export interface EstateRule {
  /** Its name */
  name: string
  /** What it says */
  kind: RuleKind
  /** Nothing is moved against it */
  must: boolean
  /** together and apart count fault domains instead of hosts */
  by_fault_domain: boolean
  /** Machines */
  machines: string[]
  /** Hosts */
  hosts: string[]
}

/** What a plan was computed from. */
export interface Estate {
  /** All hosts */
  hosts: EstateHost[]
  /** All machines */
  machines: EstateMachine[]
  /** Which hosts machines can be on */
  reaches: EstateReach[]
  /** Placement rules */
  rules: EstateRule[]
  /** Conflict classes */
  classes: ConflictClass[]
  /** So many hosts may fail and what is promised still fits */
  reserve_hosts: number
}

/** What shall be planned. */
export interface PlanCreate {
  /** What for */
  kind: PlanKind
  /** The host to empty, for evacuate; for balance, the only host that machines leave */
  host?: string
  /** How many moves at most */
  moves?: number
  /** Carry it out at once */
  apply?: boolean
}

/** One thing that was looked at. */
export interface HostCheck {
  /** What */
  name: string
  /** How it stands */
  state: CheckState
  /** What was seen */
  found: string
  /** What that means for machines */
  meaning: string
  /** What to do about it, where something can be done */
  advice: string
}

/** All that was looked at. */
export interface HostChecks {
  /** Which host */
  host: string
  /** In the order of their weight */
  items: HostCheck[]
}

/** A step that a task has begun. */
export interface TaskStep {
  /** When */
  time: string
  /** What */
  text: string
}

/** Work that takes longer than an answer. */
export interface Task {
  /** Unique; later tasks sort later */
  name: string
  /** What it does, such as vm.start */
  kind: string
  /** What it works on, such as vms/web01 */
  target: string
  /** Whose it is */
  project: string
  /** The machine's generation that it brings about */
  generation: number
  /** Who asked for it */
  user: string
  /** Id of the request that asked for it: it is also in the log, in events and in the log of QEMU */
  request: string
  /** Where it stands */
  state: TaskState
  /** From 0 to 1 */
  progress: number
  /** What it is doing */
  step: string
  /** All steps so far, the last 50 */
  steps: TaskStep[]
  /** Why it failed */
  error: string
  /** Somebody asked to cancel it */
  cancel: boolean
  /** When it was asked for */
  created: string
  /** When it ended */
  ended?: string
  /** Of a move: what came of starting the machine as a throw-away */
  proof?: BootProof
}

/** What came of starting a machine as a throw-away. */
export interface BootProof {
  /** Whether it has booted */
  outcome: BootOutcome
  /** By what that was told, for people */
  words: string
  /** What else was seen of the guest */
  seen: string[]
  /** How long it had run then */
  seconds: number
  /** Size of the picture of its screen (PNG), which is kept with the task for a while; 0: there is none */
  picture: number
}

/** Something that happened. */
export interface Event {
  /** Unique; later events sort later */
  name: string
  /** When */
  time: string
  /** What, such as vm.crashed or api.create_vm */
  kind: string
  /** What it happened to, such as vms/web01 */
  target: string
  /** Whose that is */
  project: string
  /** Who did it, empty for the system */
  user: string
  /** Where the request came from */
  address: string
  /** Its id */
  request: string
  /** For people */
  message: string
}

/** A key that opens the API. */
export interface Token {
  /** Who holds it */
  name: string
  /** bearer or certificate */
  kind: TokenKind
  /** What it may do */
  role: Role
  /** Only in these projects; empty: in all */
  projects: string[]
  /** Of the token, or of the certificate */
  sha256: string
  /** When it was made */
  created: string
  /** When it ends by itself */
  expires?: string
}

/** A new key. */
export interface TokenCreate {
  /** Who will hold it */
  name: string
  /** admin, operator or viewer */
  role?: Role
  /** Only in these projects; empty: in all */
  projects?: string[]
  /** PEM of a client certificate to let in (instead of a token) */
  certificate?: string
  /** When it ends by itself */
  expires?: string
}

/** The new key; the token is shown only here. */
export interface TokenSecret {
  /** Who holds it */
  name: string
  /** bearer or certificate */
  kind: TokenKind
  /** Its text; empty for a certificate */
  token: string
}

/** Somebody who signs in with a password. */
export interface User {
  /** Unique among users */
  name: string
  /** What they may do */
  role: Role
  /** Only in these projects; empty: in all */
  projects: string[]
  /** May not sign in */
  disabled: boolean
  /** A second factor is asked for */
  totp: boolean
  /** When it was made */
  created: string
  /** When the password was last set */
  password_changed?: string
}

/** A new user. */
export interface UserCreate {
  /** Unique among users */
  name: string
  /** admin, operator or viewer */
  role?: Role
  /** Only in these projects; empty: in all */
  projects?: string[]
  /** 12 characters at least */
  password: string
}

/** What shall change; absent fields stay. */
export interface UserChange {
  /** admin, operator or viewer */
  role?: Role
  /** Only in these projects; empty: in all */
  projects?: string[]
  /** 12 characters at least */
  password?: string
  /** May not sign in */
  disabled?: boolean
  /** false: the second factor is forgotten (for one who has lost it) */
  totp?: boolean
}

/** The first administrator. */
export interface FirstUser {
  /** What truced has printed */
  code: string
  /** The administrator's name */
  name: string
  /** 12 characters at least */
  password: string
}

/** Who somebody says they are. */
export interface SignIn {
  /** The user's name */
  user: string
  /** The user's password */
  password: string
  /** Of the second factor, or a recovery code */
  code?: string
}

/** Another password. */
export interface PasswordChange {
  /** The one until now */
  password: string
  /** 12 characters at least */
  new_password: string
}

/** Proof that it is still the same person. */
export interface PasswordProof {
  /** One's own password */
  password: string
}

/** What an authenticator program is given. */
export interface TotpSecret {
  /** In base 32 */
  secret: string
  /** otpauth://, for a QR code */
  uri: string
}

/** A code of the second factor. */
export interface TotpCode {
  /** Six digits */
  code: string
}

/** Codes that stand in for a lost second factor, once each; they are shown only here. */
export interface RecoveryCodes {
  /** The codes */
  codes: string[]
}

/** Somebody who has signed in. */
export interface Session {
  /** Unique; no secret */
  name: string
  /** Who */
  user: string
  /** Where from */
  address: string
  /** With which browser */
  agent: string
  /** Of what the cookie holds */
  sha256: string
  /** When they signed in */
  created: string
  /** When it ends at the latest */
  expires: string
}

/** How many machines are in a state. */
export interface StateCount {
  /** The state */
  state: Observed
  /** How many */
  count: number
}

/** Something that is wrong. */
export interface EstateProblem {
  /** What, such as vms/web01 */
  target: string
  /** Why */
  message: string
  /** What to do about it, where that is known */
  advice: string
  /** How bad it is */
  severity: AlarmSeverity
}

/** The estate at a glance, as far as the caller may see it. */
export interface Summary {
  /** The revision of the store that it shows */
  revision: number
  /** How many machines there are */
  vms: number
  /** How many in which state */
  states: StateCount[]
  /** How many hosts there are */
  hosts: number
  /** Processors of the hosts that are online */
  cpus: number
  /** Processors of the machines that run */
  cpus_given: number
  /** Memory of the hosts that are online */
  memory: number
  /** Memory of the machines that run */
  memory_given: number
  /** Size of the pools */
  storage: number
  /** Free in them */
  storage_free: number
  /** Promised to machines */
  storage_promised: number
  /** How much is wrong */
  problem_count: number
  /** What is wrong, the worst first, 100 at most */
  problems: EstateProblem[]
}

/** An object that was found. */
export interface SearchHit {
  /** Its kind, as in the API's paths: vms, networks, … */
  kind: string
  /** Its name */
  name: string
  /** Whose it is */
  project: string
  /** Where the text was found, unless in the name */
  field: string
  /** What stands there */
  found: string
}

/** What was found, the best first. */
export interface SearchHits {
  /** What was found */
  items: SearchHit[]
  /** There is more */
  more: boolean
}

/** What a running machine uses at this moment. */
export interface Usage {
  /** Which machine */
  name: string
  /** Where it runs */
  host: string
  /** Processor time, in percent of one processor */
  cpu_percent: number
  /** How many processors it has */
  cpus: number
  /** What the host has given it */
  memory: number
  /** What the guest sees */
  memory_size: number
  /** What the guest says that it uses; 0: it does not tell */
  memory_guest: number
  /** Read from its disks a second */
  disk_read_rate: number
  /** Written to its disks a second */
  disk_write_rate: number
  /** Reads and writes of its disks a second */
  disk_iops: number
  /** Received by its network cards a second */
  receive_rate: number
  /** Sent by its network cards a second */
  send_rate: number
}

/** What machines use. */
export interface UsageList {
  /** When that was measured */
  time?: string
  /** How many machines are measured */
  vms: number
  /** The greediest first */
  items: Usage[]
}

/** One quantity over time. */
export interface SeriesLine {
  /** What: cpu, memory, disk_read, … */
  name: string
  /** percent, bytes, bytes/s, /s */
  unit: string
  /** Of each step; -1 where nothing was measured */
  average: number[]
  /** Of each step; -1 where nothing was measured */
  maximum: number[]
}

/** What something has used over time. */
export interface Series {
  /** Where the first step begins */
  start: string
  /** How long a step is */
  step_seconds: number
  /** The quantities */
  lines: SeriesLine[]
}

/** What an alarm is raised for. */
export interface RaisedAlarm {
  /** Such as vms/web01 */
  target: string
  /** Since when */
  since: string
  /** What was measured then, for a threshold */
  value: number
}

/** Something to be told of. */
export interface Alarm {
  /** Unique among alarms */
  name: string
  /** Free text */
  description: string
  /** What it looks at */
  subject: AlarmSubject
  /** How bad it is */
  severity: AlarmSeverity
  /** Quantity of a threshold: one of those of the subject's metrics */
  metric: string
  /** Raised while the quantity is above this */
  above?: number
  /** Raised while the quantity is below this */
  below?: number
  /** Raised while the subject is in this state; problem: while something is wrong with it */
  state: string
  /** How long it must hold before it is raised */
  for_seconds: number
  /** Only machines with this label (key=value) */
  label: string
  /** Only machines of this project; empty: all */
  project: string
  /** Where a JSON document is posted when it is raised and when it ends: scheme and host only, as the rest is secret */
  webhook: string[]
  /** Who gets a mail then */
  mail: string[]
  /** Nothing is looked at */
  disabled: boolean
  /** For how much it is raised */
  raised_count: number
  /** For what it is raised, 100 at most */
  raised: RaisedAlarm[]
  /** When it was created */
  created: string
}

/** A new alarm. */
export interface AlarmCreate {
  /** Unique among alarms */
  name: string
  /** Free text */
  description?: string
  /** vm, host or pool */
  subject: AlarmSubject
  /** warning or critical */
  severity?: AlarmSeverity
  /** Quantity of a threshold, such as cpu, memory, used */
  metric?: string
  /** Raised while the quantity is above this */
  above?: number
  /** Raised while the quantity is below this */
  below?: number
  /** Raised while the subject is in this state: of a vm off, running, unknown …; of a host online or offline; problem: while something is wrong with it */
  state?: string
  /** How long it must hold before it is raised */
  for_seconds?: number
  /** Only machines with this label (key=value) */
  label?: string
  /** Only machines of this project; empty: all */
  project?: string
  /** URL to post a JSON document to */
  webhook?: string[]
  /** Who gets a mail */
  mail?: string[]
}

/** What shall change; absent fields stay. */
export interface AlarmChange {
  /** Free text */
  description?: string
  /** warning or critical */
  severity?: AlarmSeverity
  /** Raised while the quantity is above this; takes the place of below */
  above?: number
  /** Raised while the quantity is below this; takes the place of above */
  below?: number
  /** How long it must hold before it is raised */
  for_seconds?: number
  /** URL to post a JSON document to, of those that are there also as they are shown (one empty text stands for none) */
  webhook?: string[]
  /** Who gets a mail (one empty text stands for none) */
  mail?: string[]
  /** Nothing is looked at */
  disabled?: boolean
}

/** What an alarm was raised for, in the document that webhooks get. */
export interface AlarmNoticeTarget {
  /** Such as vms/web01 */
  target: string
  /** Whose it is */
  project: string
  /** Since when */
  since: string
  /** What was measured then, for a threshold */
  value?: number
  /** What is wrong, or why it ended */
  reason: string
}

/** The document that is posted to an alarm's webhooks. */
export interface AlarmNotice {
  /** Unique: one that came before is the same message again */
  id: string
  /** One line for people, of names and numbers only */
  text: string
  /** The alarm's name */
  alarm: string
  /** The alarm's */
  description: string
  /** How bad it is */
  severity: AlarmSeverity
  /** raised, cleared, or test */
  state: AlarmNews
  /** What the alarm looks at */
  subject: AlarmSubject
  /** What is measured, for a threshold */
  metric: string
  /** When it is raised, in words */
  condition: string
  /** When that happened */
  time: string
  /** Where the API and the console are */
  server: string
  /** The first of the targets */
  target: string
  /** Its */
  since?: string
  /** Its */
  value?: number
  /** How many targets there are */
  count: number
  /** These, 100 at most */
  targets: AlarmNoticeTarget[]
}

/** What became of a message. */
export interface AlarmTestResult {
  /** Where it was sent: a mail address, or a webhook as the alarm shows it */
  to: string
  /** Why it could not be; empty: it was */
  error: string
}

/** What became of all messages. */
export interface AlarmTest {
  /** One for each */
  items: AlarmTestResult[]
}

/** A page of machines. */
export interface VmList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Vm[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of templates. */
export interface TemplateList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Template[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of uploads. */
export interface UploadList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Upload[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of networks. */
export interface NetworkList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Network[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of security groups. */
export interface SecurityGroupList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: SecurityGroup[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of pools. */
export interface PoolList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Pool[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of disks. */
export interface DiskList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: VmDisk[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of resource pools. */
export interface ResourcePoolList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: ResourcePool[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of conflict classes. */
export interface ConflictClassList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: ConflictClass[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of hosts. */
export interface HostList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Host[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of tasks. */
export interface TaskList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Task[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of events. */
export interface EventList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Event[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of tokens. */
export interface TokenList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Token[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of users. */
export interface UserList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: User[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of sessions. */
export interface SessionList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Session[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of alarms. */
export interface AlarmList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Alarm[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of tokens. */
export interface JoinTokenList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: JoinToken[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of placement rules. */
export interface RuleList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Rule[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** A page of plans. */
export interface PlanList {
  /** The revision of the store that the page shows */
  revision: number
  /** The items of the page */
  items: Plan[]
  /** What to pass as `after` for the next page; empty at the end */
  next: string
  /** How many there are, where `offset` was given */
  total: number
}

/** What each operation takes and answers. */
export interface Operations {
  get_health: { path: {  }; query: {  }; body: undefined; answer: Health }
  get_metrics: { path: {  }; query: {  }; body: undefined; answer: undefined }
  get_server: { path: {  }; query: {  }; body: undefined; answer: Server }
  backup_server: { path: {  }; query: {  }; body: undefined; answer: undefined }
  reload_server: { path: {  }; query: {  }; body: undefined; answer: Reload }
  get_support_bundle: { path: {  }; query: {  }; body: undefined; answer: undefined }
  watch_changes: { path: {  }; query: { since?: number }; body: undefined; answer: undefined }
  get_openapi: { path: {  }; query: {  }; body: undefined; answer: unknown }
  list_vms: { path: {  }; query: { limit?: number, after?: string, project?: string, observed?: Observed, host?: string, label?: string, network?: string, contains?: string, platform?: string, sort?: VmSort, descending?: boolean, offset?: number }; body: undefined; answer: VmList }
  create_vm: { path: {  }; query: {  }; body: VmCreate; answer: Task }
  get_vm: { path: { name: string }; query: {  }; body: undefined; answer: Vm }
  set_vm: { path: { name: string }; query: {  }; body: VmChange; answer: Vm }
  delete_vm: { path: { name: string }; query: { force?: boolean }; body: undefined; answer: Task }
  set_vm_nic: { path: { name: string }; query: {  }; body: NicChange; answer: Vm }
  add_vm_nic: { path: { name: string }; query: {  }; body: NicAdd; answer: Task }
  remove_vm_nic: { path: { name: string, nic: string }; query: {  }; body: undefined; answer: Task }
  revert_vm: { path: { name: string }; query: {  }; body: undefined; answer: Vm }
  get_vm_usage: { path: { name: string }; query: {  }; body: undefined; answer: VmUsage }
  list_disks: { path: { vm: string }; query: { limit?: number, after?: string }; body: undefined; answer: DiskList }
  create_disk: { path: { vm: string }; query: {  }; body: DiskCreate; answer: Task }
  set_disk: { path: { vm: string, disk: string }; query: {  }; body: DiskChange; answer: Task }
  delete_disk: { path: { vm: string, disk: string }; query: {  }; body: undefined; answer: Task }
  move_disk: { path: { vm: string, disk: string }; query: {  }; body: DiskMove; answer: Task }
  migrate_vm: { path: { name: string }; query: {  }; body: MigrateOptions; answer: Task }
  move_vm: { path: { name: string }; query: {  }; body: MoveOptions; answer: Task }
  report_vm_move: { path: { name: string }; query: {  }; body: MoveOptions; answer: MoveReport }
  start_vm: { path: { name: string }; query: {  }; body: StartOptions; answer: Task }
  stop_vm: { path: { name: string }; query: {  }; body: StopOptions; answer: Task }
  reset_vm: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  pause_vm: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  resume_vm: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  suspend_vm: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  rename_vm: { path: { name: string }; query: {  }; body: Rename; answer: Vm }
  screenshot_vm: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  exec_vm: { path: { name: string }; query: {  }; body: ExecRequest; answer: ExecAnswer }
  get_vm_serial: { path: { name: string }; query: { bytes?: number }; body: undefined; answer: undefined }
  open_console: { path: { name: string }; query: {  }; body: ConsoleRequest; answer: ConsoleTicket }
  list_snapshots: { path: { vm: string }; query: {  }; body: undefined; answer: SnapshotTree }
  create_snapshot: { path: { vm: string }; query: {  }; body: SnapshotCreate; answer: Task }
  get_snapshot: { path: { vm: string, name: string }; query: {  }; body: undefined; answer: VmSnapshot }
  delete_snapshot: { path: { vm: string, name: string }; query: { subtree?: boolean }; body: undefined; answer: Task }
  restore_snapshot: { path: { vm: string, name: string }; query: {  }; body: RestoreOptions; answer: Task }
  clone_snapshot: { path: { vm: string, name: string }; query: {  }; body: CloneOptions; answer: Task }
  attach_console: { path: { ticket: string }; query: {  }; body: undefined; answer: undefined }
  list_templates: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: TemplateList }
  create_template: { path: {  }; query: {  }; body: TemplateCreate; answer: Task }
  get_template: { path: { name: string }; query: {  }; body: undefined; answer: Template }
  delete_template: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  get_template_content: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_uploads: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: UploadList }
  create_upload: { path: {  }; query: {  }; body: UploadCreate; answer: Upload }
  get_upload: { path: { name: string }; query: {  }; body: undefined; answer: Upload }
  delete_upload: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  put_upload_content: { path: { name: string }; query: { offset?: number }; body: undefined; answer: Upload }
  finish_upload: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  list_networks: { path: {  }; query: { limit?: number, after?: string, platform?: string }; body: undefined; answer: NetworkList }
  create_network: { path: {  }; query: {  }; body: NetworkCreate; answer: Network }
  get_network: { path: { name: string }; query: {  }; body: undefined; answer: Network }
  set_network: { path: { name: string }; query: {  }; body: NetworkChange; answer: Network }
  delete_network: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_security_groups: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: SecurityGroupList }
  create_security_group: { path: {  }; query: {  }; body: SecurityGroupCreate; answer: SecurityGroup }
  get_security_group: { path: { name: string }; query: {  }; body: undefined; answer: SecurityGroup }
  set_security_group: { path: { name: string }; query: {  }; body: SecurityGroupChange; answer: SecurityGroup }
  delete_security_group: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_pools: { path: {  }; query: { limit?: number, after?: string, platform?: string }; body: undefined; answer: PoolList }
  create_pool: { path: {  }; query: {  }; body: PoolCreate; answer: Task }
  get_pool: { path: { name: string }; query: {  }; body: undefined; answer: Pool }
  set_pool: { path: { name: string }; query: {  }; body: PoolChange; answer: Pool }
  delete_pool: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  list_resource_pools: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: ResourcePoolList }
  create_resource_pool: { path: {  }; query: {  }; body: ResourcePoolCreate; answer: ResourcePool }
  get_resource_pool: { path: { name: string }; query: {  }; body: undefined; answer: ResourcePool }
  set_resource_pool: { path: { name: string }; query: {  }; body: ResourcePoolChange; answer: ResourcePool }
  delete_resource_pool: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_conflict_classes: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: ConflictClassList }
  create_conflict_class: { path: {  }; query: {  }; body: ConflictClassCreate; answer: ConflictClass }
  get_conflict_class: { path: { name: string }; query: {  }; body: undefined; answer: ConflictClass }
  set_conflict_class: { path: { name: string }; query: {  }; body: ConflictClassChange; answer: ConflictClass }
  delete_conflict_class: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_platforms: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: PlatformList }
  add_platform: { path: {  }; query: {  }; body: PlatformCreate; answer: Platform }
  get_platform: { path: { name: string }; query: {  }; body: undefined; answer: Platform }
  set_platform: { path: { name: string }; query: {  }; body: PlatformChange; answer: Platform }
  remove_platform: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  sync_platform: { path: { name: string }; query: {  }; body: undefined; answer: Platform }
  get_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: undefined; answer: Vm }
  set_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: VmChange; answer: Vm }
  delete_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: undefined; answer: Task }
  create_foreign_snapshot: { path: { name: string, vm: string }; query: {  }; body: SnapshotCreate; answer: Task }
  delete_foreign_snapshot: { path: { name: string, vm: string, snapshot: string }; query: { subtree?: boolean }; body: undefined; answer: Task }
  restore_foreign_snapshot: { path: { name: string, vm: string, snapshot: string }; query: {  }; body: RestoreOptions; answer: Task }
  move_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: MoveOptions; answer: Task }
  report_foreign_vm_move: { path: { name: string, vm: string }; query: {  }; body: MoveOptions; answer: MoveReport }
  start_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: StartOptions; answer: Task }
  stop_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: StopOptions; answer: Task }
  suspend_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: undefined; answer: Task }
  reset_foreign_vm: { path: { name: string, vm: string }; query: {  }; body: undefined; answer: undefined }
  list_hosts: { path: {  }; query: { limit?: number, after?: string, platform?: string }; body: undefined; answer: HostList }
  get_host: { path: { name: string }; query: {  }; body: undefined; answer: Host }
  set_host: { path: { name: string }; query: {  }; body: HostChange; answer: Host }
  remove_host: { path: { name: string }; query: { force?: boolean }; body: undefined; answer: undefined }
  drain_host: { path: { name: string }; query: {  }; body: DrainOptions; answer: Task }
  undrain_host: { path: { name: string }; query: {  }; body: undefined; answer: Host }
  get_host_power: { path: { name: string }; query: {  }; body: undefined; answer: HostPower }
  sleep_host: { path: { name: string }; query: {  }; body: DrainOptions; answer: Task }
  wake_host: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  get_host_checks: { path: { name: string }; query: {  }; body: undefined; answer: HostChecks }
  get_cluster: { path: {  }; query: {  }; body: undefined; answer: Cluster }
  init_cluster: { path: {  }; query: {  }; body: ClusterCreate; answer: Task }
  set_cluster: { path: {  }; query: {  }; body: ClusterChange; answer: Cluster }
  list_join_tokens: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: JoinTokenList }
  create_join_token: { path: {  }; query: {  }; body: JoinTokenCreate; answer: JoinTokenSecret }
  delete_join_token: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  enroll_host: { path: {  }; query: {  }; body: EnrollRequest; answer: Enrollment }
  rotate_authority: { path: {  }; query: {  }; body: undefined; answer: Cluster }
  exchange_authorities: { path: {  }; query: {  }; body: AuthorityReport; answer: AuthorityOrders }
  join_cluster: { path: {  }; query: {  }; body: JoinRequest; answer: Task }
  leave_cluster: { path: {  }; query: {  }; body: undefined; answer: Task }
  list_rules: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: RuleList }
  create_rule: { path: {  }; query: {  }; body: RuleCreate; answer: Rule }
  get_rule: { path: { name: string }; query: {  }; body: undefined; answer: Rule }
  delete_rule: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_plans: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: PlanList }
  create_plan: { path: {  }; query: {  }; body: PlanCreate; answer: Plan }
  get_plan: { path: { name: string }; query: {  }; body: undefined; answer: Plan }
  delete_plan: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  get_plan_estate: { path: { name: string }; query: {  }; body: undefined; answer: Estate }
  apply_plan: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  list_tasks: { path: {  }; query: { limit?: number, after?: string, state?: TaskState, target?: string, newest?: boolean }; body: undefined; answer: TaskList }
  get_task: { path: { name: string }; query: { wait?: number }; body: undefined; answer: Task }
  cancel_task: { path: { name: string }; query: {  }; body: undefined; answer: Task }
  get_task_screenshot: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_events: { path: {  }; query: { limit?: number, after?: string, target?: string, newest?: boolean }; body: undefined; answer: EventList }
  sign_in: { path: {  }; query: {  }; body: SignIn; answer: Server }
  sign_out: { path: {  }; query: {  }; body: undefined; answer: undefined }
  change_password: { path: {  }; query: {  }; body: PasswordChange; answer: undefined }
  begin_totp: { path: {  }; query: {  }; body: PasswordProof; answer: TotpSecret }
  confirm_totp: { path: {  }; query: {  }; body: TotpCode; answer: RecoveryCodes }
  remove_totp: { path: {  }; query: {  }; body: PasswordProof; answer: undefined }
  create_first_user: { path: {  }; query: {  }; body: FirstUser; answer: User }
  list_users: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: UserList }
  create_user: { path: {  }; query: {  }; body: UserCreate; answer: User }
  get_user: { path: { name: string }; query: {  }; body: undefined; answer: User }
  set_user: { path: { name: string }; query: {  }; body: UserChange; answer: User }
  delete_user: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  list_sessions: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: SessionList }
  delete_session: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  get_summary: { path: {  }; query: {  }; body: undefined; answer: Summary }
  search: { path: {  }; query: { text?: string, limit?: number }; body: undefined; answer: SearchHits }
  list_usage: { path: {  }; query: { sort?: UsageSort, limit?: number, project?: string }; body: undefined; answer: UsageList }
  get_vm_metrics: { path: { name: string }; query: { range?: MetricRange }; body: undefined; answer: Series }
  get_host_metrics: { path: { name: string }; query: { range?: MetricRange }; body: undefined; answer: Series }
  get_pool_metrics: { path: { name: string }; query: { range?: MetricRange }; body: undefined; answer: Series }
  list_alarms: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: AlarmList }
  create_alarm: { path: {  }; query: {  }; body: AlarmCreate; answer: Alarm }
  get_alarm: { path: { name: string }; query: {  }; body: undefined; answer: Alarm }
  set_alarm: { path: { name: string }; query: {  }; body: AlarmChange; answer: Alarm }
  delete_alarm: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
  test_alarm: { path: { name: string }; query: {  }; body: undefined; answer: AlarmTest }
  list_tokens: { path: {  }; query: { limit?: number, after?: string }; body: undefined; answer: TokenList }
  create_token: { path: {  }; query: {  }; body: TokenCreate; answer: TokenSecret }
  delete_token: { path: { name: string }; query: {  }; body: undefined; answer: undefined }
}

export interface OperationRow {
  method: string; path: string; permission: 'none' | 'view' | 'operate' | 'administer'; summary: string
  cli?: { noun?: string; verb: string; args?: string[]; columns?: string[]; bytes?: string[] }
  body?: string
}

export const operations: Record<keyof Operations, OperationRow> = {
  get_health: {"method": "GET", "path": "/healthz", "permission": "none", "summary": "Whether the daemon is up and its store answers"},
  get_metrics: {"method": "GET", "path": "/metrics", "permission": "view", "summary": "Counters and gauges in Prometheus' text format"},
  get_server: {"method": "GET", "path": "/v1", "permission": "none", "summary": "What this server is, and who you are to it", "cli": {"noun": "server", "verb": "show"}},
  backup_server: {"method": "POST", "path": "/v1/server/backup", "permission": "administer", "summary": "A copy of the store as it is at this moment (an SQLite file)"},
  reload_server: {"method": "POST", "path": "/v1/server/reload", "permission": "administer", "summary": "Read the configuration file again and apply what can be applied", "cli": {"noun": "server", "verb": "reload"}},
  get_support_bundle: {"method": "GET", "path": "/v1/support", "permission": "administer", "summary": "All that helps to find a fault, without secrets (a tar file packed with Zstandard)"},
  watch_changes: {"method": "GET", "path": "/v1/watch", "permission": "view", "summary": "Everything that changes, as server-sent events"},
  get_openapi: {"method": "GET", "path": "/v1/openapi.json", "permission": "none", "summary": "This description of the API"},
  list_vms: {"method": "GET", "path": "/v1/vms", "permission": "view", "summary": "List virtual machines", "cli": {"noun": "vm", "verb": "list", "columns": ["name", "observed", "cpus", "memory", "addresses", "template", "host"], "bytes": ["memory", "memory_min"]}},
  create_vm: {"method": "POST", "path": "/v1/vms", "permission": "operate", "summary": "Create a virtual machine", "body": "VmCreate", "cli": {"noun": "vm", "verb": "create", "args": ["name"]}},
  get_vm: {"method": "GET", "path": "/v1/vms/{name}", "permission": "view", "summary": "Show a virtual machine", "cli": {"noun": "vm", "verb": "show", "args": ["name"]}},
  set_vm: {"method": "PATCH", "path": "/v1/vms/{name}", "permission": "operate", "summary": "Change a virtual machine", "body": "VmChange", "cli": {"noun": "vm", "verb": "set", "args": ["name"]}},
  delete_vm: {"method": "DELETE", "path": "/v1/vms/{name}", "permission": "operate", "summary": "Delete a virtual machine with its disks", "cli": {"noun": "vm", "verb": "delete", "args": ["name"]}},
  set_vm_nic: {"method": "PATCH", "path": "/v1/vms/{name}/nics", "permission": "operate", "summary": "Change a network card of a virtual machine, also while it runs", "body": "NicChange", "cli": {"noun": "vm", "verb": "set-nic", "args": ["name"]}},
  add_vm_nic: {"method": "POST", "path": "/v1/vms/{name}/nics", "permission": "operate", "summary": "Give a virtual machine one more network card, also while it runs", "body": "NicAdd", "cli": {"noun": "vm", "verb": "add-nic", "args": ["name"]}},
  remove_vm_nic: {"method": "DELETE", "path": "/v1/vms/{name}/nics/{nic}", "permission": "operate", "summary": "Take a network card away from a virtual machine, also while it runs", "cli": {"noun": "vm", "verb": "remove-nic", "args": ["name", "nic"]}},
  revert_vm: {"method": "POST", "path": "/v1/vms/{name}/revert", "permission": "operate", "summary": "Give up the changes that wait for a virtual machine's next start", "cli": {"noun": "vm", "verb": "revert", "args": ["name"]}},
  get_vm_usage: {"method": "GET", "path": "/v1/vms/{name}/usage", "permission": "view", "summary": "What a running virtual machine uses at this moment", "cli": {"noun": "vm", "verb": "usage", "args": ["name"]}},
  list_disks: {"method": "GET", "path": "/v1/vms/{vm}/disks", "permission": "view", "summary": "List the disks of a virtual machine", "cli": {"noun": "disk", "verb": "list", "args": ["vm"], "columns": ["id", "size", "pool", "template"], "bytes": ["size"]}},
  create_disk: {"method": "POST", "path": "/v1/vms/{vm}/disks", "permission": "operate", "summary": "Give a virtual machine one more disk, also while it runs", "body": "DiskCreate", "cli": {"noun": "disk", "verb": "create", "args": ["vm"]}},
  set_disk: {"method": "PATCH", "path": "/v1/vms/{vm}/disks/{disk}", "permission": "operate", "summary": "Grow a disk, also while its machine runs", "body": "DiskChange", "cli": {"noun": "disk", "verb": "set", "args": ["vm", "disk"]}},
  delete_disk: {"method": "DELETE", "path": "/v1/vms/{vm}/disks/{disk}", "permission": "operate", "summary": "Take a disk away from a virtual machine, and delete it", "cli": {"noun": "disk", "verb": "delete", "args": ["vm", "disk"]}},
  move_disk: {"method": "POST", "path": "/v1/vms/{vm}/disks/{disk}/move", "permission": "operate", "summary": "Move a disk to another pool, also while its machine runs", "body": "DiskMove", "cli": {"noun": "disk", "verb": "move", "args": ["vm", "disk", "pool"]}},
  migrate_vm: {"method": "POST", "path": "/v1/vms/{name}/migrate", "permission": "operate", "summary": "Move a machine to another host, while it runs or while it is off", "body": "MigrateOptions", "cli": {"noun": "vm", "verb": "migrate", "args": ["name"]}},
  move_vm: {"method": "POST", "path": "/v1/vms/{name}/move", "permission": "operate", "summary": "Move a machine that is off to a platform of others, or from one to here", "body": "MoveOptions", "cli": {"noun": "vm", "verb": "move", "args": ["name"]}},
  report_vm_move: {"method": "POST", "path": "/v1/vms/{name}/move-report", "permission": "operate", "summary": "Say what a move to a platform of others, from one to here, or to another one would change and lose", "body": "MoveOptions", "cli": {"noun": "vm", "verb": "move-report", "args": ["name"]}},
  start_vm: {"method": "POST", "path": "/v1/vms/{name}/start", "permission": "operate", "summary": "Start a virtual machine, or continue a suspended one", "body": "StartOptions", "cli": {"noun": "vm", "verb": "start", "args": ["name"]}},
  stop_vm: {"method": "POST", "path": "/v1/vms/{name}/stop", "permission": "operate", "summary": "Stop a virtual machine", "body": "StopOptions", "cli": {"noun": "vm", "verb": "stop", "args": ["name"]}},
  reset_vm: {"method": "POST", "path": "/v1/vms/{name}/reset", "permission": "operate", "summary": "Reset a running virtual machine, as its reset button would", "cli": {"noun": "vm", "verb": "reset", "args": ["name"]}},
  pause_vm: {"method": "POST", "path": "/v1/vms/{name}/pause", "permission": "operate", "summary": "Pause a running virtual machine (it keeps its memory)", "cli": {"noun": "vm", "verb": "pause", "args": ["name"]}},
  resume_vm: {"method": "POST", "path": "/v1/vms/{name}/resume", "permission": "operate", "summary": "Resume a paused virtual machine", "cli": {"noun": "vm", "verb": "resume", "args": ["name"]}},
  suspend_vm: {"method": "POST", "path": "/v1/vms/{name}/suspend", "permission": "operate", "summary": "Suspend a virtual machine to disk (start continues it)", "cli": {"noun": "vm", "verb": "suspend", "args": ["name"]}},
  rename_vm: {"method": "POST", "path": "/v1/vms/{name}/rename", "permission": "operate", "summary": "Rename a virtual machine that is off", "body": "Rename", "cli": {"noun": "vm", "verb": "rename", "args": ["name", "new_name"]}},
  screenshot_vm: {"method": "GET", "path": "/v1/vms/{name}/screenshot", "permission": "view", "summary": "A picture of the machine's screen"},
  exec_vm: {"method": "POST", "path": "/v1/vms/{name}/exec", "permission": "operate", "summary": "Run a program in the guest through its agent", "body": "ExecRequest"},
  get_vm_serial: {"method": "GET", "path": "/v1/vms/{name}/serial", "permission": "view", "summary": "The last output of the machine's serial console"},
  open_console: {"method": "POST", "path": "/v1/vms/{name}/console", "permission": "operate", "summary": "A ticket for the machine's console", "body": "ConsoleRequest"},
  list_snapshots: {"method": "GET", "path": "/v1/vms/{vm}/snapshots", "permission": "view", "summary": "The snapshots of a virtual machine, as a tree"},
  create_snapshot: {"method": "POST", "path": "/v1/vms/{vm}/snapshots", "permission": "operate", "summary": "Take a snapshot of all disks of a virtual machine", "body": "SnapshotCreate", "cli": {"noun": "snapshot", "verb": "create", "args": ["vm", "name"]}},
  get_snapshot: {"method": "GET", "path": "/v1/vms/{vm}/snapshots/{name}", "permission": "view", "summary": "Show a snapshot", "cli": {"noun": "snapshot", "verb": "show", "args": ["vm", "name"]}},
  delete_snapshot: {"method": "DELETE", "path": "/v1/vms/{vm}/snapshots/{name}", "permission": "operate", "summary": "Delete a snapshot; the machine stays as it is", "cli": {"noun": "snapshot", "verb": "delete", "args": ["vm", "name"]}},
  restore_snapshot: {"method": "POST", "path": "/v1/vms/{vm}/snapshots/{name}/restore", "permission": "operate", "summary": "Make a virtual machine what it was at a snapshot", "body": "RestoreOptions", "cli": {"noun": "snapshot", "verb": "restore", "args": ["vm", "name"]}},
  clone_snapshot: {"method": "POST", "path": "/v1/vms/{vm}/snapshots/{name}/clone", "permission": "operate", "summary": "Make a new virtual machine of a snapshot's disks", "body": "CloneOptions", "cli": {"noun": "snapshot", "verb": "clone", "args": ["vm", "name", "new_name"]}},
  attach_console: {"method": "GET", "path": "/v1/consoles/{ticket}", "permission": "none", "summary": "The console's bytes, as a WebSocket"},
  list_templates: {"method": "GET", "path": "/v1/templates", "permission": "view", "summary": "List templates", "cli": {"noun": "template", "verb": "list", "columns": ["name", "kind", "disk_size", "stored", "created", "description"], "bytes": ["disk_size", "stored"]}},
  create_template: {"method": "POST", "path": "/v1/templates", "permission": "administer", "summary": "Make a template by a recipe, or import a disk image or ISO of this host", "body": "TemplateCreate", "cli": {"noun": "template", "verb": "create", "args": ["name"]}},
  get_template: {"method": "GET", "path": "/v1/templates/{name}", "permission": "view", "summary": "Show a template (without a version, the newest)", "cli": {"noun": "template", "verb": "show", "args": ["name"]}},
  delete_template: {"method": "DELETE", "path": "/v1/templates/{name}", "permission": "administer", "summary": "Delete a template version that no machine is linked to", "cli": {"noun": "template", "verb": "delete", "args": ["name"]}},
  get_template_content: {"method": "GET", "path": "/v1/templates/{name}/content", "permission": "operate", "summary": "The disk (qcow2, as it is stored) or the ISO of a template, as a file"},
  list_uploads: {"method": "GET", "path": "/v1/uploads", "permission": "view", "summary": "List uploads that have not become templates", "cli": {"noun": "upload", "verb": "list", "columns": ["name", "template", "size", "received", "user", "expires", "task", "problem"], "bytes": ["size", "received"]}},
  create_upload: {"method": "POST", "path": "/v1/uploads", "permission": "administer", "summary": "Begin to send a disk image or ISO that is to become a template", "body": "UploadCreate"},
  get_upload: {"method": "GET", "path": "/v1/uploads/{name}", "permission": "view", "summary": "Show an upload", "cli": {"noun": "upload", "verb": "show", "args": ["name"]}},
  delete_upload: {"method": "DELETE", "path": "/v1/uploads/{name}", "permission": "administer", "summary": "Give up an upload and remove what has arrived", "cli": {"noun": "upload", "verb": "delete", "args": ["name"]}},
  put_upload_content: {"method": "PUT", "path": "/v1/uploads/{name}/content", "permission": "administer", "summary": "Send the next piece of an upload (at most 4 MiB)"},
  finish_upload: {"method": "POST", "path": "/v1/uploads/{name}/finish", "permission": "administer", "summary": "Make a template of an upload that has arrived whole"},
  list_networks: {"method": "GET", "path": "/v1/networks", "permission": "view", "summary": "List networks", "cli": {"noun": "network", "verb": "list", "columns": ["name", "mode", "subnet", "domain", "problem"], "bytes": []}},
  create_network: {"method": "POST", "path": "/v1/networks", "permission": "administer", "summary": "Create a network", "body": "NetworkCreate", "cli": {"noun": "network", "verb": "create", "args": ["name"]}},
  get_network: {"method": "GET", "path": "/v1/networks/{name}", "permission": "view", "summary": "Show a network", "cli": {"noun": "network", "verb": "show", "args": ["name"]}},
  set_network: {"method": "PATCH", "path": "/v1/networks/{name}", "permission": "administer", "summary": "Change a network, also while machines use it", "body": "NetworkChange", "cli": {"noun": "network", "verb": "set", "args": ["name"]}},
  delete_network: {"method": "DELETE", "path": "/v1/networks/{name}", "permission": "administer", "summary": "Delete a network that no machine uses", "cli": {"noun": "network", "verb": "delete", "args": ["name"]}},
  list_security_groups: {"method": "GET", "path": "/v1/security-groups", "permission": "view", "summary": "List security groups", "cli": {"noun": "security-group", "verb": "list", "columns": ["name", "project", "rules", "description"], "bytes": []}},
  create_security_group: {"method": "POST", "path": "/v1/security-groups", "permission": "operate", "summary": "Create a security group, a set of rules about who may connect", "body": "SecurityGroupCreate", "cli": {"noun": "security-group", "verb": "create", "args": ["name"]}},
  get_security_group: {"method": "GET", "path": "/v1/security-groups/{name}", "permission": "view", "summary": "Show a security group", "cli": {"noun": "security-group", "verb": "show", "args": ["name"]}},
  set_security_group: {"method": "PATCH", "path": "/v1/security-groups/{name}", "permission": "operate", "summary": "Change the rules of a security group, at once and for all its machines", "body": "SecurityGroupChange", "cli": {"noun": "security-group", "verb": "set", "args": ["name"]}},
  delete_security_group: {"method": "DELETE", "path": "/v1/security-groups/{name}", "permission": "operate", "summary": "Delete a security group that no network card and no other group uses", "cli": {"noun": "security-group", "verb": "delete", "args": ["name"]}},
  list_pools: {"method": "GET", "path": "/v1/pools", "permission": "view", "summary": "List storage pools", "cli": {"noun": "pool", "verb": "list", "columns": ["name", "path", "total", "free", "used", "allocated", "problem"], "bytes": ["total", "free", "used", "allocated", "quota"]}},
  create_pool: {"method": "POST", "path": "/v1/pools", "permission": "administer", "summary": "Create a storage pool", "body": "PoolCreate", "cli": {"noun": "pool", "verb": "create", "args": ["name"]}},
  get_pool: {"method": "GET", "path": "/v1/pools/{name}", "permission": "view", "summary": "Show a storage pool", "cli": {"noun": "pool", "verb": "show", "args": ["name"]}},
  set_pool: {"method": "PATCH", "path": "/v1/pools/{name}", "permission": "administer", "summary": "Change the limits of a storage pool", "body": "PoolChange", "cli": {"noun": "pool", "verb": "set", "args": ["name"]}},
  delete_pool: {"method": "DELETE", "path": "/v1/pools/{name}", "permission": "administer", "summary": "Delete a storage pool that holds no disk and no template", "cli": {"noun": "pool", "verb": "delete", "args": ["name"]}},
  list_resource_pools: {"method": "GET", "path": "/v1/resource-pools", "permission": "view", "summary": "List resource pools", "cli": {"noun": "resource-pool", "verb": "list", "columns": ["name", "parent", "cpu_shares", "cpu_limit", "cpu_reservation", "memory_reservation"], "bytes": ["memory_limit", "memory_reservation"]}},
  create_resource_pool: {"method": "POST", "path": "/v1/resource-pools", "permission": "administer", "summary": "Create a resource pool", "body": "ResourcePoolCreate", "cli": {"noun": "resource-pool", "verb": "create", "args": ["name"]}},
  get_resource_pool: {"method": "GET", "path": "/v1/resource-pools/{name}", "permission": "view", "summary": "Show a resource pool", "cli": {"noun": "resource-pool", "verb": "show", "args": ["name"]}},
  set_resource_pool: {"method": "PATCH", "path": "/v1/resource-pools/{name}", "permission": "administer", "summary": "Change a resource pool", "body": "ResourcePoolChange", "cli": {"noun": "resource-pool", "verb": "set", "args": ["name"]}},
  delete_resource_pool: {"method": "DELETE", "path": "/v1/resource-pools/{name}", "permission": "administer", "summary": "Delete a resource pool that nothing uses", "cli": {"noun": "resource-pool", "verb": "delete", "args": ["name"]}},
  list_conflict_classes: {"method": "GET", "path": "/v1/conflict-classes", "permission": "view", "summary": "List conflict classes", "cli": {"noun": "conflict-class", "verb": "list", "columns": ["name", "conflicts_with", "description"], "bytes": []}},
  create_conflict_class: {"method": "POST", "path": "/v1/conflict-classes", "permission": "administer", "summary": "Create a conflict class", "body": "ConflictClassCreate", "cli": {"noun": "conflict-class", "verb": "create", "args": ["name"]}},
  get_conflict_class: {"method": "GET", "path": "/v1/conflict-classes/{name}", "permission": "view", "summary": "Show a conflict class", "cli": {"noun": "conflict-class", "verb": "show", "args": ["name"]}},
  set_conflict_class: {"method": "PATCH", "path": "/v1/conflict-classes/{name}", "permission": "administer", "summary": "Change a conflict class", "body": "ConflictClassChange", "cli": {"noun": "conflict-class", "verb": "set", "args": ["name"]}},
  delete_conflict_class: {"method": "DELETE", "path": "/v1/conflict-classes/{name}", "permission": "administer", "summary": "Delete a conflict class that nothing uses", "cli": {"noun": "conflict-class", "verb": "delete", "args": ["name"]}},
  list_platforms: {"method": "GET", "path": "/v1/platforms", "permission": "view", "summary": "List platforms of others that are connected", "cli": {"noun": "platform", "verb": "list", "columns": ["name", "state", "product", "version", "vms", "hosts", "age_seconds", "problem"], "bytes": []}},
  add_platform: {"method": "POST", "path": "/v1/platforms", "permission": "administer", "summary": "Connect a platform of others, and show what is on it", "body": "PlatformCreate", "cli": {"noun": "platform", "verb": "add", "args": ["name", "url"]}},
  get_platform: {"method": "GET", "path": "/v1/platforms/{name}", "permission": "view", "summary": "Show a platform", "cli": {"noun": "platform", "verb": "show", "args": ["name"]}},
  set_platform: {"method": "PATCH", "path": "/v1/platforms/{name}", "permission": "administer", "summary": "Change how a platform is reached", "body": "PlatformChange", "cli": {"noun": "platform", "verb": "set", "args": ["name"]}},
  remove_platform: {"method": "DELETE", "path": "/v1/platforms/{name}", "permission": "administer", "summary": "Forget a platform and all that is shown of it", "cli": {"noun": "platform", "verb": "remove", "args": ["name"]}},
  sync_platform: {"method": "POST", "path": "/v1/platforms/{name}/sync", "permission": "operate", "summary": "Read all of a platform anew, and wait for it", "cli": {"noun": "platform", "verb": "sync", "args": ["name"]}},
  get_foreign_vm: {"method": "GET", "path": "/v1/platforms/{name}/vms/{vm}", "permission": "view", "summary": "Show a virtual machine of a platform"},
  set_foreign_vm: {"method": "PATCH", "path": "/v1/platforms/{name}/vms/{vm}", "permission": "operate", "summary": "Give a virtual machine of a platform other processors or memory", "body": "VmChange"},
  delete_foreign_vm: {"method": "DELETE", "path": "/v1/platforms/{name}/vms/{vm}", "permission": "operate", "summary": "Delete a virtual machine of a platform, with its disks"},
  create_foreign_snapshot: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/snapshots", "permission": "operate", "summary": "Take a snapshot of a virtual machine of a platform", "body": "SnapshotCreate"},
  delete_foreign_snapshot: {"method": "DELETE", "path": "/v1/platforms/{name}/vms/{vm}/snapshots/{snapshot}", "permission": "operate", "summary": "Delete a snapshot of a virtual machine of a platform; the machine stays as it is"},
  restore_foreign_snapshot: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/snapshots/{snapshot}/restore", "permission": "operate", "summary": "Make a virtual machine of a platform what it was at a snapshot", "body": "RestoreOptions"},
  move_foreign_vm: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/move", "permission": "operate", "summary": "Move a virtual machine of a platform to here", "body": "MoveOptions"},
  report_foreign_vm_move: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/move-report", "permission": "operate", "summary": "Say what a move of a virtual machine of a platform to here or to another one would change and lose", "body": "MoveOptions"},
  start_foreign_vm: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/start", "permission": "operate", "summary": "Start a virtual machine of a platform", "body": "StartOptions"},
  stop_foreign_vm: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/stop", "permission": "operate", "summary": "Stop a virtual machine of a platform", "body": "StopOptions"},
  suspend_foreign_vm: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/suspend", "permission": "operate", "summary": "Suspend a virtual machine of a platform"},
  reset_foreign_vm: {"method": "POST", "path": "/v1/platforms/{name}/vms/{vm}/reset", "permission": "operate", "summary": "Reset a running virtual machine of a platform"},
  list_hosts: {"method": "GET", "path": "/v1/hosts", "permission": "view", "summary": "List hosts", "cli": {"noun": "host", "verb": "list", "columns": ["name", "state", "sleep", "sleep_since", "role", "version", "draining", "accelerator", "cpus", "memory", "hypervisor"], "bytes": ["memory"]}},
  get_host: {"method": "GET", "path": "/v1/hosts/{name}", "permission": "view", "summary": "Show a host", "cli": {"noun": "host", "verb": "show", "args": ["name"]}},
  set_host: {"method": "PATCH", "path": "/v1/hosts/{name}", "permission": "administer", "summary": "Change a host", "body": "HostChange", "cli": {"noun": "host", "verb": "set", "args": ["name"]}},
  remove_host: {"method": "DELETE", "path": "/v1/hosts/{name}", "permission": "administer", "summary": "Take a host out of the cluster", "cli": {"noun": "cluster", "verb": "remove", "args": ["name"]}},
  drain_host: {"method": "POST", "path": "/v1/hosts/{name}/drain", "permission": "administer", "summary": "Move all machines away from a host and place none on it any more", "body": "DrainOptions", "cli": {"noun": "host", "verb": "drain", "args": ["name"]}},
  undrain_host: {"method": "POST", "path": "/v1/hosts/{name}/undrain", "permission": "administer", "summary": "Let machines be placed on a host again", "cli": {"noun": "host", "verb": "undrain", "args": ["name"]}},
  get_host_power: {"method": "GET", "path": "/v1/hosts/{name}/power", "permission": "administer", "summary": "Ask a host's power control whether it is on", "cli": {"noun": "host", "verb": "power", "args": ["name"]}},
  sleep_host: {"method": "POST", "path": "/v1/hosts/{name}/sleep", "permission": "administer", "summary": "Empty a host and switch it off, until it is woken", "body": "DrainOptions", "cli": {"noun": "host", "verb": "sleep", "args": ["name"]}},
  wake_host: {"method": "POST", "path": "/v1/hosts/{name}/wake", "permission": "administer", "summary": "Switch a host on that sleeps", "cli": {"noun": "host", "verb": "wake", "args": ["name"]}},
  get_host_checks: {"method": "GET", "path": "/v1/hosts/{name}/checks", "permission": "view", "summary": "What a host has and lacks for running machines, looked up now"},
  get_cluster: {"method": "GET", "path": "/v1/cluster", "permission": "view", "summary": "The cluster, its managers, and how much of it can still fail", "cli": {"noun": "cluster", "verb": "status"}},
  init_cluster: {"method": "POST", "path": "/v1/cluster", "permission": "administer", "summary": "Make this host the first of a cluster", "body": "ClusterCreate", "cli": {"noun": "cluster", "verb": "init", "args": ["name"]}},
  set_cluster: {"method": "PATCH", "path": "/v1/cluster", "permission": "administer", "summary": "Change what holds for the whole cluster", "body": "ClusterChange", "cli": {"noun": "cluster", "verb": "set"}},
  list_join_tokens: {"method": "GET", "path": "/v1/cluster/tokens", "permission": "administer", "summary": "List tokens that hosts may still join with", "cli": {"noun": "cluster", "verb": "tokens", "columns": ["name", "host", "role", "expires"], "bytes": []}},
  create_join_token: {"method": "POST", "path": "/v1/cluster/tokens", "permission": "administer", "summary": "Make a token with which one host may join once", "body": "JoinTokenCreate", "cli": {"noun": "cluster", "verb": "token", "args": ["host"]}},
  delete_join_token: {"method": "DELETE", "path": "/v1/cluster/tokens/{name}", "permission": "administer", "summary": "Withdraw a token", "cli": {"noun": "cluster", "verb": "revoke", "args": ["name"]}},
  enroll_host: {"method": "POST", "path": "/v1/cluster/enroll", "permission": "none", "summary": "What a joining host's daemon asks a manager for", "body": "EnrollRequest"},
  rotate_authority: {"method": "POST", "path": "/v1/cluster/rotate-ca", "permission": "administer", "summary": "Replace the cluster's certificate authority", "cli": {"noun": "cluster", "verb": "rotate-ca"}},
  exchange_authorities: {"method": "POST", "path": "/v1/cluster/authorities", "permission": "none", "summary": "What a host's daemon tells the manager while the authority is replaced, and what it is to do", "body": "AuthorityReport"},
  join_cluster: {"method": "POST", "path": "/v1/cluster/join", "permission": "administer", "summary": "Let this host join a cluster", "body": "JoinRequest", "cli": {"noun": "cluster", "verb": "join"}},
  leave_cluster: {"method": "POST", "path": "/v1/cluster/leave", "permission": "administer", "summary": "Let this host leave its cluster", "cli": {"noun": "cluster", "verb": "leave"}},
  list_rules: {"method": "GET", "path": "/v1/rules", "permission": "view", "summary": "List placement rules", "cli": {"noun": "rule", "verb": "list", "columns": ["name", "kind", "must", "vms", "hosts", "problem"], "bytes": []}},
  create_rule: {"method": "POST", "path": "/v1/rules", "permission": "administer", "summary": "Create a placement rule", "body": "RuleCreate", "cli": {"noun": "rule", "verb": "create", "args": ["name", "kind"]}},
  get_rule: {"method": "GET", "path": "/v1/rules/{name}", "permission": "view", "summary": "Show a placement rule", "cli": {"noun": "rule", "verb": "show", "args": ["name"]}},
  delete_rule: {"method": "DELETE", "path": "/v1/rules/{name}", "permission": "administer", "summary": "Delete a placement rule", "cli": {"noun": "rule", "verb": "delete", "args": ["name"]}},
  list_plans: {"method": "GET", "path": "/v1/plans", "permission": "view", "summary": "List plans, the newest last", "cli": {"noun": "plan", "verb": "list", "columns": ["name", "kind", "state", "score_before", "score_after", "created"], "bytes": []}},
  create_plan: {"method": "POST", "path": "/v1/plans", "permission": "operate", "summary": "Compute which machines should go where, and why", "body": "PlanCreate", "cli": {"noun": "plan", "verb": "create", "args": ["kind"]}},
  get_plan: {"method": "GET", "path": "/v1/plans/{name}", "permission": "view", "summary": "Show a plan", "cli": {"noun": "plan", "verb": "show", "args": ["name"]}},
  delete_plan: {"method": "DELETE", "path": "/v1/plans/{name}", "permission": "operate", "summary": "Delete a plan that is not being carried out", "cli": {"noun": "plan", "verb": "delete", "args": ["name"]}},
  get_plan_estate: {"method": "GET", "path": "/v1/plans/{name}/estate", "permission": "view", "summary": "Show what a plan was computed from, so that it can be checked", "cli": {"noun": "plan", "verb": "estate", "args": ["name"]}},
  apply_plan: {"method": "POST", "path": "/v1/plans/{name}/apply", "permission": "operate", "summary": "Carry a plan out", "cli": {"noun": "plan", "verb": "apply", "args": ["name"]}},
  list_tasks: {"method": "GET", "path": "/v1/tasks", "permission": "view", "summary": "List tasks", "cli": {"noun": "task", "verb": "list", "columns": ["name", "kind", "target", "state", "progress", "step", "created"], "bytes": []}},
  get_task: {"method": "GET", "path": "/v1/tasks/{name}", "permission": "view", "summary": "Show a task", "cli": {"noun": "task", "verb": "show", "args": ["name"]}},
  cancel_task: {"method": "POST", "path": "/v1/tasks/{name}/cancel", "permission": "operate", "summary": "Cancel a running task; what it did is undone", "cli": {"noun": "task", "verb": "cancel", "args": ["name"]}},
  get_task_screenshot: {"method": "GET", "path": "/v1/tasks/{name}/screenshot", "permission": "view", "summary": "The picture of a machine's screen that a move's boot proof has taken"},
  list_events: {"method": "GET", "path": "/v1/events", "permission": "view", "summary": "List events, oldest first", "cli": {"noun": "event", "verb": "list", "columns": ["time", "kind", "target", "user", "message"], "bytes": []}},
  sign_in: {"method": "POST", "path": "/v1/session", "permission": "none", "summary": "Sign in with a name and a password", "body": "SignIn"},
  sign_out: {"method": "DELETE", "path": "/v1/session", "permission": "none", "summary": "Sign out"},
  change_password: {"method": "POST", "path": "/v1/session/password", "permission": "view", "summary": "Change one's own password", "body": "PasswordChange"},
  begin_totp: {"method": "POST", "path": "/v1/session/totp", "permission": "view", "summary": "A secret for one's own second factor (TOTP); it counts once it is confirmed", "body": "PasswordProof"},
  confirm_totp: {"method": "POST", "path": "/v1/session/totp/confirm", "permission": "view", "summary": "Confirm the second factor with its first code", "body": "TotpCode"},
  remove_totp: {"method": "POST", "path": "/v1/session/totp/remove", "permission": "view", "summary": "Give up one's own second factor", "body": "PasswordProof"},
  create_first_user: {"method": "POST", "path": "/v1/first-user", "permission": "none", "summary": "Make the first administrator, with the code that truced has printed", "body": "FirstUser"},
  list_users: {"method": "GET", "path": "/v1/users", "permission": "administer", "summary": "List users", "cli": {"noun": "user", "verb": "list", "columns": ["name", "role", "projects", "totp", "disabled", "created"], "bytes": []}},
  create_user: {"method": "POST", "path": "/v1/users", "permission": "administer", "summary": "Create a user, who signs in with a password", "body": "UserCreate", "cli": {"noun": "user", "verb": "create", "args": ["name"]}},
  get_user: {"method": "GET", "path": "/v1/users/{name}", "permission": "administer", "summary": "Show a user", "cli": {"noun": "user", "verb": "show", "args": ["name"]}},
  set_user: {"method": "PATCH", "path": "/v1/users/{name}", "permission": "administer", "summary": "Change a user", "body": "UserChange", "cli": {"noun": "user", "verb": "set", "args": ["name"]}},
  delete_user: {"method": "DELETE", "path": "/v1/users/{name}", "permission": "administer", "summary": "Delete a user, whose sessions end", "cli": {"noun": "user", "verb": "delete", "args": ["name"]}},
  list_sessions: {"method": "GET", "path": "/v1/sessions", "permission": "view", "summary": "List who is signed in (one's own sessions; administrators see all)", "cli": {"noun": "session", "verb": "list", "columns": ["name", "user", "address", "agent", "created", "expires"], "bytes": []}},
  delete_session: {"method": "DELETE", "path": "/v1/sessions/{name}", "permission": "view", "summary": "End a session", "cli": {"noun": "session", "verb": "delete", "args": ["name"]}},
  get_summary: {"method": "GET", "path": "/v1/summary", "permission": "view", "summary": "How many machines there are in which state, what they may have, and what is wrong"},
  search: {"method": "GET", "path": "/v1/search", "permission": "view", "summary": "Objects of all kinds whose name, address, label or description has a text in it"},
  list_usage: {"method": "GET", "path": "/v1/usage", "permission": "view", "summary": "What running machines use at this moment, the greediest first"},
  get_vm_metrics: {"method": "GET", "path": "/v1/vms/{name}/metrics", "permission": "view", "summary": "What a virtual machine has used, over time"},
  get_host_metrics: {"method": "GET", "path": "/v1/hosts/{name}/metrics", "permission": "view", "summary": "What a host has used, over time"},
  get_pool_metrics: {"method": "GET", "path": "/v1/pools/{name}/metrics", "permission": "view", "summary": "How full a storage pool was, over time"},
  list_alarms: {"method": "GET", "path": "/v1/alarms", "permission": "view", "summary": "List alarms", "cli": {"noun": "alarm", "verb": "list", "columns": ["name", "severity", "subject", "metric", "above", "below", "state", "raised_count"], "bytes": []}},
  create_alarm: {"method": "POST", "path": "/v1/alarms", "permission": "administer", "summary": "Create an alarm on a threshold or a state", "body": "AlarmCreate", "cli": {"noun": "alarm", "verb": "create", "args": ["name"]}},
  get_alarm: {"method": "GET", "path": "/v1/alarms/{name}", "permission": "view", "summary": "Show an alarm, and for what it is raised", "cli": {"noun": "alarm", "verb": "show", "args": ["name"]}},
  set_alarm: {"method": "PATCH", "path": "/v1/alarms/{name}", "permission": "administer", "summary": "Change an alarm", "body": "AlarmChange", "cli": {"noun": "alarm", "verb": "set", "args": ["name"]}},
  delete_alarm: {"method": "DELETE", "path": "/v1/alarms/{name}", "permission": "administer", "summary": "Delete an alarm", "cli": {"noun": "alarm", "verb": "delete", "args": ["name"]}},
  test_alarm: {"method": "POST", "path": "/v1/alarms/{name}/test", "permission": "administer", "summary": "Send a test message to all that an alarm tells", "cli": {"noun": "alarm", "verb": "test", "args": ["name"]}},
  list_tokens: {"method": "GET", "path": "/v1/tokens", "permission": "administer", "summary": "List tokens and client certificates that may use this server", "cli": {"noun": "token", "verb": "list", "columns": ["name", "kind", "role", "projects", "created", "expires"], "bytes": []}},
  create_token: {"method": "POST", "path": "/v1/tokens", "permission": "administer", "summary": "Create a token, or let a client certificate in", "body": "TokenCreate", "cli": {"noun": "token", "verb": "create", "args": ["name"]}},
  delete_token: {"method": "DELETE", "path": "/v1/tokens/{name}", "permission": "administer", "summary": "Withdraw a token or client certificate", "cli": {"noun": "token", "verb": "delete", "args": ["name"]}},
}

export interface Field {
  kind: string; description: string; required: boolean; default?: string | number | boolean
  values?: string[]; object?: string; file?: boolean
  minimum?: number; maximum?: number; maxLength?: number; maxItems?: number
}

/** The fields of what is sent. */
export const fields: Record<string, Record<string, Field>> = {
  VmCreate: {
    name: {"kind": "string", "description": "Unique among machines", "required": true},
    project: {"kind": "string", "description": "Whose it is", "required": false, "default": "default"},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    labels: {"kind": "map", "description": "Free keys and values (key=value)", "required": false},
    template: {"kind": "string", "description": "Template to clone, NAME or NAME@VERSION", "required": false, "default": "", "maxLength": 80},
    iso: {"kind": "string", "description": "Template of kind iso to put into its CD drive", "required": false, "default": "", "maxLength": 80},
    cpus: {"kind": "integer", "description": "Virtual processors", "required": false, "default": 1, "minimum": 1, "maximum": 64},
    memory: {"kind": "bytes", "description": "Memory", "required": false, "default": 536870912, "minimum": 33554432, "maximum": 17592186044416},
    disk: {"kind": "bytes", "description": "Size of its disk (default: the template's)", "required": false, "minimum": 1048576, "maximum": 70368744177664},
    clone: {"kind": "enum", "description": "linked or full", "required": false, "default": "linked", "values": ["linked", "full"]},
    disk_key: {"kind": "string", "description": "Key of the host to encrypt its disk with (LUKS); empty: not encrypted", "required": false, "default": "", "maxLength": 63},
    machine: {"kind": "enum", "description": "q35, legacy or microvm", "required": false, "default": "q35", "values": ["q35", "microvm", "legacy"]},
    hardware: {"kind": "object", "description": "What differs from the usual of that type", "required": false, "object": "Hardware"},
    network: {"kind": "string", "description": "Network to plug it into", "required": false, "default": "default"},
    forward: {"kind": "array", "description": "Port forward on a network of mode user or nat, HOST:GUEST", "required": false, "maxItems": 32},
    spoof_filter: {"kind": "boolean", "description": "The guest sends from its own MAC and address only", "required": false, "default": true},
    address: {"kind": "string", "description": "Its fixed IPv4 address; empty: the network gives it one, for good", "required": false, "default": "", "maxLength": 15},
    address6: {"kind": "string", "description": "Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6", "required": false, "default": "", "maxLength": 45},
    security_group: {"kind": "array", "description": "Security group whose rules hold for it; none: everything may pass", "required": false, "maxItems": 16},
    send_mbit: {"kind": "integer", "description": "What the guest may send, in Mbit/s; 0: no limit", "required": false, "default": 0, "minimum": 0, "maximum": 1000000},
    receive_mbit: {"kind": "integer", "description": "What the guest may receive, in Mbit/s; 0: no limit", "required": false, "default": 0, "minimum": 0, "maximum": 1000000},
    mirror_to: {"kind": "string", "description": "Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none", "required": false, "default": "", "maxLength": 70},
    cloud_init: {"kind": "string", "description": "cloud-init user-data", "required": false, "default": "", "file": true, "maxLength": 262144},
    ssh_keys: {"kind": "array", "description": "SSH public keys for the template's user", "required": false, "file": true, "maxItems": 32},
    answer_file: {"kind": "string", "description": "Answers for an installer, on a CD while an iso is in the drive", "required": false, "default": "", "file": true, "maxLength": 262144},
    answer_kind: {"kind": "enum", "description": "autounattend, kickstart or preseed (seen from its content)", "required": false, "values": ["autounattend", "kickstart", "preseed"]},
    pool: {"kind": "string", "description": "Where to store its disk", "required": false, "default": "default"},
    memory_min: {"kind": "bytes", "description": "What the balloon leaves it when the host is short of memory; 0: all", "required": false, "default": 0, "maximum": 17592186044416},
    resources: {"kind": "object", "description": "What it may have of its host", "required": false, "object": "VmResources"},
    availability: {"kind": "object", "description": "What becomes of it when its host dies or loses its disks, or its guest hangs", "required": false, "object": "AvailabilityChange"},
    resource_pool: {"kind": "string", "description": "The resource pool that it is in", "required": false, "default": "default"},
    conflict_class: {"kind": "string", "description": "Its conflict class; empty: none", "required": false, "default": "", "maxLength": 63},
    start: {"kind": "boolean", "description": "Start it at once", "required": false, "default": false},
  },
  VmChange: {
    description: {"kind": "string", "description": "Free text", "required": false, "maxLength": 1000},
    labels: {"kind": "map", "description": "Replaces all labels (key=value)", "required": false},
    cpus: {"kind": "integer", "description": "Virtual processors", "required": false, "minimum": 1, "maximum": 64},
    memory: {"kind": "bytes", "description": "Memory", "required": false, "minimum": 33554432, "maximum": 17592186044416},
    iso: {"kind": "string", "description": "The CD in its drive, or empty for none", "required": false, "maxLength": 80},
    memory_min: {"kind": "bytes", "description": "What the balloon leaves it when the host is short of memory; 0: all", "required": false, "maximum": 17592186044416},
    hardware: {"kind": "object", "description": "What shall change of it", "required": false, "object": "Hardware"},
    resources: {"kind": "object", "description": "What it may have of its host", "required": false, "object": "VmResources"},
    availability: {"kind": "object", "description": "What becomes of it when its host dies or loses its disks, or its guest hangs", "required": false, "object": "AvailabilityChange"},
    balance: {"kind": "enum", "description": "Whether plans for balance move it; propose: only those that somebody applies", "required": false, "values": ["off", "propose", "automatic"]},
    resource_pool: {"kind": "string", "description": "The resource pool that it shall be in", "required": false},
    conflict_class: {"kind": "string", "description": "Its conflict class; empty: none", "required": false, "maxLength": 63},
  },
  NicChange: {
    nic: {"kind": "integer", "description": "Number of the card", "required": false, "default": 0, "minimum": 0, "maximum": 7},
    spoof_filter: {"kind": "boolean", "description": "The guest sends from this card's own MAC and address only; off for routers and fail-over addresses", "required": false},
    address: {"kind": "string", "description": "Its fixed IPv4 address, or empty for one that the network gives", "required": false, "maxLength": 15},
    address6: {"kind": "string", "description": "Its fixed IPv6 address, or empty for one that the network gives", "required": false, "maxLength": 45},
    security_group: {"kind": "array", "description": "Replaces its security groups (one empty text stands for none)", "required": false, "maxItems": 16},
    forward: {"kind": "array", "description": "Replaces its port forwards, HOST:GUEST", "required": false, "maxItems": 32},
    send_mbit: {"kind": "integer", "description": "What the guest may send, in Mbit/s; 0: no limit", "required": false, "minimum": 0, "maximum": 1000000},
    receive_mbit: {"kind": "integer", "description": "What the guest may receive, in Mbit/s; 0: no limit", "required": false, "minimum": 0, "maximum": 1000000},
    mirror_to: {"kind": "string", "description": "Network card VM/NUMBER on the same host that gets a copy of all that this one carries, or empty for none", "required": false, "maxLength": 70},
  },
  NicAdd: {
    network: {"kind": "string", "description": "Network to plug it into", "required": false, "default": "default"},
    forward: {"kind": "array", "description": "Port forward on a network of mode user or nat, HOST:GUEST", "required": false, "maxItems": 32},
    spoof_filter: {"kind": "boolean", "description": "The guest sends from its own MAC and address only", "required": false, "default": true},
    address: {"kind": "string", "description": "Its fixed IPv4 address; empty: the network gives it one, for good", "required": false, "default": "", "maxLength": 15},
    address6: {"kind": "string", "description": "Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6", "required": false, "default": "", "maxLength": 45},
    security_group: {"kind": "array", "description": "Security group whose rules hold for it; none: everything may pass", "required": false, "maxItems": 16},
    send_mbit: {"kind": "integer", "description": "What the guest may send, in Mbit/s; 0: no limit", "required": false, "default": 0, "minimum": 0, "maximum": 1000000},
    receive_mbit: {"kind": "integer", "description": "What the guest may receive, in Mbit/s; 0: no limit", "required": false, "default": 0, "minimum": 0, "maximum": 1000000},
    mirror_to: {"kind": "string", "description": "Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none", "required": false, "default": "", "maxLength": 70},
  },
  DiskCreate: {
    size: {"kind": "bytes", "description": "What the guest sees", "required": true, "minimum": 1048576, "maximum": 70368744177664},
    pool: {"kind": "string", "description": "Where to store it", "required": false, "default": "default"},
    key: {"kind": "string", "description": "Key of the host that it is encrypted with (LUKS); empty: not encrypted", "required": false, "default": "", "maxLength": 63},
  },
  DiskChange: {
    size: {"kind": "bytes", "description": "What the guest sees, larger than now", "required": false, "minimum": 1048576, "maximum": 70368744177664},
  },
  DiskMove: {
    pool: {"kind": "string", "description": "The other pool", "required": true},
  },
  MigrateOptions: {
    to: {"kind": "string", "description": "The other host; empty: the best one", "required": false, "default": "", "maxLength": 63},
    with_storage: {"kind": "boolean", "description": "Disks that the other host cannot reach are copied to its pools", "required": false, "default": false},
    downtime_ms: {"kind": "integer", "description": "How long the guest may stand still, in milliseconds", "required": false, "default": 300, "minimum": 1, "maximum": 60000},
    bandwidth: {"kind": "bytes", "description": "Bytes a second at most; 0: no limit", "required": false, "default": 0},
    channels: {"kind": "integer", "description": "Connections that memory goes over", "required": false, "default": 1, "minimum": 1, "maximum": 16},
    compress: {"kind": "boolean", "description": "Compress memory (zstd)", "required": false, "default": false},
    auto_converge: {"kind": "boolean", "description": "Slow the guest down when it changes its memory quicker than it can be sent", "required": false, "default": true},
    post_copy: {"kind": "boolean", "description": "When it does not converge, go on at the other host and fetch the rest; a failure then costs the machine's memory", "required": false, "default": false},
    offline: {"kind": "boolean", "description": "Suspend it, move it and resume it, when it cannot move while it runs", "required": false, "default": false},
  },
  MoveOptions: {
    to: {"kind": "string", "description": "here, or the name of a platform", "required": true, "maxLength": 63},
    new_name: {"kind": "string", "description": "What it is called there (as it is now, as far as that goes)", "required": false, "default": "", "maxLength": 63},
    project: {"kind": "string", "description": "Whose it is here", "required": false, "default": "default"},
    pool: {"kind": "string", "description": "Where its disks are stored (here: default; on a platform the one with most room)", "required": false, "default": "", "maxLength": 128},
    host: {"kind": "string", "description": "Where it is placed (the one that suits best)", "required": false, "default": "", "maxLength": 128},
    network: {"kind": "array", "description": "Which network its cards are plugged into: a name for all, or BEFORE=THEN for those of one (one of the same name; here: default)", "required": false, "maxItems": 8},
    keep_source: {"kind": "boolean", "description": "What it was moved from stays, off, until somebody deletes it", "required": false, "default": true},
    start: {"kind": "boolean", "description": "Start it when it has come", "required": false, "default": false},
    prepare: {"kind": "boolean", "description": "When it comes here: change its guest so that it boots here (drivers, names of disks and network cards), by libguestfs on the manager that leads", "required": false, "default": false},
    prove: {"kind": "boolean", "description": "When it comes here: before it counts as here, start it once as a throw-away without a network, and undo the move if it does not boot", "required": false, "default": false},
    prove_seconds: {"kind": "integer", "description": "How long that may take until there is a sign that it has booted, or has not", "required": false, "default": 300, "minimum": 10, "maximum": 3600},
    warm: {"kind": "boolean", "description": "Copy it while it runs, then what it has changed meanwhile, again and again; it is shut down for the last part only", "required": false, "default": false},
    xen: {"kind": "enum", "description": "How a Xen host that it goes to starts it: hvm for any system; pvh and pv for Linux alone, by GRUB of that host from its first disk (hvm)", "required": false, "values": ["hvm", "pvh", "pv"]},
    xen_loader: {"kind": "string", "description": "Where GRUB for pvh or pv is on that host (as Debian's package grub-xen-host has it, in /usr/lib/grub-xen)", "required": false, "maxLength": 256},
  },
  StartOptions: {
    boot: {"kind": "enum", "description": "Boot from this first, this time only", "required": false, "values": ["disk", "cdrom", "network"]},
  },
  StopOptions: {
    now: {"kind": "boolean", "description": "Cut the power instead of asking the guest", "required": false, "default": false},
    timeout_seconds: {"kind": "integer", "description": "How long the guest may take", "required": false, "default": 60, "minimum": 1, "maximum": 3600},
  },
  Rename: {
    new_name: {"kind": "string", "description": "The new name", "required": true},
  },
  ExecRequest: {
    argv: {"kind": "array", "description": "The program and its arguments", "required": true, "maxItems": 256},
    timeout_seconds: {"kind": "integer", "description": "How long to wait for its end", "required": false, "default": 60, "minimum": 1, "maximum": 3600},
  },
  ConsoleRequest: {
    kind: {"kind": "enum", "description": "Which one", "required": false, "default": "serial", "values": ["serial", "vnc", "spice", "serial2", "serial3", "serial4", "parallel"]},
  },
  SnapshotCreate: {
    name: {"kind": "string", "description": "Unique in the machine", "required": true},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    memory: {"kind": "boolean", "description": "With the memory of a machine that runs", "required": false, "default": false},
    quiesce: {"kind": "boolean", "description": "Freeze the guest's file systems by its agent for the moment", "required": false, "default": false},
  },
  RestoreOptions: {
    start: {"kind": "boolean", "description": "Start the machine, when the snapshot has no memory", "required": false, "default": false},
  },
  CloneOptions: {
    new_name: {"kind": "string", "description": "Unique among machines", "required": true},
    start: {"kind": "boolean", "description": "Start it at once", "required": false, "default": false},
  },
  TemplateCreate: {
    name: {"kind": "string", "description": "Name of the family; the version is added", "required": true},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    recipe: {"kind": "string", "description": "Recipe to follow: debian-12 or tiny", "required": false},
    file: {"kind": "string", "description": "Path of a disk image or ISO on the host", "required": false, "maxLength": 4096},
    host: {"kind": "string", "description": "The host that makes it; empty: the manager's own", "required": false, "default": "", "maxLength": 63},
  },
  UploadCreate: {
    template: {"kind": "string", "description": "Name of the family; the version is added", "required": true},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    size: {"kind": "bytes", "description": "Of the whole file, at most 64 TiB", "required": true, "minimum": 1, "maximum": 70368744177664},
    sha256: {"kind": "string", "description": "Of the whole file, in 64 hexadecimal digits; empty: it is not checked", "required": false, "default": "", "maxLength": 64},
  },
  NetworkCreate: {
    name: {"kind": "string", "description": "Unique among networks", "required": true, "maxLength": 12},
    mode: {"kind": "enum", "description": "nat, routed, isolated, bridged or user", "required": false, "default": "nat", "values": ["nat", "user", "routed", "isolated", "bridged"]},
    bridge: {"kind": "string", "description": "A bridge that the host has already (mode bridged)", "required": false, "default": "", "maxLength": 15},
    private_to: {"kind": "string", "description": "Only machines of this project may use it (all)", "required": false, "default": "", "maxLength": 63},
    subnet: {"kind": "string", "description": "IPv4 addresses such as 10.88.0.0/24 (modes nat, routed, isolated)", "required": false},
    subnet6: {"kind": "string", "description": "IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated); empty: no IPv6", "required": false, "default": "", "maxLength": 49},
    overlay: {"kind": "boolean", "description": "One network over all hosts (VXLAN), so that machines keep their addresses when they move", "required": false, "default": false},
    vlan: {"kind": "integer", "description": "VLAN on the host's bridge, in mode bridged; 0: untagged", "required": false, "default": 0, "minimum": 0, "maximum": 4094},
    domain: {"kind": "string", "description": "DNS suffix of the machines", "required": false, "default": "truce.internal", "maxLength": 200},
    spoof_filter: {"kind": "boolean", "description": "Guests send from their own MAC and address only", "required": false, "default": true},
  },
  NetworkChange: {
    spoof_filter: {"kind": "boolean", "description": "Guests send from their own MAC and address only", "required": false},
    subnet6: {"kind": "string", "description": "IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated), or empty for no IPv6", "required": false, "maxLength": 49},
  },
  SecurityGroupCreate: {
    name: {"kind": "string", "description": "Unique among security groups", "required": true},
    project: {"kind": "string", "description": "Whose it is", "required": false, "default": "default"},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    rule: {"kind": "array", "description": "ingress or egress, then any, tcp, udp or icmp, then ports (80,8000-8100), then from or to a CIDR or group:NAME", "required": false, "maxItems": 4096},
    rules_file: {"kind": "array", "description": "The same from a file, one a line", "required": false, "file": true, "maxItems": 4096},
  },
  SecurityGroupChange: {
    description: {"kind": "string", "description": "Free text", "required": false, "maxLength": 1000},
    add_rule: {"kind": "array", "description": "A rule to add", "required": false, "maxItems": 4096},
    remove_rule: {"kind": "array", "description": "A rule to take out, as truce security-group show writes it", "required": false, "maxItems": 4096},
    rules_file: {"kind": "array", "description": "Replaces all rules by those of a file, one a line", "required": false, "file": true, "maxItems": 4096},
  },
  PoolCreate: {
    name: {"kind": "string", "description": "Unique among pools", "required": true},
    source: {"kind": "string", "description": "A folder of the host, of any file system that is mounted there", "required": true, "maxLength": 1024},
    host: {"kind": "string", "description": "The host whose folder it is, or that makes it where it is shared; empty: the manager's own", "required": false, "default": "", "maxLength": 63},
    shared: {"kind": "boolean", "description": "The folder is the same on all hosts, such as an NFS mount", "required": false, "default": false},
    quota: {"kind": "bytes", "description": "What may be stored in it at most; 0: no limit", "required": false, "default": 0},
    overcommit_percent: {"kind": "integer", "description": "What may be promised to machines, in percent of its size; 0: no limit", "required": false, "default": 0, "minimum": 0, "maximum": 100000},
    alarm_percent: {"kind": "integer", "description": "From this part on that is used it says so, in percent", "required": false, "default": 85, "minimum": 1, "maximum": 100},
  },
  PoolChange: {
    quota: {"kind": "bytes", "description": "What may be stored in it at most; 0: no limit", "required": false},
    overcommit_percent: {"kind": "integer", "description": "What may be promised to machines, in percent of its size; 0: no limit", "required": false, "minimum": 0, "maximum": 100000},
    alarm_percent: {"kind": "integer", "description": "From this part on that is used it says so, in percent", "required": false, "minimum": 1, "maximum": 100},
  },
  ResourcePoolCreate: {
    name: {"kind": "string", "description": "Unique among resource pools", "required": true},
    parent: {"kind": "string", "description": "The pool that it shall be in (the host itself)", "required": false, "default": "", "maxLength": 63},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    cpu_shares: {"kind": "integer", "description": "Its weight among its siblings where processors are short", "required": false, "default": 100, "minimum": 1, "maximum": 10000},
    cpu_limit: {"kind": "integer", "description": "Processor time of all its machines at most, in percent of one processor; 0: no limit", "required": false, "default": 0, "minimum": 0, "maximum": 640000},
    cpu_reservation: {"kind": "integer", "description": "Processor time that its machines may reserve together, in percent of one processor; 0: as its parent", "required": false, "default": 0, "minimum": 0, "maximum": 640000},
    memory_limit: {"kind": "bytes", "description": "Memory of all its running machines at most; 0: no limit", "required": false, "default": 0},
    memory_reservation: {"kind": "bytes", "description": "Memory that its machines may reserve together; 0: as its parent", "required": false, "default": 0},
  },
  ResourcePoolChange: {
    description: {"kind": "string", "description": "Free text", "required": false, "maxLength": 1000},
    cpu_shares: {"kind": "integer", "description": "Its weight among its siblings where processors are short", "required": false, "minimum": 1, "maximum": 10000},
    cpu_limit: {"kind": "integer", "description": "Processor time of all its machines at most, in percent of one processor; 0: no limit", "required": false, "minimum": 0, "maximum": 640000},
    cpu_reservation: {"kind": "integer", "description": "Processor time that its machines may reserve together, in percent of one processor; 0: as its parent", "required": false, "minimum": 0, "maximum": 640000},
    memory_limit: {"kind": "bytes", "description": "Memory of all its running machines at most; 0: no limit", "required": false},
    memory_reservation: {"kind": "bytes", "description": "Memory that its machines may reserve together; 0: as its parent", "required": false},
  },
  ConflictClassCreate: {
    name: {"kind": "string", "description": "Unique among conflict classes", "required": true},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    conflicts_with: {"kind": "array", "description": "A class that may not be on the same host; it may be made later", "required": false, "maxItems": 256},
  },
  ConflictClassChange: {
    description: {"kind": "string", "description": "Free text", "required": false, "maxLength": 1000},
    conflicts_with: {"kind": "array", "description": "Replaces the classes that may not be on the same host", "required": false, "maxItems": 256},
  },
  PlatformCreate: {
    name: {"kind": "string", "description": "Unique among platforms", "required": true},
    url: {"kind": "string", "description": "Where it is, and who asks: vsphere://USER@HOST:PORT (vCenter or ESXi), libvirt+qemu+ssh://USER@HOST/system (also libvirt+xen, +tls; libvirt+qemu:///system: the host of the manager)", "required": true, "maxLength": 1024},
    password: {"kind": "string", "description": "The password of that user; empty where the address needs none: libvirt by ssh, or on this host", "required": true, "maxLength": 1024},
    fingerprint: {"kind": "string", "description": "SHA-256 of the certificate that it shows, which is accepted whoever has signed it", "required": false, "default": "", "maxLength": 128},
    ca: {"kind": "string", "description": "Authorities that may have signed its certificate, PEM, instead of those that the system believes", "required": false, "default": "", "file": true, "maxLength": 65536},
  },
  PlatformChange: {
    url: {"kind": "string", "description": "Where it is, and who asks: vsphere://USER@HOST:PORT, libvirt+qemu+ssh://USER@HOST/system", "required": false, "maxLength": 1024},
    password: {"kind": "string", "description": "The password of that user", "required": false, "maxLength": 1024},
    fingerprint: {"kind": "string", "description": "SHA-256 of the certificate that is accepted; empty: one that an authority has signed", "required": false, "maxLength": 128},
    ca: {"kind": "string", "description": "Authorities that may have signed its certificate, PEM; empty: those that the system believes", "required": false, "file": true, "maxLength": 65536},
  },
  HostChange: {
    label: {"kind": "map", "description": "Replaces its labels", "required": false},
    fault_domain: {"kind": "string", "description": "What fails together with it, such as a rack", "required": false, "maxLength": 63},
    power: {"kind": "string", "description": "What switches it: wol:MAC[@BROADCAST], redfish://USER@HOST[:PORT][/SYSTEM], ipmi://USER@HOST[:PORT] or none", "required": false, "maxLength": 300},
    power_password: {"kind": "string", "description": "The password of that user; it is kept sealed and never shown", "required": false, "maxLength": 256},
    power_fingerprint: {"kind": "string", "description": "SHA-256 of the certificate of its management controller, which is trusted by that alone (redfish)", "required": false, "maxLength": 64},
  },
  DrainOptions: {
    with_storage: {"kind": "boolean", "description": "Disks that other hosts cannot reach are copied", "required": false, "default": false},
    parallel: {"kind": "integer", "description": "How many machines move at once", "required": false, "default": 2, "minimum": 1, "maximum": 16},
    stop: {"kind": "boolean", "description": "Machines that cannot move while they run are stopped for it", "required": false, "default": false},
  },
  ClusterCreate: {
    name: {"kind": "string", "description": "Of the cluster", "required": true},
    address: {"kind": "string", "description": "Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what its default route goes out from", "required": false, "default": "", "maxLength": 255},
    cpu_baseline: {"kind": "string", "description": "Processor model that machines get, unless they say otherwise", "required": false, "default": "", "maxLength": 63},
    store: {"kind": "enum", "description": "Where its state will be: with sqlite this host is its only manager", "required": false, "default": "etcd", "values": ["sqlite", "etcd"]},
    etcd: {"kind": "array", "description": "Addresses of an etcd of one's own, https://HOST:PORT; none: truced runs its own", "required": false, "maxItems": 16},
    etcd_ca: {"kind": "string", "description": "Certificates that the certificates of that etcd are signed by, PEM; none: those that this host's system believes", "required": false, "default": "", "file": true, "maxLength": 65536},
    etcd_certificate: {"kind": "string", "description": "What the managers show to that etcd, PEM", "required": false, "default": "", "file": true, "maxLength": 65536},
    etcd_key: {"kind": "string", "description": "Its key, PEM, without a passphrase", "required": false, "default": "", "file": true, "maxLength": 65536},
    etcd_user: {"kind": "string", "description": "Who signs in at that etcd; empty: nobody", "required": false, "default": "", "maxLength": 255},
    etcd_password: {"kind": "string", "description": "The password of that user", "required": false, "default": "", "maxLength": 1024},
    etcd_prefix: {"kind": "string", "description": "What the keys of this cluster begin with in that etcd, /a/name/; empty: /truce/NAME/", "required": false, "default": "", "maxLength": 256},
    etcd_client_port: {"kind": "integer", "description": "Where the managers' own etcd is reached by them", "required": false, "default": 2379, "minimum": 1, "maximum": 65535},
    etcd_peer_port: {"kind": "integer", "description": "And by its other members", "required": false, "default": 2380, "minimum": 1, "maximum": 65535},
  },
  ClusterChange: {
    availability: {"kind": "boolean", "description": "Machines of a host that dies or is cut off are started on others; from their next start on", "required": false},
    cpu_baseline: {"kind": "string", "description": "Processor model that machines get, unless they say otherwise; empty: each host's own", "required": false, "maxLength": 63},
    balance: {"kind": "enum", "description": "What is done by itself when the load is uneven", "required": false, "values": ["off", "propose", "automatic"]},
    balance_minutes: {"kind": "integer", "description": "So often the load is looked at", "required": false, "minimum": 1, "maximum": 1440},
    power_saving: {"kind": "enum", "description": "What is done by itself where hosts are not needed", "required": false, "values": ["off", "advise", "automatic"]},
    stay_awake: {"kind": "integer", "description": "So many hosts are never asleep", "required": false, "minimum": 0, "maximum": 10000},
    spare_hosts: {"kind": "integer", "description": "So many of those that are awake may fail and machines still find room", "required": false, "minimum": 0, "maximum": 1000},
    sleep_below: {"kind": "integer", "description": "A host sleeps where the others would be used to no more, in percent", "required": false, "minimum": 1, "maximum": 90},
    wake_above: {"kind": "integer", "description": "One is woken where those that are awake are used to more, in percent; at least ten above sleep_below", "required": false, "minimum": 11, "maximum": 100},
    rest_minutes: {"kind": "integer", "description": "A host that has woken stays so for this long", "required": false, "minimum": 0, "maximum": 10080},
  },
  JoinTokenCreate: {
    host: {"kind": "string", "description": "Its name in the cluster", "required": true},
    role: {"kind": "enum", "description": "What it will be", "required": false, "default": "node", "values": ["manager", "node"]},
    hours: {"kind": "integer", "description": "How long it may be used", "required": false, "default": 24, "minimum": 1, "maximum": 720},
  },
  EnrollRequest: {
    host: {"kind": "string", "description": "Its name", "required": true},
    secret: {"kind": "string", "description": "Of the token", "required": true, "maxLength": 256},
    request: {"kind": "string", "description": "Certificate signing request, PEM", "required": true, "maxLength": 8192},
    address: {"kind": "string", "description": "Where the other hosts reach it, ADDRESS:PORT", "required": true, "maxLength": 255},
    version: {"kind": "string", "description": "Of its truced", "required": false, "default": "", "maxLength": 63},
    format: {"kind": "integer", "description": "The newest format of the state that it knows", "required": false, "default": 1, "minimum": 1},
    oldest_format: {"kind": "integer", "description": "And the oldest", "required": false, "default": 1, "minimum": 1},
    etcd_request: {"kind": "string", "description": "The same for its member of etcd, if it is to be a manager", "required": false, "default": "", "maxLength": 8192},
  },
  AuthorityReport: {
    host: {"kind": "string", "description": "Its name", "required": true},
    believed: {"kind": "array", "description": "Whom it believes", "required": false, "maxItems": 16},
    signed_by: {"kind": "string", "description": "Who signed its certificate", "required": false, "default": "", "maxLength": 64},
    keys: {"kind": "array", "description": "Whose keys it has", "required": false, "maxItems": 16},
    etcd_believed: {"kind": "array", "description": "Whom its member of etcd believes", "required": false, "maxItems": 16},
    etcd_signed_by: {"kind": "string", "description": "Who signed the certificate of that", "required": false, "default": "", "maxLength": 64},
    seals: {"kind": "array", "description": "Which keys for sealing secrets it has", "required": false, "maxItems": 16},
  },
  JoinRequest: {
    token: {"kind": "string", "description": "What truce cluster token printed", "required": true, "maxLength": 4096},
    address: {"kind": "string", "description": "Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what the route to the manager goes out from", "required": false, "default": "", "maxLength": 255},
  },
  RuleCreate: {
    name: {"kind": "string", "description": "Unique among rules", "required": true},
    kind: {"kind": "enum", "description": "What it says", "required": true, "values": ["together", "apart", "on-hosts", "not-on-hosts"]},
    must: {"kind": "boolean", "description": "Nothing is placed against it; otherwise it is only preferred", "required": false, "default": false},
    vm: {"kind": "array", "description": "A machine that it is about", "required": false, "maxItems": 256},
    vm_label: {"kind": "string", "description": "Also all machines with this label, KEY=VALUE", "required": false, "default": "", "maxLength": 127},
    host: {"kind": "array", "description": "A host that it is about", "required": false, "maxItems": 256},
    host_label: {"kind": "string", "description": "Also all hosts with this label, KEY=VALUE", "required": false, "default": "", "maxLength": 127},
    by_fault_domain: {"kind": "boolean", "description": "together and apart count fault domains instead of hosts", "required": false, "default": false},
  },
  PlanCreate: {
    kind: {"kind": "enum", "description": "What for", "required": true, "values": ["balance", "evacuate", "consolidate"]},
    host: {"kind": "string", "description": "The host to empty, for evacuate; for balance, the only host that machines leave", "required": false, "default": "", "maxLength": 63},
    moves: {"kind": "integer", "description": "How many moves at most", "required": false, "default": 50, "minimum": 1, "maximum": 10000},
    apply: {"kind": "boolean", "description": "Carry it out at once", "required": false, "default": false},
  },
  SignIn: {
    user: {"kind": "string", "description": "The user's name", "required": true, "maxLength": 63},
    password: {"kind": "string", "description": "The user's password", "required": true, "maxLength": 1024},
    code: {"kind": "string", "description": "Of the second factor, or a recovery code", "required": false, "default": "", "maxLength": 64},
  },
  PasswordChange: {
    password: {"kind": "string", "description": "The one until now", "required": true, "maxLength": 1024},
    new_password: {"kind": "string", "description": "12 characters at least", "required": true, "maxLength": 1024},
  },
  PasswordProof: {
    password: {"kind": "string", "description": "One's own password", "required": true, "maxLength": 1024},
  },
  TotpCode: {
    code: {"kind": "string", "description": "Six digits", "required": true, "maxLength": 64},
  },
  FirstUser: {
    code: {"kind": "string", "description": "What truced has printed", "required": true, "maxLength": 64},
    name: {"kind": "string", "description": "The administrator's name", "required": true},
    password: {"kind": "string", "description": "12 characters at least", "required": true, "maxLength": 1024},
  },
  UserCreate: {
    name: {"kind": "string", "description": "Unique among users", "required": true},
    role: {"kind": "enum", "description": "admin, operator or viewer", "required": false, "default": "viewer", "values": ["admin", "operator", "viewer"]},
    projects: {"kind": "array", "description": "Only in these projects; empty: in all", "required": false, "maxItems": 100},
    password: {"kind": "string", "description": "12 characters at least", "required": true, "maxLength": 1024},
  },
  UserChange: {
    role: {"kind": "enum", "description": "admin, operator or viewer", "required": false, "values": ["admin", "operator", "viewer"]},
    projects: {"kind": "array", "description": "Only in these projects; empty: in all", "required": false, "maxItems": 100},
    password: {"kind": "string", "description": "12 characters at least", "required": false, "maxLength": 1024},
    disabled: {"kind": "boolean", "description": "May not sign in", "required": false},
    totp: {"kind": "boolean", "description": "false: the second factor is forgotten (for one who has lost it)", "required": false},
  },
  AlarmCreate: {
    name: {"kind": "string", "description": "Unique among alarms", "required": true},
    description: {"kind": "string", "description": "Free text", "required": false, "default": "", "maxLength": 1000},
    subject: {"kind": "enum", "description": "vm, host or pool", "required": true, "values": ["vm", "host", "pool"]},
    severity: {"kind": "enum", "description": "warning or critical", "required": false, "default": "warning", "values": ["warning", "critical"]},
    metric: {"kind": "string", "description": "Quantity of a threshold, such as cpu, memory, used", "required": false, "default": "", "maxLength": 63},
    above: {"kind": "number", "description": "Raised while the quantity is above this", "required": false},
    below: {"kind": "number", "description": "Raised while the quantity is below this", "required": false},
    state: {"kind": "string", "description": "Raised while the subject is in this state: of a vm off, running, unknown …; of a host online or offline; problem: while something is wrong with it", "required": false, "default": "", "maxLength": 63},
    for_seconds: {"kind": "integer", "description": "How long it must hold before it is raised", "required": false, "default": 60, "minimum": 0, "maximum": 86400},
    label: {"kind": "string", "description": "Only machines with this label (key=value)", "required": false, "default": "", "maxLength": 200},
    project: {"kind": "string", "description": "Only machines of this project; empty: all", "required": false, "default": "", "maxLength": 63},
    webhook: {"kind": "array", "description": "URL to post a JSON document to", "required": false, "maxItems": 8},
    mail: {"kind": "array", "description": "Who gets a mail", "required": false, "maxItems": 8},
  },
  AlarmChange: {
    description: {"kind": "string", "description": "Free text", "required": false, "maxLength": 1000},
    severity: {"kind": "enum", "description": "warning or critical", "required": false, "values": ["warning", "critical"]},
    above: {"kind": "number", "description": "Raised while the quantity is above this; takes the place of below", "required": false},
    below: {"kind": "number", "description": "Raised while the quantity is below this; takes the place of above", "required": false},
    for_seconds: {"kind": "integer", "description": "How long it must hold before it is raised", "required": false, "minimum": 0, "maximum": 86400},
    webhook: {"kind": "array", "description": "URL to post a JSON document to, of those that are there also as they are shown (one empty text stands for none)", "required": false, "maxItems": 8},
    mail: {"kind": "array", "description": "Who gets a mail (one empty text stands for none)", "required": false, "maxItems": 8},
    disabled: {"kind": "boolean", "description": "Nothing is looked at", "required": false},
  },
  TokenCreate: {
    name: {"kind": "string", "description": "Who will hold it", "required": true},
    role: {"kind": "enum", "description": "admin, operator or viewer", "required": false, "default": "viewer", "values": ["admin", "operator", "viewer"]},
    projects: {"kind": "array", "description": "Only in these projects; empty: in all", "required": false, "maxItems": 100},
    certificate: {"kind": "string", "description": "PEM of a client certificate to let in (instead of a token)", "required": false, "file": true, "maxLength": 16384},
    expires: {"kind": "time", "description": "When it ends by itself", "required": false},
  },
  Hardware: {
    machine_version: {"kind": "string", "description": "Version of the machine type, such as 7.2: kept from the creation (the newest then)", "required": false, "maxLength": 16},
    guest: {"kind": "enum", "description": "windows: a clock in local time and, with KVM, what makes Windows quick (other)", "required": false, "values": ["other", "windows"]},
    acpi: {"kind": "boolean", "description": "ACPI; without it the guest cannot be asked to power off (on)", "required": false},
    cpu_model: {"kind": "string", "description": "max, host (with KVM), x86-64-v2, x86-64-v3, x86-64-v4, or a model that truce host show lists", "required": false, "maxLength": 64},
    sockets: {"kind": "integer", "description": "Processor sockets; sockets x cores x threads are the processors", "required": false, "minimum": 1, "maximum": 64},
    cores: {"kind": "integer", "description": "Cores of each socket", "required": false, "minimum": 1, "maximum": 64},
    threads: {"kind": "integer", "description": "Threads of each core", "required": false, "minimum": 1, "maximum": 64},
    max_cpus: {"kind": "integer", "description": "How many processors it can be given while it runs (as many as it has)", "required": false, "minimum": 1, "maximum": 64},
    max_memory: {"kind": "bytes", "description": "How much memory it can be given while it runs, by virtio-mem (as much as it has)", "required": false, "minimum": 33554432, "maximum": 17592186044416},
    numa_nodes: {"kind": "integer", "description": "NUMA nodes that processors and memory are spread over", "required": false, "minimum": 1, "maximum": 8},
    huge_pages: {"kind": "boolean", "description": "Memory from the host's huge pages of 2 MiB", "required": false},
    firmware: {"kind": "enum", "description": "bios or uefi (bios)", "required": false, "values": ["bios", "uefi"]},
    secure_boot: {"kind": "enum", "description": "Secure Boot of UEFI: off, or with whose keys (off)", "required": false, "values": ["off", "microsoft", "snakeoil"]},
    tpm: {"kind": "boolean", "description": "A TPM 2.0 of its own", "required": false},
    boot: {"kind": "array", "description": "What to boot from, in this order (disk, then cdrom); a kernel of the template is then left out", "required": false, "values": ["disk", "cdrom", "network"], "maxItems": 3},
    cdrom: {"kind": "boolean", "description": "A CD drive, also while nothing is in it (with an iso)", "required": false},
    disk_bus: {"kind": "enum", "description": "What disks hang on (virtio; legacy: ide). pvscsi and lsisas are what VMware's machines have", "required": false, "values": ["virtio", "scsi", "sata", "ide", "pvscsi", "lsisas"]},
    nic_model: {"kind": "enum", "description": "Which network card (virtio; legacy: e1000). vmxnet3 is what VMware's machines have", "required": false, "values": ["virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"]},
    display: {"kind": "enum", "description": "Which graphics card (vga; microvm: none)", "required": false, "values": ["none", "vga", "cirrus", "virtio", "qxl"]},
    gpu_3d: {"kind": "boolean", "description": "3D by the host's graphics card; display must be virtio", "required": false},
    spice: {"kind": "boolean", "description": "SPICE beside VNC, for the host's root", "required": false},
    usb: {"kind": "boolean", "description": "USB with a tablet as pointer (on when a display is chosen, and for windows)", "required": false},
    sound: {"kind": "enum", "description": "Which sound card (none)", "required": false, "values": ["none", "hda", "ac97", "sb16"]},
    serial_ports: {"kind": "integer", "description": "Serial ports; the first is the console (1)", "required": false, "minimum": 1, "maximum": 4},
    parallel_port: {"kind": "boolean", "description": "A parallel port", "required": false},
    watchdog: {"kind": "enum", "description": "What an i6300esb watchdog does when the guest no longer feeds it (off)", "required": false, "values": ["off", "reset", "shutdown", "poweroff", "pause"]},
    pci: {"kind": "array", "description": "Device of the host to pass through, 0000:01:00.0; it must be bound to vfio-pci", "required": false, "maxItems": 4},
    usb_devices: {"kind": "array", "description": "USB device of the host to pass through, VENDOR:PRODUCT as lsusb writes it", "required": false, "maxItems": 4},
  },
  VmResources: {
    cpu_shares: {"kind": "integer", "description": "Its weight where processors are short (100 a processor)", "required": false, "minimum": 1, "maximum": 10000},
    cpu_limit: {"kind": "integer", "description": "Processor time at most, in percent of one processor; 0: no limit", "required": false, "minimum": 0, "maximum": 6400},
    cpu_reservation: {"kind": "integer", "description": "Processor time that is kept for it, in percent of one processor; 0: none", "required": false, "minimum": 0, "maximum": 6400},
    memory_reservation: {"kind": "bytes", "description": "Memory that is kept for it; 0: none", "required": false},
    read_iops: {"kind": "integer", "description": "Reads a second of all its disks; 0: no limit", "required": false, "minimum": 0, "maximum": 10000000},
    write_iops: {"kind": "integer", "description": "Writes a second; 0: no limit", "required": false, "minimum": 0, "maximum": 10000000},
    read_rate: {"kind": "bytes", "description": "Bytes read a second; 0: no limit", "required": false},
    write_rate: {"kind": "bytes", "description": "Bytes written a second; 0: no limit", "required": false},
    burst_seconds: {"kind": "integer", "description": "How long it may have ten times as much of its disks; 0: never", "required": false, "minimum": 0, "maximum": 3600},
  },
  AvailabilityChange: {
    restart_elsewhere: {"kind": "boolean", "description": "It is started on another host", "required": false},
    restart_priority: {"kind": "enum", "description": "When, among others", "required": false, "values": ["low", "medium", "high"]},
    keep_running: {"kind": "boolean", "description": "A host that is cut off lets it run on; then it is never started elsewhere meanwhile", "required": false},
    on_hang: {"kind": "enum", "description": "What its host does when its guest hangs", "required": false, "values": ["none", "reset"]},
    hang_seconds: {"kind": "integer", "description": "How long its guest agent, which has answered before, must be silent, without any disk or network traffic, to count as hanging (60)", "required": false, "minimum": 20, "maximum": 3600},
    on_storage_loss: {"kind": "enum", "description": "What is done when its host no longer reaches its disks", "required": false, "values": ["none", "restart-elsewhere"]},
    storage_loss_seconds: {"kind": "integer", "description": "After how long that is done (60)", "required": false, "minimum": 5, "maximum": 86400},
    restart_after: {"kind": "array", "description": "Machines that have to run before it is started", "required": false, "maxItems": 16},
  },
}
