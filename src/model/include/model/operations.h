// Made by tools/generate from schema/; do not edit.
// clang-format off
// Every operation of the API as a row of data.
#pragma once

#include <array>

#include "model/operation_row.h"

namespace truce::model {

/// The operations, in the order of schema/api.yaml.
enum class Operation : int {
  get_health,
  get_metrics,
  get_server,
  backup_server,
  reload_server,
  get_support_bundle,
  watch_changes,
  get_openapi,
  list_vms,
  create_vm,
  get_vm,
  set_vm,
  delete_vm,
  set_vm_nic,
  add_vm_nic,
  remove_vm_nic,
  revert_vm,
  get_vm_usage,
  list_disks,
  create_disk,
  set_disk,
  delete_disk,
  move_disk,
  migrate_vm,
  move_vm,
  report_vm_move,
  start_vm,
  stop_vm,
  reset_vm,
  pause_vm,
  resume_vm,
  suspend_vm,
  rename_vm,
  screenshot_vm,
  exec_vm,
  get_vm_serial,
  open_console,
  list_snapshots,
  create_snapshot,
  get_snapshot,
  delete_snapshot,
  restore_snapshot,
  clone_snapshot,
  attach_console,
  list_templates,
  create_template,
  get_template,
  delete_template,
  get_template_content,
  list_uploads,
  create_upload,
  get_upload,
  delete_upload,
  put_upload_content,
  finish_upload,
  list_networks,
  create_network,
  get_network,
  set_network,
  delete_network,
  list_security_groups,
  create_security_group,
  get_security_group,
  set_security_group,
  delete_security_group,
  list_pools,
  create_pool,
  get_pool,
  set_pool,
  delete_pool,
  list_resource_pools,
  create_resource_pool,
  get_resource_pool,
  set_resource_pool,
  delete_resource_pool,
  list_conflict_classes,
  create_conflict_class,
  get_conflict_class,
  set_conflict_class,
  delete_conflict_class,
  list_platforms,
  add_platform,
  get_platform,
  set_platform,
  remove_platform,
  sync_platform,
  get_foreign_vm,
  set_foreign_vm,
  delete_foreign_vm,
  create_foreign_snapshot,
  delete_foreign_snapshot,
  restore_foreign_snapshot,
  move_foreign_vm,
  report_foreign_vm_move,
  start_foreign_vm,
  stop_foreign_vm,
  suspend_foreign_vm,
  reset_foreign_vm,
  list_hosts,
  get_host,
  set_host,
  remove_host,
  drain_host,
  undrain_host,
  get_host_power,
  sleep_host,
  wake_host,
  get_host_checks,
  get_cluster,
  init_cluster,
  set_cluster,
  list_join_tokens,
  create_join_token,
  delete_join_token,
  enroll_host,
  rotate_authority,
  exchange_authorities,
  join_cluster,
  leave_cluster,
  list_rules,
  create_rule,
  get_rule,
  delete_rule,
  list_plans,
  create_plan,
  get_plan,
  delete_plan,
  get_plan_estate,
  apply_plan,
  list_tasks,
  get_task,
  cancel_task,
  get_task_screenshot,
  list_events,
  sign_in,
  sign_out,
  change_password,
  begin_totp,
  confirm_totp,
  remove_totp,
  create_first_user,
  list_users,
  create_user,
  get_user,
  set_user,
  delete_user,
  list_sessions,
  delete_session,
  get_summary,
  search,
  list_usage,
  get_vm_metrics,
  get_host_metrics,
  get_pool_metrics,
  list_alarms,
  create_alarm,
  get_alarm,
  set_alarm,
  delete_alarm,
  test_alarm,
  list_tokens,
  create_token,
  delete_token,
};

/// What the rows of `operations` point to.
namespace rows {
inline constexpr std::string_view MetricRange_choices[]{"hour", "day", "week", "month", "year"};
inline constexpr std::string_view Observed_choices[]{"absent", "off", "starting", "running", "paused", "suspended", "unknown"};
inline constexpr std::string_view TaskState_choices[]{"queued", "running", "succeeded", "failed", "cancelled"};
inline constexpr std::string_view UsageSort_choices[]{"cpu", "memory", "disk", "network", "name"};
inline constexpr std::string_view VmSort_choices[]{"name", "observed", "cpus", "memory", "template", "project", "host", "created"};
inline constexpr QueryParameter watch_changes_query[]{
    {.name = "since", .type = QueryType::integer, .minimum = 0},
};
inline constexpr QueryParameter list_vms_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "project", .type = QueryType::name},
    {.name = "observed", .type = QueryType::choice, .choices = Observed_choices},
    {.name = "host", .type = QueryType::text},
    {.name = "label", .type = QueryType::text},
    {.name = "network", .type = QueryType::name},
    {.name = "contains", .type = QueryType::text},
    {.name = "platform", .type = QueryType::name},
    {.name = "sort", .type = QueryType::choice, .choices = VmSort_choices},
    {.name = "descending", .type = QueryType::boolean, .default_value = "false"},
    {.name = "offset", .type = QueryType::integer, .minimum = 0},
};
inline constexpr QueryParameter delete_vm_query[]{
    {.name = "force", .type = QueryType::boolean, .default_value = "false"},
};
inline constexpr QueryParameter list_disks_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter get_vm_serial_query[]{
    {.name = "bytes", .type = QueryType::integer, .minimum = 1, .maximum = 65536, .default_value = "4096"},
};
inline constexpr QueryParameter delete_snapshot_query[]{
    {.name = "subtree", .type = QueryType::boolean, .default_value = "false"},
};
inline constexpr QueryParameter list_templates_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_uploads_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter put_upload_content_query[]{
    {.name = "offset", .type = QueryType::integer, .minimum = 0},
};
inline constexpr QueryParameter list_networks_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "platform", .type = QueryType::name},
};
inline constexpr QueryParameter list_security_groups_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_pools_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "platform", .type = QueryType::name},
};
inline constexpr QueryParameter list_resource_pools_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_conflict_classes_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_platforms_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter delete_foreign_snapshot_query[]{
    {.name = "subtree", .type = QueryType::boolean, .default_value = "false"},
};
inline constexpr QueryParameter list_hosts_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "platform", .type = QueryType::name},
};
inline constexpr QueryParameter remove_host_query[]{
    {.name = "force", .type = QueryType::boolean},
};
inline constexpr QueryParameter list_join_tokens_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_rules_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_plans_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_tasks_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "state", .type = QueryType::choice, .choices = TaskState_choices},
    {.name = "target", .type = QueryType::text},
    {.name = "newest", .type = QueryType::boolean, .default_value = "false"},
};
inline constexpr QueryParameter get_task_query[]{
    {.name = "wait", .type = QueryType::integer, .minimum = 1, .maximum = 60},
};
inline constexpr QueryParameter list_events_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "target", .type = QueryType::text},
    {.name = "newest", .type = QueryType::boolean, .default_value = "false"},
};
inline constexpr QueryParameter list_users_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_sessions_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter search_query[]{
    {.name = "text", .type = QueryType::text},
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 100, .default_value = "30"},
};
inline constexpr QueryParameter list_usage_query[]{
    {.name = "sort", .type = QueryType::choice, .choices = UsageSort_choices},
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "50"},
    {.name = "project", .type = QueryType::name},
};
inline constexpr QueryParameter get_vm_metrics_query[]{
    {.name = "range", .type = QueryType::choice, .choices = MetricRange_choices},
};
inline constexpr QueryParameter get_host_metrics_query[]{
    {.name = "range", .type = QueryType::choice, .choices = MetricRange_choices},
};
inline constexpr QueryParameter get_pool_metrics_query[]{
    {.name = "range", .type = QueryType::choice, .choices = MetricRange_choices},
};
inline constexpr QueryParameter list_alarms_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_tokens_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr std::array<OperationRow, 163> table{{
    {.operation = Operation::get_health, .id = "get_health", .method = "GET", .path = "/healthz", .summary = "Whether the daemon is up and its store answers", .permission = Permission::none, .audit = false, .request = "", .response = "Health", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_metrics, .id = "get_metrics", .method = "GET", .path = "/metrics", .summary = "Counters and gauges in Prometheus' text format", .permission = Permission::view, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_server, .id = "get_server", .method = "GET", .path = "/v1", .summary = "What this server is, and who you are to it", .permission = Permission::none, .audit = false, .request = "", .response = "Server", .status = 200, .list = false, .query = {}},
    {.operation = Operation::backup_server, .id = "backup_server", .method = "POST", .path = "/v1/server/backup", .summary = "A copy of the store as it is at this moment (an SQLite file)", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::reload_server, .id = "reload_server", .method = "POST", .path = "/v1/server/reload", .summary = "Read the configuration file again and apply what can be applied", .permission = Permission::administer, .audit = true, .request = "", .response = "Reload", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_support_bundle, .id = "get_support_bundle", .method = "GET", .path = "/v1/support", .summary = "All that helps to find a fault, without secrets (a tar file packed with Zstandard)", .permission = Permission::administer, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::watch_changes, .id = "watch_changes", .method = "GET", .path = "/v1/watch", .summary = "Everything that changes, as server-sent events", .permission = Permission::view, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = watch_changes_query},
    {.operation = Operation::get_openapi, .id = "get_openapi", .method = "GET", .path = "/v1/openapi.json", .summary = "This description of the API", .permission = Permission::none, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_vms, .id = "list_vms", .method = "GET", .path = "/v1/vms", .summary = "List virtual machines", .permission = Permission::view, .audit = false, .request = "", .response = "VmList", .status = 200, .list = true, .query = list_vms_query},
    {.operation = Operation::create_vm, .id = "create_vm", .method = "POST", .path = "/v1/vms", .summary = "Create a virtual machine", .permission = Permission::operate, .audit = true, .request = "VmCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_vm, .id = "get_vm", .method = "GET", .path = "/v1/vms/{name}", .summary = "Show a virtual machine", .permission = Permission::view, .audit = false, .request = "", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_vm, .id = "set_vm", .method = "PATCH", .path = "/v1/vms/{name}", .summary = "Change a virtual machine", .permission = Permission::operate, .audit = true, .request = "VmChange", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_vm, .id = "delete_vm", .method = "DELETE", .path = "/v1/vms/{name}", .summary = "Delete a virtual machine with its disks", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = delete_vm_query},
    {.operation = Operation::set_vm_nic, .id = "set_vm_nic", .method = "PATCH", .path = "/v1/vms/{name}/nics", .summary = "Change a network card of a virtual machine, also while it runs", .permission = Permission::operate, .audit = true, .request = "NicChange", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::add_vm_nic, .id = "add_vm_nic", .method = "POST", .path = "/v1/vms/{name}/nics", .summary = "Give a virtual machine one more network card, also while it runs", .permission = Permission::operate, .audit = true, .request = "NicAdd", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::remove_vm_nic, .id = "remove_vm_nic", .method = "DELETE", .path = "/v1/vms/{name}/nics/{nic}", .summary = "Take a network card away from a virtual machine, also while it runs", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::revert_vm, .id = "revert_vm", .method = "POST", .path = "/v1/vms/{name}/revert", .summary = "Give up the changes that wait for a virtual machine's next start", .permission = Permission::operate, .audit = true, .request = "", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_vm_usage, .id = "get_vm_usage", .method = "GET", .path = "/v1/vms/{name}/usage", .summary = "What a running virtual machine uses at this moment", .permission = Permission::view, .audit = false, .request = "", .response = "VmUsage", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_disks, .id = "list_disks", .method = "GET", .path = "/v1/vms/{vm}/disks", .summary = "List the disks of a virtual machine", .permission = Permission::view, .audit = false, .request = "", .response = "DiskList", .status = 200, .list = true, .query = list_disks_query},
    {.operation = Operation::create_disk, .id = "create_disk", .method = "POST", .path = "/v1/vms/{vm}/disks", .summary = "Give a virtual machine one more disk, also while it runs", .permission = Permission::operate, .audit = true, .request = "DiskCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::set_disk, .id = "set_disk", .method = "PATCH", .path = "/v1/vms/{vm}/disks/{disk}", .summary = "Grow a disk, also while its machine runs", .permission = Permission::operate, .audit = true, .request = "DiskChange", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::delete_disk, .id = "delete_disk", .method = "DELETE", .path = "/v1/vms/{vm}/disks/{disk}", .summary = "Take a disk away from a virtual machine, and delete it", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::move_disk, .id = "move_disk", .method = "POST", .path = "/v1/vms/{vm}/disks/{disk}/move", .summary = "Move a disk to another pool, also while its machine runs", .permission = Permission::operate, .audit = true, .request = "DiskMove", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::migrate_vm, .id = "migrate_vm", .method = "POST", .path = "/v1/vms/{name}/migrate", .summary = "Move a machine to another host, while it runs or while it is off", .permission = Permission::operate, .audit = true, .request = "MigrateOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::move_vm, .id = "move_vm", .method = "POST", .path = "/v1/vms/{name}/move", .summary = "Move a machine that is off to a platform of others, or from one to here", .permission = Permission::operate, .audit = true, .request = "MoveOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::report_vm_move, .id = "report_vm_move", .method = "POST", .path = "/v1/vms/{name}/move-report", .summary = "Say what a move to a platform of others, from one to here, or to another one would change and lose", .permission = Permission::operate, .audit = false, .request = "MoveOptions", .response = "MoveReport", .status = 200, .list = false, .query = {}},
    {.operation = Operation::start_vm, .id = "start_vm", .method = "POST", .path = "/v1/vms/{name}/start", .summary = "Start a virtual machine, or continue a suspended one", .permission = Permission::operate, .audit = true, .request = "StartOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::stop_vm, .id = "stop_vm", .method = "POST", .path = "/v1/vms/{name}/stop", .summary = "Stop a virtual machine", .permission = Permission::operate, .audit = true, .request = "StopOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::reset_vm, .id = "reset_vm", .method = "POST", .path = "/v1/vms/{name}/reset", .summary = "Reset a running virtual machine, as its reset button would", .permission = Permission::operate, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::pause_vm, .id = "pause_vm", .method = "POST", .path = "/v1/vms/{name}/pause", .summary = "Pause a running virtual machine (it keeps its memory)", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::resume_vm, .id = "resume_vm", .method = "POST", .path = "/v1/vms/{name}/resume", .summary = "Resume a paused virtual machine", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::suspend_vm, .id = "suspend_vm", .method = "POST", .path = "/v1/vms/{name}/suspend", .summary = "Suspend a virtual machine to disk (start continues it)", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::rename_vm, .id = "rename_vm", .method = "POST", .path = "/v1/vms/{name}/rename", .summary = "Rename a virtual machine that is off", .permission = Permission::operate, .audit = true, .request = "Rename", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::screenshot_vm, .id = "screenshot_vm", .method = "GET", .path = "/v1/vms/{name}/screenshot", .summary = "A picture of the machine's screen", .permission = Permission::view, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::exec_vm, .id = "exec_vm", .method = "POST", .path = "/v1/vms/{name}/exec", .summary = "Run a program in the guest through its agent", .permission = Permission::operate, .audit = true, .request = "ExecRequest", .response = "ExecAnswer", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_vm_serial, .id = "get_vm_serial", .method = "GET", .path = "/v1/vms/{name}/serial", .summary = "The last output of the machine's serial console", .permission = Permission::view, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = get_vm_serial_query},
    {.operation = Operation::open_console, .id = "open_console", .method = "POST", .path = "/v1/vms/{name}/console", .summary = "A ticket for the machine's console", .permission = Permission::operate, .audit = true, .request = "ConsoleRequest", .response = "ConsoleTicket", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_snapshots, .id = "list_snapshots", .method = "GET", .path = "/v1/vms/{vm}/snapshots", .summary = "The snapshots of a virtual machine, as a tree", .permission = Permission::view, .audit = false, .request = "", .response = "SnapshotTree", .status = 200, .list = false, .query = {}},
    {.operation = Operation::create_snapshot, .id = "create_snapshot", .method = "POST", .path = "/v1/vms/{vm}/snapshots", .summary = "Take a snapshot of all disks of a virtual machine", .permission = Permission::operate, .audit = true, .request = "SnapshotCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_snapshot, .id = "get_snapshot", .method = "GET", .path = "/v1/vms/{vm}/snapshots/{name}", .summary = "Show a snapshot", .permission = Permission::view, .audit = false, .request = "", .response = "VmSnapshot", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_snapshot, .id = "delete_snapshot", .method = "DELETE", .path = "/v1/vms/{vm}/snapshots/{name}", .summary = "Delete a snapshot; the machine stays as it is", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = delete_snapshot_query},
    {.operation = Operation::restore_snapshot, .id = "restore_snapshot", .method = "POST", .path = "/v1/vms/{vm}/snapshots/{name}/restore", .summary = "Make a virtual machine what it was at a snapshot", .permission = Permission::operate, .audit = true, .request = "RestoreOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::clone_snapshot, .id = "clone_snapshot", .method = "POST", .path = "/v1/vms/{vm}/snapshots/{name}/clone", .summary = "Make a new virtual machine of a snapshot's disks", .permission = Permission::operate, .audit = true, .request = "CloneOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::attach_console, .id = "attach_console", .method = "GET", .path = "/v1/consoles/{ticket}", .summary = "The console's bytes, as a WebSocket", .permission = Permission::none, .audit = false, .request = "", .response = "", .status = 101, .list = false, .query = {}},
    {.operation = Operation::list_templates, .id = "list_templates", .method = "GET", .path = "/v1/templates", .summary = "List templates", .permission = Permission::view, .audit = false, .request = "", .response = "TemplateList", .status = 200, .list = true, .query = list_templates_query},
    {.operation = Operation::create_template, .id = "create_template", .method = "POST", .path = "/v1/templates", .summary = "Make a template by a recipe, or import a disk image or ISO of this host", .permission = Permission::administer, .audit = true, .request = "TemplateCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_template, .id = "get_template", .method = "GET", .path = "/v1/templates/{name}", .summary = "Show a template (without a version, the newest)", .permission = Permission::view, .audit = false, .request = "", .response = "Template", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_template, .id = "delete_template", .method = "DELETE", .path = "/v1/templates/{name}", .summary = "Delete a template version that no machine is linked to", .permission = Permission::administer, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_template_content, .id = "get_template_content", .method = "GET", .path = "/v1/templates/{name}/content", .summary = "The disk (qcow2, as it is stored) or the ISO of a template, as a file", .permission = Permission::operate, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_uploads, .id = "list_uploads", .method = "GET", .path = "/v1/uploads", .summary = "List uploads that have not become templates", .permission = Permission::view, .audit = false, .request = "", .response = "UploadList", .status = 200, .list = true, .query = list_uploads_query},
    {.operation = Operation::create_upload, .id = "create_upload", .method = "POST", .path = "/v1/uploads", .summary = "Begin to send a disk image or ISO that is to become a template", .permission = Permission::administer, .audit = true, .request = "UploadCreate", .response = "Upload", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_upload, .id = "get_upload", .method = "GET", .path = "/v1/uploads/{name}", .summary = "Show an upload", .permission = Permission::view, .audit = false, .request = "", .response = "Upload", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_upload, .id = "delete_upload", .method = "DELETE", .path = "/v1/uploads/{name}", .summary = "Give up an upload and remove what has arrived", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::put_upload_content, .id = "put_upload_content", .method = "PUT", .path = "/v1/uploads/{name}/content", .summary = "Send the next piece of an upload (at most 4 MiB)", .permission = Permission::administer, .audit = false, .request = "", .response = "Upload", .status = 200, .list = false, .query = put_upload_content_query},
    {.operation = Operation::finish_upload, .id = "finish_upload", .method = "POST", .path = "/v1/uploads/{name}/finish", .summary = "Make a template of an upload that has arrived whole", .permission = Permission::administer, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::list_networks, .id = "list_networks", .method = "GET", .path = "/v1/networks", .summary = "List networks", .permission = Permission::view, .audit = false, .request = "", .response = "NetworkList", .status = 200, .list = true, .query = list_networks_query},
    {.operation = Operation::create_network, .id = "create_network", .method = "POST", .path = "/v1/networks", .summary = "Create a network", .permission = Permission::administer, .audit = true, .request = "NetworkCreate", .response = "Network", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_network, .id = "get_network", .method = "GET", .path = "/v1/networks/{name}", .summary = "Show a network", .permission = Permission::view, .audit = false, .request = "", .response = "Network", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_network, .id = "set_network", .method = "PATCH", .path = "/v1/networks/{name}", .summary = "Change a network, also while machines use it", .permission = Permission::administer, .audit = true, .request = "NetworkChange", .response = "Network", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_network, .id = "delete_network", .method = "DELETE", .path = "/v1/networks/{name}", .summary = "Delete a network that no machine uses", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::list_security_groups, .id = "list_security_groups", .method = "GET", .path = "/v1/security-groups", .summary = "List security groups", .permission = Permission::view, .audit = false, .request = "", .response = "SecurityGroupList", .status = 200, .list = true, .query = list_security_groups_query},
    {.operation = Operation::create_security_group, .id = "create_security_group", .method = "POST", .path = "/v1/security-groups", .summary = "Create a security group, a set of rules about who may connect", .permission = Permission::operate, .audit = true, .request = "SecurityGroupCreate", .response = "SecurityGroup", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_security_group, .id = "get_security_group", .method = "GET", .path = "/v1/security-groups/{name}", .summary = "Show a security group", .permission = Permission::view, .audit = false, .request = "", .response = "SecurityGroup", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_security_group, .id = "set_security_group", .method = "PATCH", .path = "/v1/security-groups/{name}", .summary = "Change the rules of a security group, at once and for all its machines", .permission = Permission::operate, .audit = true, .request = "SecurityGroupChange", .response = "SecurityGroup", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_security_group, .id = "delete_security_group", .method = "DELETE", .path = "/v1/security-groups/{name}", .summary = "Delete a security group that no network card and no other group uses", .permission = Permission::operate, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::list_pools, .id = "list_pools", .method = "GET", .path = "/v1/pools", .summary = "List storage pools", .permission = Permission::view, .audit = false, .request = "", .response = "PoolList", .status = 200, .list = true, .query = list_pools_query},
    {.operation = Operation::create_pool, .id = "create_pool", .method = "POST", .path = "/v1/pools", .summary = "Create a storage pool", .permission = Permission::administer, .audit = true, .request = "PoolCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_pool, .id = "get_pool", .method = "GET", .path = "/v1/pools/{name}", .summary = "Show a storage pool", .permission = Permission::view, .audit = false, .request = "", .response = "Pool", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_pool, .id = "set_pool", .method = "PATCH", .path = "/v1/pools/{name}", .summary = "Change the limits of a storage pool", .permission = Permission::administer, .audit = true, .request = "PoolChange", .response = "Pool", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_pool, .id = "delete_pool", .method = "DELETE", .path = "/v1/pools/{name}", .summary = "Delete a storage pool that holds no disk and no template", .permission = Permission::administer, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::list_resource_pools, .id = "list_resource_pools", .method = "GET", .path = "/v1/resource-pools", .summary = "List resource pools", .permission = Permission::view, .audit = false, .request = "", .response = "ResourcePoolList", .status = 200, .list = true, .query = list_resource_pools_query},
    {.operation = Operation::create_resource_pool, .id = "create_resource_pool", .method = "POST", .path = "/v1/resource-pools", .summary = "Create a resource pool", .permission = Permission::administer, .audit = true, .request = "ResourcePoolCreate", .response = "ResourcePool", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_resource_pool, .id = "get_resource_pool", .method = "GET", .path = "/v1/resource-pools/{name}", .summary = "Show a resource pool", .permission = Permission::view, .audit = false, .request = "", .response = "ResourcePool", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_resource_pool, .id = "set_resource_pool", .method = "PATCH", .path = "/v1/resource-pools/{name}", .summary = "Change a resource pool", .permission = Permission::administer, .audit = true, .request = "ResourcePoolChange", .response = "ResourcePool", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_resource_pool, .id = "delete_resource_pool", .method = "DELETE", .path = "/v1/resource-pools/{name}", .summary = "Delete a resource pool that nothing uses", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::list_conflict_classes, .id = "list_conflict_classes", .method = "GET", .path = "/v1/conflict-classes", .summary = "List conflict classes", .permission = Permission::view, .audit = false, .request = "", .response = "ConflictClassList", .status = 200, .list = true, .query = list_conflict_classes_query},
    {.operation = Operation::create_conflict_class, .id = "create_conflict_class", .method = "POST", .path = "/v1/conflict-classes", .summary = "Create a conflict class", .permission = Permission::administer, .audit = true, .request = "ConflictClassCreate", .response = "ConflictClass", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_conflict_class, .id = "get_conflict_class", .method = "GET", .path = "/v1/conflict-classes/{name}", .summary = "Show a conflict class", .permission = Permission::view, .audit = false, .request = "", .response = "ConflictClass", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_conflict_class, .id = "set_conflict_class", .method = "PATCH", .path = "/v1/conflict-classes/{name}", .summary = "Change a conflict class", .permission = Permission::administer, .audit = true, .request = "ConflictClassChange", .response = "ConflictClass", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_conflict_class, .id = "delete_conflict_class", .method = "DELETE", .path = "/v1/conflict-classes/{name}", .summary = "Delete a conflict class that nothing uses", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::list_platforms, .id = "list_platforms", .method = "GET", .path = "/v1/platforms", .summary = "List platforms of others that are connected", .permission = Permission::view, .audit = false, .request = "", .response = "PlatformList", .status = 200, .list = true, .query = list_platforms_query},
    {.operation = Operation::add_platform, .id = "add_platform", .method = "POST", .path = "/v1/platforms", .summary = "Connect a platform of others, and show what is on it", .permission = Permission::administer, .audit = true, .request = "PlatformCreate", .response = "Platform", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_platform, .id = "get_platform", .method = "GET", .path = "/v1/platforms/{name}", .summary = "Show a platform", .permission = Permission::view, .audit = false, .request = "", .response = "Platform", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_platform, .id = "set_platform", .method = "PATCH", .path = "/v1/platforms/{name}", .summary = "Change how a platform is reached", .permission = Permission::administer, .audit = true, .request = "PlatformChange", .response = "Platform", .status = 200, .list = false, .query = {}},
    {.operation = Operation::remove_platform, .id = "remove_platform", .method = "DELETE", .path = "/v1/platforms/{name}", .summary = "Forget a platform and all that is shown of it", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::sync_platform, .id = "sync_platform", .method = "POST", .path = "/v1/platforms/{name}/sync", .summary = "Read all of a platform anew, and wait for it", .permission = Permission::operate, .audit = true, .request = "", .response = "Platform", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_foreign_vm, .id = "get_foreign_vm", .method = "GET", .path = "/v1/platforms/{name}/vms/{vm}", .summary = "Show a virtual machine of a platform", .permission = Permission::view, .audit = false, .request = "", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_foreign_vm, .id = "set_foreign_vm", .method = "PATCH", .path = "/v1/platforms/{name}/vms/{vm}", .summary = "Give a virtual machine of a platform other processors or memory", .permission = Permission::operate, .audit = true, .request = "VmChange", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_foreign_vm, .id = "delete_foreign_vm", .method = "DELETE", .path = "/v1/platforms/{name}/vms/{vm}", .summary = "Delete a virtual machine of a platform, with its disks", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::create_foreign_snapshot, .id = "create_foreign_snapshot", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/snapshots", .summary = "Take a snapshot of a virtual machine of a platform", .permission = Permission::operate, .audit = true, .request = "SnapshotCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::delete_foreign_snapshot, .id = "delete_foreign_snapshot", .method = "DELETE", .path = "/v1/platforms/{name}/vms/{vm}/snapshots/{snapshot}", .summary = "Delete a snapshot of a virtual machine of a platform; the machine stays as it is", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = delete_foreign_snapshot_query},
    {.operation = Operation::restore_foreign_snapshot, .id = "restore_foreign_snapshot", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/snapshots/{snapshot}/restore", .summary = "Make a virtual machine of a platform what it was at a snapshot", .permission = Permission::operate, .audit = true, .request = "RestoreOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::move_foreign_vm, .id = "move_foreign_vm", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/move", .summary = "Move a virtual machine of a platform to here", .permission = Permission::operate, .audit = true, .request = "MoveOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::report_foreign_vm_move, .id = "report_foreign_vm_move", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/move-report", .summary = "Say what a move of a virtual machine of a platform to here or to another one would change and lose", .permission = Permission::operate, .audit = false, .request = "MoveOptions", .response = "MoveReport", .status = 200, .list = false, .query = {}},
    {.operation = Operation::start_foreign_vm, .id = "start_foreign_vm", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/start", .summary = "Start a virtual machine of a platform", .permission = Permission::operate, .audit = true, .request = "StartOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::stop_foreign_vm, .id = "stop_foreign_vm", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/stop", .summary = "Stop a virtual machine of a platform", .permission = Permission::operate, .audit = true, .request = "StopOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::suspend_foreign_vm, .id = "suspend_foreign_vm", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/suspend", .summary = "Suspend a virtual machine of a platform", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::reset_foreign_vm, .id = "reset_foreign_vm", .method = "POST", .path = "/v1/platforms/{name}/vms/{vm}/reset", .summary = "Reset a running virtual machine of a platform", .permission = Permission::operate, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::list_hosts, .id = "list_hosts", .method = "GET", .path = "/v1/hosts", .summary = "List hosts", .permission = Permission::view, .audit = false, .request = "", .response = "HostList", .status = 200, .list = true, .query = list_hosts_query},
    {.operation = Operation::get_host, .id = "get_host", .method = "GET", .path = "/v1/hosts/{name}", .summary = "Show a host", .permission = Permission::view, .audit = false, .request = "", .response = "Host", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_host, .id = "set_host", .method = "PATCH", .path = "/v1/hosts/{name}", .summary = "Change a host", .permission = Permission::administer, .audit = true, .request = "HostChange", .response = "Host", .status = 200, .list = false, .query = {}},
    {.operation = Operation::remove_host, .id = "remove_host", .method = "DELETE", .path = "/v1/hosts/{name}", .summary = "Take a host out of the cluster", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = remove_host_query},
    {.operation = Operation::drain_host, .id = "drain_host", .method = "POST", .path = "/v1/hosts/{name}/drain", .summary = "Move all machines away from a host and place none on it any more", .permission = Permission::administer, .audit = true, .request = "DrainOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::undrain_host, .id = "undrain_host", .method = "POST", .path = "/v1/hosts/{name}/undrain", .summary = "Let machines be placed on a host again", .permission = Permission::administer, .audit = true, .request = "", .response = "Host", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_host_power, .id = "get_host_power", .method = "GET", .path = "/v1/hosts/{name}/power", .summary = "Ask a host's power control whether it is on", .permission = Permission::administer, .audit = false, .request = "", .response = "HostPower", .status = 200, .list = false, .query = {}},
    {.operation = Operation::sleep_host, .id = "sleep_host", .method = "POST", .path = "/v1/hosts/{name}/sleep", .summary = "Empty a host and switch it off, until it is woken", .permission = Permission::administer, .audit = true, .request = "DrainOptions", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::wake_host, .id = "wake_host", .method = "POST", .path = "/v1/hosts/{name}/wake", .summary = "Switch a host on that sleeps", .permission = Permission::administer, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_host_checks, .id = "get_host_checks", .method = "GET", .path = "/v1/hosts/{name}/checks", .summary = "What a host has and lacks for running machines, looked up now", .permission = Permission::view, .audit = false, .request = "", .response = "HostChecks", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_cluster, .id = "get_cluster", .method = "GET", .path = "/v1/cluster", .summary = "The cluster, its managers, and how much of it can still fail", .permission = Permission::view, .audit = false, .request = "", .response = "Cluster", .status = 200, .list = false, .query = {}},
    {.operation = Operation::init_cluster, .id = "init_cluster", .method = "POST", .path = "/v1/cluster", .summary = "Make this host the first of a cluster", .permission = Permission::administer, .audit = true, .request = "ClusterCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::set_cluster, .id = "set_cluster", .method = "PATCH", .path = "/v1/cluster", .summary = "Change what holds for the whole cluster", .permission = Permission::administer, .audit = true, .request = "ClusterChange", .response = "Cluster", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_join_tokens, .id = "list_join_tokens", .method = "GET", .path = "/v1/cluster/tokens", .summary = "List tokens that hosts may still join with", .permission = Permission::administer, .audit = false, .request = "", .response = "JoinTokenList", .status = 200, .list = true, .query = list_join_tokens_query},
    {.operation = Operation::create_join_token, .id = "create_join_token", .method = "POST", .path = "/v1/cluster/tokens", .summary = "Make a token with which one host may join once", .permission = Permission::administer, .audit = true, .request = "JoinTokenCreate", .response = "JoinTokenSecret", .status = 201, .list = false, .query = {}},
    {.operation = Operation::delete_join_token, .id = "delete_join_token", .method = "DELETE", .path = "/v1/cluster/tokens/{name}", .summary = "Withdraw a token", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::enroll_host, .id = "enroll_host", .method = "POST", .path = "/v1/cluster/enroll", .summary = "What a joining host's daemon asks a manager for", .permission = Permission::none, .audit = true, .request = "EnrollRequest", .response = "Enrollment", .status = 201, .list = false, .query = {}},
    {.operation = Operation::rotate_authority, .id = "rotate_authority", .method = "POST", .path = "/v1/cluster/rotate-ca", .summary = "Replace the cluster's certificate authority", .permission = Permission::administer, .audit = true, .request = "", .response = "Cluster", .status = 200, .list = false, .query = {}},
    {.operation = Operation::exchange_authorities, .id = "exchange_authorities", .method = "POST", .path = "/v1/cluster/authorities", .summary = "What a host's daemon tells the manager while the authority is replaced, and what it is to do", .permission = Permission::none, .audit = false, .request = "AuthorityReport", .response = "AuthorityOrders", .status = 200, .list = false, .query = {}},
    {.operation = Operation::join_cluster, .id = "join_cluster", .method = "POST", .path = "/v1/cluster/join", .summary = "Let this host join a cluster", .permission = Permission::administer, .audit = true, .request = "JoinRequest", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::leave_cluster, .id = "leave_cluster", .method = "POST", .path = "/v1/cluster/leave", .summary = "Let this host leave its cluster", .permission = Permission::administer, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::list_rules, .id = "list_rules", .method = "GET", .path = "/v1/rules", .summary = "List placement rules", .permission = Permission::view, .audit = false, .request = "", .response = "RuleList", .status = 200, .list = true, .query = list_rules_query},
    {.operation = Operation::create_rule, .id = "create_rule", .method = "POST", .path = "/v1/rules", .summary = "Create a placement rule", .permission = Permission::administer, .audit = true, .request = "RuleCreate", .response = "Rule", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_rule, .id = "get_rule", .method = "GET", .path = "/v1/rules/{name}", .summary = "Show a placement rule", .permission = Permission::view, .audit = false, .request = "", .response = "Rule", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_rule, .id = "delete_rule", .method = "DELETE", .path = "/v1/rules/{name}", .summary = "Delete a placement rule", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::list_plans, .id = "list_plans", .method = "GET", .path = "/v1/plans", .summary = "List plans, the newest last", .permission = Permission::view, .audit = false, .request = "", .response = "PlanList", .status = 200, .list = true, .query = list_plans_query},
    {.operation = Operation::create_plan, .id = "create_plan", .method = "POST", .path = "/v1/plans", .summary = "Compute which machines should go where, and why", .permission = Permission::operate, .audit = true, .request = "PlanCreate", .response = "Plan", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_plan, .id = "get_plan", .method = "GET", .path = "/v1/plans/{name}", .summary = "Show a plan", .permission = Permission::view, .audit = false, .request = "", .response = "Plan", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_plan, .id = "delete_plan", .method = "DELETE", .path = "/v1/plans/{name}", .summary = "Delete a plan that is not being carried out", .permission = Permission::operate, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::get_plan_estate, .id = "get_plan_estate", .method = "GET", .path = "/v1/plans/{name}/estate", .summary = "Show what a plan was computed from, so that it can be checked", .permission = Permission::view, .audit = false, .request = "", .response = "Estate", .status = 200, .list = false, .query = {}},
    {.operation = Operation::apply_plan, .id = "apply_plan", .method = "POST", .path = "/v1/plans/{name}/apply", .summary = "Carry a plan out", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::list_tasks, .id = "list_tasks", .method = "GET", .path = "/v1/tasks", .summary = "List tasks", .permission = Permission::view, .audit = false, .request = "", .response = "TaskList", .status = 200, .list = true, .query = list_tasks_query},
    {.operation = Operation::get_task, .id = "get_task", .method = "GET", .path = "/v1/tasks/{name}", .summary = "Show a task", .permission = Permission::view, .audit = false, .request = "", .response = "Task", .status = 200, .list = false, .query = get_task_query},
    {.operation = Operation::cancel_task, .id = "cancel_task", .method = "POST", .path = "/v1/tasks/{name}/cancel", .summary = "Cancel a running task; what it did is undone", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_task_screenshot, .id = "get_task_screenshot", .method = "GET", .path = "/v1/tasks/{name}/screenshot", .summary = "The picture of a machine's screen that a move's boot proof has taken", .permission = Permission::view, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_events, .id = "list_events", .method = "GET", .path = "/v1/events", .summary = "List events, oldest first", .permission = Permission::view, .audit = false, .request = "", .response = "EventList", .status = 200, .list = true, .query = list_events_query},
    {.operation = Operation::sign_in, .id = "sign_in", .method = "POST", .path = "/v1/session", .summary = "Sign in with a name and a password", .permission = Permission::none, .audit = true, .request = "SignIn", .response = "Server", .status = 200, .list = false, .query = {}},
    {.operation = Operation::sign_out, .id = "sign_out", .method = "DELETE", .path = "/v1/session", .summary = "Sign out", .permission = Permission::none, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::change_password, .id = "change_password", .method = "POST", .path = "/v1/session/password", .summary = "Change one's own password", .permission = Permission::view, .audit = true, .request = "PasswordChange", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::begin_totp, .id = "begin_totp", .method = "POST", .path = "/v1/session/totp", .summary = "A secret for one's own second factor (TOTP); it counts once it is confirmed", .permission = Permission::view, .audit = true, .request = "PasswordProof", .response = "TotpSecret", .status = 200, .list = false, .query = {}},
    {.operation = Operation::confirm_totp, .id = "confirm_totp", .method = "POST", .path = "/v1/session/totp/confirm", .summary = "Confirm the second factor with its first code", .permission = Permission::view, .audit = true, .request = "TotpCode", .response = "RecoveryCodes", .status = 200, .list = false, .query = {}},
    {.operation = Operation::remove_totp, .id = "remove_totp", .method = "POST", .path = "/v1/session/totp/remove", .summary = "Give up one's own second factor", .permission = Permission::view, .audit = true, .request = "PasswordProof", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::create_first_user, .id = "create_first_user", .method = "POST", .path = "/v1/first-user", .summary = "Make the first administrator, with the code that truced has printed", .permission = Permission::none, .audit = true, .request = "FirstUser", .response = "User", .status = 201, .list = false, .query = {}},
    {.operation = Operation::list_users, .id = "list_users", .method = "GET", .path = "/v1/users", .summary = "List users", .permission = Permission::administer, .audit = false, .request = "", .response = "UserList", .status = 200, .list = true, .query = list_users_query},
    {.operation = Operation::create_user, .id = "create_user", .method = "POST", .path = "/v1/users", .summary = "Create a user, who signs in with a password", .permission = Permission::administer, .audit = true, .request = "UserCreate", .response = "User", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_user, .id = "get_user", .method = "GET", .path = "/v1/users/{name}", .summary = "Show a user", .permission = Permission::administer, .audit = false, .request = "", .response = "User", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_user, .id = "set_user", .method = "PATCH", .path = "/v1/users/{name}", .summary = "Change a user", .permission = Permission::administer, .audit = true, .request = "UserChange", .response = "User", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_user, .id = "delete_user", .method = "DELETE", .path = "/v1/users/{name}", .summary = "Delete a user, whose sessions end", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::list_sessions, .id = "list_sessions", .method = "GET", .path = "/v1/sessions", .summary = "List who is signed in (one's own sessions; administrators see all)", .permission = Permission::view, .audit = false, .request = "", .response = "SessionList", .status = 200, .list = true, .query = list_sessions_query},
    {.operation = Operation::delete_session, .id = "delete_session", .method = "DELETE", .path = "/v1/sessions/{name}", .summary = "End a session", .permission = Permission::view, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::get_summary, .id = "get_summary", .method = "GET", .path = "/v1/summary", .summary = "How many machines there are in which state, what they may have, and what is wrong", .permission = Permission::view, .audit = false, .request = "", .response = "Summary", .status = 200, .list = false, .query = {}},
    {.operation = Operation::search, .id = "search", .method = "GET", .path = "/v1/search", .summary = "Objects of all kinds whose name, address, label or description has a text in it", .permission = Permission::view, .audit = false, .request = "", .response = "SearchHits", .status = 200, .list = false, .query = search_query},
    {.operation = Operation::list_usage, .id = "list_usage", .method = "GET", .path = "/v1/usage", .summary = "What running machines use at this moment, the greediest first", .permission = Permission::view, .audit = false, .request = "", .response = "UsageList", .status = 200, .list = false, .query = list_usage_query},
    {.operation = Operation::get_vm_metrics, .id = "get_vm_metrics", .method = "GET", .path = "/v1/vms/{name}/metrics", .summary = "What a virtual machine has used, over time", .permission = Permission::view, .audit = false, .request = "", .response = "Series", .status = 200, .list = false, .query = get_vm_metrics_query},
    {.operation = Operation::get_host_metrics, .id = "get_host_metrics", .method = "GET", .path = "/v1/hosts/{name}/metrics", .summary = "What a host has used, over time", .permission = Permission::view, .audit = false, .request = "", .response = "Series", .status = 200, .list = false, .query = get_host_metrics_query},
    {.operation = Operation::get_pool_metrics, .id = "get_pool_metrics", .method = "GET", .path = "/v1/pools/{name}/metrics", .summary = "How full a storage pool was, over time", .permission = Permission::view, .audit = false, .request = "", .response = "Series", .status = 200, .list = false, .query = get_pool_metrics_query},
    {.operation = Operation::list_alarms, .id = "list_alarms", .method = "GET", .path = "/v1/alarms", .summary = "List alarms", .permission = Permission::view, .audit = false, .request = "", .response = "AlarmList", .status = 200, .list = true, .query = list_alarms_query},
    {.operation = Operation::create_alarm, .id = "create_alarm", .method = "POST", .path = "/v1/alarms", .summary = "Create an alarm on a threshold or a state", .permission = Permission::administer, .audit = true, .request = "AlarmCreate", .response = "Alarm", .status = 201, .list = false, .query = {}},
    {.operation = Operation::get_alarm, .id = "get_alarm", .method = "GET", .path = "/v1/alarms/{name}", .summary = "Show an alarm, and for what it is raised", .permission = Permission::view, .audit = false, .request = "", .response = "Alarm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_alarm, .id = "set_alarm", .method = "PATCH", .path = "/v1/alarms/{name}", .summary = "Change an alarm", .permission = Permission::administer, .audit = true, .request = "AlarmChange", .response = "Alarm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_alarm, .id = "delete_alarm", .method = "DELETE", .path = "/v1/alarms/{name}", .summary = "Delete an alarm", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
    {.operation = Operation::test_alarm, .id = "test_alarm", .method = "POST", .path = "/v1/alarms/{name}/test", .summary = "Send a test message to all that an alarm tells", .permission = Permission::administer, .audit = true, .request = "", .response = "AlarmTest", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_tokens, .id = "list_tokens", .method = "GET", .path = "/v1/tokens", .summary = "List tokens and client certificates that may use this server", .permission = Permission::administer, .audit = false, .request = "", .response = "TokenList", .status = 200, .list = true, .query = list_tokens_query},
    {.operation = Operation::create_token, .id = "create_token", .method = "POST", .path = "/v1/tokens", .summary = "Create a token, or let a client certificate in", .permission = Permission::administer, .audit = true, .request = "TokenCreate", .response = "TokenSecret", .status = 201, .list = false, .query = {}},
    {.operation = Operation::delete_token, .id = "delete_token", .method = "DELETE", .path = "/v1/tokens/{name}", .summary = "Withdraw a token or client certificate", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 204, .list = false, .query = {}},
}};
}  // namespace rows

/// All operations; the index is the value of the Operation.
inline constexpr const auto& operations = rows::table;

/// The row of an operation.
constexpr const OperationRow& row_of(Operation operation) {
  return operations[static_cast<std::size_t>(operation)];
}

}  // namespace truce::model
