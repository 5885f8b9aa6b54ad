# Firestore, which stores all state. The emulator reads the same files of indexes, exemptions, TTL and rules.

locals {
  indexes       = jsondecode(file("${path.module}/../firestore.indexes.json"))
  database_name = "projects/${var.project_id}/databases/${var.database}"
  rules_release = var.database == "(default)" ? "cloud.firestore" : "cloud.firestore/${var.database}"

  # The condition that Firestore documents for restricting an identity to one database.
  is_this_database = "resource.name == \"${local.database_name}\""
}

resource "google_firestore_database" "main" {
  name                              = var.database
  location_id                       = coalesce(var.database_location, var.region)
  type                              = "FIRESTORE_NATIVE"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = "DELETE_PROTECTION_${var.deletion_protection ? "ENABLED" : "DISABLED"}"
  deletion_policy                   = local.deletion_policy

  depends_on = [google_project_service.main]
}

resource "google_firestore_index" "main" {
  for_each = {
    for index in local.indexes.indexes :
    join(" ", concat([index.collectionGroup], [for field in index.fields : "${field.fieldPath} ${field.order}"])) => index
  }

  database    = google_firestore_database.main.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value.fieldPath
      order      = fields.value.order
    }
  }
}

resource "google_firestore_field" "main" {
  for_each = { for field in local.indexes.fieldOverrides : "${field.collectionGroup}.${field.fieldPath}" => field }

  database   = google_firestore_database.main.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes
      content {
        order       = indexes.value.order
        query_scope = indexes.value.queryScope
      }
    }
  }

  dynamic "ttl_config" {
    for_each = try(each.value.ttl, false) ? [1] : []
    content {}
  }
}

resource "google_firestore_backup_schedule" "main" {
  database  = google_firestore_database.main.name
  retention = "${local.retention.record_backup_days * 86400}s" # point-in-time recovery keeps a week, which Google defines

  daily_recurrence {}
}

resource "google_firebaserules_ruleset" "main" {
  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/../firestore.rules")
    }
  }

  lifecycle {
    create_before_destroy = true # keeps the time without a release short
  }

  depends_on = [google_firestore_database.main]
}

resource "google_firebaserules_release" "main" {
  name         = local.rules_release
  ruleset_name = google_firebaserules_ruleset.main.name
}
