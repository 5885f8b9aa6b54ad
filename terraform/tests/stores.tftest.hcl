# A real plan, offline, of databases and buckets, and of access to them.

variables {
  project_id = "practice-assets"
  region     = "europe-west1"
}

run "firestore_has_the_indexes_of_the_file" {
  command = plan

  assert {
    condition = toset([
      for index in google_firestore_index.main : "${index.collection} ${index.query_scope} ${join(", ", [for field in index.fields : "${field.field_path} ${field.order}"])}"
      ]) == toset([
      for index in jsondecode(file("../firestore.indexes.json")).indexes :
      "${index.collectionGroup} ${index.queryScope} ${join(", ", [for field in index.fields : "${field.fieldPath} ${field.order}"])}"
    ]) && length(google_firestore_index.main) == length(jsondecode(file("../firestore.indexes.json")).indexes)
    error_message = "The indexes must be those of firestore.indexes.json."
  }
  assert {
    condition = {
      for field in google_firestore_field.main : field.field => {
        orders = [for index in coalesce(field.index_config[0].indexes, []) : index.order]
        ttl    = length(field.ttl_config) == 1
      }
      } == {
      for field in jsondecode(file("../firestore.indexes.json")).fieldOverrides : field.fieldPath => {
        orders = [for index in field.indexes : index.order]
        ttl    = try(field.ttl, false)
      }
    }
    error_message = "Exemptions and TTL policies must be those of firestore.indexes.json."
  }
  assert {
    condition     = alltrue([for field in google_firestore_field.main : length(field.index_config) == 1]) && google_firestore_field.main["requests.expires_at"].field == "expires_at" && length(google_firestore_field.main["requests.expires_at"].ttl_config) == 1
    error_message = "expires_at must have a TTL policy and no index."
  }
  assert {
    condition     = length(coalesce(google_firestore_field.main["requests.*"].index_config[0].indexes, [])) == 0 && one(google_firestore_field.main["requests.due"].index_config[0].indexes).order == "ASCENDING"
    error_message = "Only due and owner must have a single-field index: the sweep, and erasure and export query them."
  }
}

run "the_database_is_protected" {
  command = plan

  assert {
    condition     = google_firestore_database.main.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.main.deletion_policy == "PREVENT" && google_firestore_database.main.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "The database must have deletion protection and point-in-time recovery."
  }
  assert {
    condition     = google_firebaserules_release.main.name == "cloud.firestore" && google_firebaserules_ruleset.main.source[0].files[0].content == file("../firestore.rules")
    error_message = "The default database must have the rules of firestore.rules."
  }
}

run "rules_and_grants_follow_the_name_of_the_database" {
  command = plan
  variables {
    database = "assets"
  }

  assert {
    condition     = google_firebaserules_release.main.name == "cloud.firestore/assets" && google_project_iam_member.api_documents.condition[0].expression == "resource.name == \"projects/practice-assets/databases/assets\""
    error_message = "Rules and grants must name the database."
  }
}

run "deletion_protection_covers_every_resource_with_data" {
  command = plan
  variables {
    deletion_protection = false
  }

  assert {
    condition = toset(concat(
      [google_firestore_database.main.deletion_policy, google_storage_bucket.assets.deletion_policy],
      [for queue in google_cloud_tasks_queue.main : queue.deletion_policy],
    )) == toset(["DELETE"]) && google_firestore_database.main.delete_protection_state == "DELETE_PROTECTION_DISABLED"
    error_message = "Without deletion_protection, Terraform must be able to delete every resource with data."
  }
  assert {
    condition     = alltrue([for bucket in [google_storage_bucket.assets, google_storage_bucket.source] : bucket.force_destroy])
    error_message = "Without deletion_protection, Terraform must delete buckets with their objects and versions."
  }
}

run "backups_keep_what_was_erased_for_as_long_as_the_receipt_states" {
  command = plan

  assert {
    condition     = google_firestore_backup_schedule.main.retention == "${jsondecode(file("../common/retention.json")).record_backup_days * 86400}s" && one(google_storage_bucket.assets.soft_delete_policy).retention_duration_seconds == jsondecode(file("../common/retention.json")).file_backup_days * 86400
    error_message = "The backups of the database and the soft delete of the bucket must last as long as common/retention.json defines."
  }
  assert {
    condition     = local.retention.record_backup_days >= 7
    error_message = "Point-in-time recovery keeps a week, so the receipt of an erasure must not promise less."
  }
}

run "buckets_are_private_and_assets_expire_after_the_days_of_retention_json" {
  command = plan

  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.assets, google_storage_bucket.source] :
      bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced"
    ])
    error_message = "Every bucket must prevent public access."
  }
  assert {
    condition     = one(one(google_storage_bucket.assets.lifecycle_rule).condition).age == sum([for name in ["record_days", "asset_spare_days"] : jsondecode(file("../common/retention.json"))[name]])
    error_message = "The bucket must delete assets after record_days + asset_spare_days of common/retention.json."
  }
  assert {
    condition     = google_storage_bucket.assets.cors[0].origin == tolist(["https://practice-assets.web.app", "https://practice-assets.firebaseapp.com"])
    error_message = "Only the origins of the page must be allowed to fetch assets."
  }
  assert {
    condition     = google_storage_bucket_object.archive.name == "functions-${filesha256("../dist/functions.zip")}.zip"
    error_message = "The name of the archive must contain the hash of its bytes."
  }
  assert {
    condition     = !google_storage_bucket.source.force_destroy && one(one(google_storage_bucket.source.lifecycle_rule).condition).days_since_noncurrent_time == 30
    error_message = "A replaced archive must be deleted 30 days after it becomes noncurrent."
  }
}

run "labels_are_on_every_resource_that_supports_them" {
  command = plan
  variables {
    labels = { team = "web" }
  }

  assert {
    condition = alltrue([
      for labels in [google_storage_bucket.assets.effective_labels, google_cloudfunctions2_function.api.effective_labels, google_artifact_registry_repository.functions.effective_labels] :
      labels["team"] == "web"
    ])
    error_message = "Every resource that supports labels must have those of the variable."
  }
}

run "users_cannot_sign_up_by_default" {
  command = plan

  assert {
    condition     = google_identity_platform_config.main.client[0].permissions[0].disabled_user_signup && !google_identity_platform_config.main.sign_in[0].anonymous[0].enabled && google_identity_platform_config.main.authorized_domains == tolist(["practice-assets.web.app", "practice-assets.firebaseapp.com"])
    error_message = "Sign-up must be disabled, and only the domains of the page authorized."
  }
}

run "resources_with_reserved_names_are_abandoned" {
  command = plan
  variables {
    project_number = "123456789012"
    github         = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2" }
  }

  assert {
    condition = toset(concat(
      [google_apikeys_key.page.deletion_policy, google_iam_workload_identity_pool.github[0].deletion_policy, google_project_iam_custom_role.settings_viewer[0].deletion_policy],
      [for provider in google_iam_workload_identity_pool_provider.github : provider.deletion_policy],
    )) == toset(["ABANDON"])
    error_message = "These must be abandoned: after a deletion, their names stay reserved for a month."
  }
}
