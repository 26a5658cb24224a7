# Hashes as infra/deploy leaves them, for every function of a table: so that `terraform test` needs nothing built.

variable "operations_file" {
  type    = string
  default = "operations.json"
}

variable "artifacts" {
  type = string
}

locals {
  table    = jsondecode(file(var.operations_file))
  binaries = toset([for it in concat(local.table.operations, local.table.jobs, [local.table.fallback]) : it.binary])
}

resource "terraform_data" "hash" {
  for_each         = local.binaries
  triggers_replace = var.artifacts

  provisioner "local-exec" {
    quiet   = true
    command = "mkdir -p \"$FOLDER\" && echo \"$HASH\" >\"$FOLDER/bootstrap.sha256\""
    environment = {
      FOLDER = "${var.artifacts}/${each.key}"
      HASH   = sha256(each.key)
    }
  }
}

output "binaries" {
  value = local.binaries
}
