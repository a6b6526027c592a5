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
  get_openapi,
  list_vms,
  create_vm,
  get_vm,
  set_vm,
  delete_vm,
  set_vm_nic,
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
  get_pool,
  list_hosts,
  get_host,
  get_host_checks,
  list_tasks,
  get_task,
  cancel_task,
  list_events,
  list_tokens,
  create_token,
  delete_token,
};

/// What the rows of `operations` point to.
namespace rows {
inline constexpr std::string_view Observed_choices[]{"absent", "off", "starting", "running", "paused", "suspended", "unknown"};
inline constexpr std::string_view TaskState_choices[]{"queued", "running", "succeeded", "failed", "cancelled"};
inline constexpr QueryParameter list_vms_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "project", .type = QueryType::name},
    {.name = "observed", .type = QueryType::choice, .choices = Observed_choices},
    {.name = "label", .type = QueryType::text},
    {.name = "contains", .type = QueryType::text},
};
inline constexpr QueryParameter delete_vm_query[]{
    {.name = "force", .type = QueryType::boolean, .default_value = "false"},
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
inline constexpr QueryParameter list_networks_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_security_groups_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_pools_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_hosts_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr QueryParameter list_tasks_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "state", .type = QueryType::choice, .choices = TaskState_choices},
    {.name = "target", .type = QueryType::text},
};
inline constexpr QueryParameter get_task_query[]{
    {.name = "wait", .type = QueryType::integer, .minimum = 1, .maximum = 60},
};
inline constexpr QueryParameter list_events_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
    {.name = "target", .type = QueryType::text},
};
inline constexpr QueryParameter list_tokens_query[]{
    {.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 1000, .default_value = "500"},
    {.name = "after", .type = QueryType::text},
};
inline constexpr std::array<OperationRow, 57> table{{
    {.operation = Operation::get_health, .id = "get_health", .method = "GET", .path = "/healthz", .summary = "Whether the daemon is up and its store answers", .permission = Permission::none, .audit = false, .request = "", .response = "Health", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_metrics, .id = "get_metrics", .method = "GET", .path = "/metrics", .summary = "Counters and gauges in Prometheus' text format", .permission = Permission::view, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_server, .id = "get_server", .method = "GET", .path = "/v1", .summary = "What this server is, and who you are to it", .permission = Permission::none, .audit = false, .request = "", .response = "Server", .status = 200, .list = false, .query = {}},
    {.operation = Operation::backup_server, .id = "backup_server", .method = "POST", .path = "/v1/server/backup", .summary = "A copy of the store as it is at this moment (an SQLite file)", .permission = Permission::administer, .audit = true, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::reload_server, .id = "reload_server", .method = "POST", .path = "/v1/server/reload", .summary = "Read the configuration file again and apply what can be applied", .permission = Permission::administer, .audit = true, .request = "", .response = "Reload", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_support_bundle, .id = "get_support_bundle", .method = "GET", .path = "/v1/support", .summary = "All that helps to find a fault, without secrets (a tar file packed with Zstandard)", .permission = Permission::administer, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_openapi, .id = "get_openapi", .method = "GET", .path = "/v1/openapi.json", .summary = "This description of the API", .permission = Permission::none, .audit = false, .request = "", .response = "", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_vms, .id = "list_vms", .method = "GET", .path = "/v1/vms", .summary = "List virtual machines", .permission = Permission::view, .audit = false, .request = "", .response = "VmList", .status = 200, .list = true, .query = list_vms_query},
    {.operation = Operation::create_vm, .id = "create_vm", .method = "POST", .path = "/v1/vms", .summary = "Create a virtual machine", .permission = Permission::operate, .audit = true, .request = "VmCreate", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::get_vm, .id = "get_vm", .method = "GET", .path = "/v1/vms/{name}", .summary = "Show a virtual machine", .permission = Permission::view, .audit = false, .request = "", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::set_vm, .id = "set_vm", .method = "PATCH", .path = "/v1/vms/{name}", .summary = "Change a virtual machine", .permission = Permission::operate, .audit = true, .request = "VmChange", .response = "Vm", .status = 200, .list = false, .query = {}},
    {.operation = Operation::delete_vm, .id = "delete_vm", .method = "DELETE", .path = "/v1/vms/{name}", .summary = "Delete a virtual machine with its disks", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = delete_vm_query},
    {.operation = Operation::set_vm_nic, .id = "set_vm_nic", .method = "PATCH", .path = "/v1/vms/{name}/nics", .summary = "Change a network card of a virtual machine, also while it runs", .permission = Permission::operate, .audit = true, .request = "NicChange", .response = "Vm", .status = 200, .list = false, .query = {}},
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
    {.operation = Operation::get_pool, .id = "get_pool", .method = "GET", .path = "/v1/pools/{name}", .summary = "Show a storage pool", .permission = Permission::view, .audit = false, .request = "", .response = "Pool", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_hosts, .id = "list_hosts", .method = "GET", .path = "/v1/hosts", .summary = "List hosts", .permission = Permission::view, .audit = false, .request = "", .response = "HostList", .status = 200, .list = true, .query = list_hosts_query},
    {.operation = Operation::get_host, .id = "get_host", .method = "GET", .path = "/v1/hosts/{name}", .summary = "Show a host", .permission = Permission::view, .audit = false, .request = "", .response = "Host", .status = 200, .list = false, .query = {}},
    {.operation = Operation::get_host_checks, .id = "get_host_checks", .method = "GET", .path = "/v1/hosts/{name}/checks", .summary = "What a host has and lacks for running machines, looked up now", .permission = Permission::view, .audit = false, .request = "", .response = "HostChecks", .status = 200, .list = false, .query = {}},
    {.operation = Operation::list_tasks, .id = "list_tasks", .method = "GET", .path = "/v1/tasks", .summary = "List tasks", .permission = Permission::view, .audit = false, .request = "", .response = "TaskList", .status = 200, .list = true, .query = list_tasks_query},
    {.operation = Operation::get_task, .id = "get_task", .method = "GET", .path = "/v1/tasks/{name}", .summary = "Show a task", .permission = Permission::view, .audit = false, .request = "", .response = "Task", .status = 200, .list = false, .query = get_task_query},
    {.operation = Operation::cancel_task, .id = "cancel_task", .method = "POST", .path = "/v1/tasks/{name}/cancel", .summary = "Cancel a running task; what it did is undone", .permission = Permission::operate, .audit = true, .request = "", .response = "Task", .status = 202, .list = false, .query = {}},
    {.operation = Operation::list_events, .id = "list_events", .method = "GET", .path = "/v1/events", .summary = "List events, oldest first", .permission = Permission::view, .audit = false, .request = "", .response = "EventList", .status = 200, .list = true, .query = list_events_query},
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
