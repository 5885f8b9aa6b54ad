# Imports resources that exist already, because the console or an earlier environment has created them.
# Resources whose names stay reserved for a month after deletion are abandoned instead of deleted: they cost nothing and
# grant nothing.

locals {
  abandoned = "ABANDON"
}

import {
  for_each = contains(var.adopt, "database") ? [1] : []

  to = google_firestore_database.main
  id = local.database_name
}

import {
  for_each = contains(var.adopt, "rules") ? [1] : []

  to = google_firebaserules_release.main
  id = "projects/${var.project_id}/releases/${local.rules_release}"
}

import {
  for_each = contains(var.adopt, "identity_platform") ? [1] : []

  to = google_identity_platform_config.main
  id = var.project_id
}

import {
  for_each = contains(var.adopt, "page_key") ? [1] : []

  to = google_apikeys_key.page
  id = "projects/${var.project_id}/locations/global/keys/${local.page_key}"
}

import {
  for_each = contains(var.adopt, "github") ? [1] : []

  to = google_project_iam_custom_role.settings_viewer[0]
  id = local.settings_viewer_role
}

import {
  for_each = contains(var.adopt, "github") ? [1] : []

  to = google_iam_workload_identity_pool.github[0]
  id = "projects/${var.project_id}/locations/global/workloadIdentityPools/github"
}

import {
  for_each = contains(var.adopt, "github") ? local.github : {}

  to = google_iam_workload_identity_pool_provider.github[each.key]
  id = "projects/${var.project_id}/locations/global/workloadIdentityPools/github/providers/${each.key}"
}
