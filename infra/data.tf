# The tables. Deleting one is prevented by DynamoDB's own deletion protection: it also holds against the console and
# other tools, and can be a variable, which `lifecycle { prevent_destroy }` cannot.

resource "aws_dynamodb_table" "this" {
  for_each                    = local.tables
  name                        = local.table_names[each.key]
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = var.deletion_protection

  hash_key  = "pk"
  range_key = each.value.sortKey ? "sk" : null

  # Keys only: the consumer reads the item itself, so nothing personal lies in the stream.
  stream_enabled   = each.value.stream
  stream_view_type = each.value.stream ? "KEYS_ONLY" : null

  dynamic "attribute" {
    for_each = merge(
      { pk = "S" },
      each.value.sortKey ? { sk = "S" } : {},
      each.value.dueIndex ? { due_kind = "S", due_at = "N" } : {},
    )
    content {
      name = attribute.key
      type = attribute.value
    }
  }

  # What is due, and only that: items without these attributes are not in it.
  dynamic "global_secondary_index" {
    for_each = each.value.dueIndex ? ["due"] : []
    content {
      name            = global_secondary_index.value
      hash_key        = "due_kind"
      range_key       = "due_at"
      projection_type = "KEYS_ONLY"
    }
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.data.arn
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }
}
