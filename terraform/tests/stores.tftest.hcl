# A real plan, offline, of what keeps data: documents, files, and who may read them.

variables {
  project_id = "practice-assets"
  region     = "europe-west1"
}

run "documents_have_the_indexes_of_the_file" {
  command = plan

  assert {
    condition = toset([
      for index in google_firestore_index.main : "${index.collection} ${index.query_scope} ${join(", ", [for field in index.fields : "${field.field_path} ${field.order}"])}"
      ]) == toset([
      for index in jsondecode(file("../firestore.indexes.json")).indexes :
      "${index.collectionGroup} ${index.queryScope} ${join(", ", [for field in index.fields : "${field.fieldPath} ${field.order}"])}"
    ]) && length(google_firestore_index.main) == length(jsondecode(file("../firestore.indexes.json")).indexes)
    error_message = "Every index of firestore.indexes.json, and no other."
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
    error_message = "Every exemption and TTL policy of firestore.indexes.json, and no other."
  }
  assert {
    condition     = alltrue([for field in google_firestore_field.main : length(field.index_config) == 1]) && google_firestore_field.main["requests.expires_at"].field == "expires_at" && length(google_firestore_field.main["requests.expires_at"].ttl_config) == 1
    error_message = "expires_at ends records, and is not indexed."
  }
  assert {
    condition     = length(coalesce(google_firestore_field.main["requests.*"].index_config[0].indexes, [])) == 0 && one(google_firestore_field.main["requests.due"].index_config[0].indexes).order == "ASCENDING"
    error_message = "No field of requests has an index of its own but due, by which the sweep asks."
  }
}

run "documents_are_protected" {
  command = plan

  assert {
    condition     = google_firestore_database.main.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.main.deletion_policy == "PREVENT" && google_firestore_database.main.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "The database refuses its deletion and can be put back by a week."
  }
  assert {
    condition     = google_firebaserules_release.main.name == "cloud.firestore" && google_firebaserules_ruleset.main.source[0].files[0].content == file("../firestore.rules")
    error_message = "The rules of the default database are those of the file."
  }
}

run "another_database_gets_its_own_rules_and_grants" {
  command = plan
  variables {
    database = "assets"
  }

  assert {
    condition     = google_firebaserules_release.main.name == "cloud.firestore/assets" && google_project_iam_member.api_documents.condition[0].expression == "resource.name == \"projects/practice-assets/databases/assets\""
    error_message = "Rules and grants follow the database's name."
  }
}

run "protection_is_one_switch" {
  command = plan
  variables {
    deletion_protection = false
  }

  assert {
    condition = toset(concat(
      [google_firestore_database.main.deletion_policy, google_storage_bucket.assets.deletion_policy],
      [for queue in google_cloud_tasks_queue.main : queue.deletion_policy],
    )) == toset(["DELETE"]) && google_firestore_database.main.delete_protection_state == "DELETE_PROTECTION_DISABLED"
    error_message = "Without protection everything can be destroyed."
  }
  assert {
    condition     = alltrue([for bucket in [google_storage_bucket.assets, google_storage_bucket.source] : bucket.force_destroy])
    error_message = "Without protection a bucket goes with what is in it, versions too."
  }
}

run "buckets_are_private_and_assets_expire_as_retention_json_says" {
  command = plan

  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.assets, google_storage_bucket.source] :
      bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced"
    ])
    error_message = "No bucket may be opened to the public."
  }
  assert {
    condition     = one(one(google_storage_bucket.assets.lifecycle_rule).condition).age == jsondecode(file("../common/retention.json")).asset_days
    error_message = "The bucket must delete assets after asset_days of common/retention.json."
  }
  assert {
    condition     = google_storage_bucket.assets.cors[0].origin == tolist(["https://practice-assets.web.app", "https://practice-assets.firebaseapp.com"])
    error_message = "The page alone may read assets by script."
  }
  assert {
    condition     = google_storage_bucket_object.archive.name == "functions-${filesha256("../dist/functions.zip")}.zip"
    error_message = "The archive's name follows its bytes."
  }
  assert {
    condition     = !google_storage_bucket.source.force_destroy && one(one(google_storage_bucket.source.lifecycle_rule).condition).days_since_noncurrent_time == 30
    error_message = "A replaced archive goes after a month, by its age and not by newer versions, which it never has."
  }
}

run "what_takes_labels_has_them" {
  command = plan
  variables {
    labels = { team = "web" }
  }

  assert {
    condition = alltrue([
      for labels in [google_storage_bucket.assets.effective_labels, google_cloudfunctions2_function.api.effective_labels, google_artifact_registry_repository.functions.effective_labels] :
      labels["team"] == "web"
    ])
    error_message = "The labels of the variable are on everything that takes labels."
  }
}

run "only_members_sign_in" {
  command = plan

  assert {
    condition     = google_identity_platform_config.main.client[0].permissions[0].disabled_user_signup && !google_identity_platform_config.main.sign_in[0].anonymous[0].enabled && google_identity_platform_config.main.authorized_domains == tolist(["practice-assets.web.app", "practice-assets.firebaseapp.com"])
    error_message = "Nobody signs up by himself unless allowed, and only on the page."
  }
}

run "what_is_blocked_under_its_name_when_deleted_is_left" {
  command = plan
  variables {
    project_number = "123456789012"
    github         = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2" }
  }

  assert {
    condition = toset(concat(
      [google_apikeys_key.page.deletion_policy, google_iam_workload_identity_pool.github[0].deletion_policy, google_project_iam_custom_role.sees_settings[0].deletion_policy],
      [for provider in google_iam_workload_identity_pool_provider.github : provider.deletion_policy],
    )) == toset(["ABANDON"])
    error_message = "For a month the next apply would be refused these names."
  }
}
