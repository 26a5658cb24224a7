# operations.json, generated from the declarations in Rust: nothing that stands there is written here again.

locals {
  operations_file = coalesce(var.operations_file, "${path.module}/operations.json")
  table           = jsondecode(file(local.operations_file))

  tables     = { for table in local.table.tables : table.name => table }
  operations = { for operation in local.table.operations : operation.id => operation }
  jobs       = { for job in local.table.jobs : job.id => job }

  hourly   = { for id, job in local.jobs : id => job if job.trigger.kind == "hourly" }
  streamed = { for id, job in local.jobs : id => job if job.trigger.kind == "stream" }
  queued   = { for id, job in local.jobs : id => job if job.trigger.kind == "queue" }

  # Who calls these signs the request with the own role (SigV4); the other levels bring sessions of ours.
  signed_levels = ["internal", "operator"]

  # One shape for all that is a function. `secrets`: whether it gets tables, key ring and settings at all.
  functions = merge(
    { for id, it in local.operations : id => merge(local.shape[id], { secrets = true, sends_mail = false }) },
    { for id, it in local.jobs : id => merge(local.shape[id], { secrets = true, sends_mail = it.sendsMail }) },
    { (local.table.fallback.id) = merge(local.shape[local.table.fallback.id], { secrets = false, sends_mail = false }) },
  )

  shape = {
    for it in concat(local.table.operations, local.table.jobs, [local.table.fallback]) : it.id => {
      binary  = it.binary
      summary = it.summary
      memory  = it.memoryMib
      timeout = it.timeoutSeconds
      # Whether it verifies certificates of level 3.
      authorities = try(it.authorities, false)
      grants = [for grant in try(it.grants, []) : {
        table  = grant.table
        action = grant.action
        keys   = sort(try([for key in grant.keys : key], []))
      }]
    }
  }
}
