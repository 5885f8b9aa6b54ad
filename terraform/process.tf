# The function process: it does the work. Only Cloud Tasks calls it.

locals {
  process_environment = merge(local.environment, {
    ASSETS_BUCKET = local.assets_bucket
    THREADS       = tostring(var.process.concurrency + local.spare_threads)
  })
  max_concurrent_deliveries = sum([for policy in local.policies : policy.max_concurrent_dispatches])
}

resource "google_service_account" "process" {
  account_id   = "process-function"
  display_name = "Runs process"

  depends_on = [google_project_service.main]
}

resource "google_project_iam_member" "process_documents" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.process.member

  condition {
    title      = "this database"
    expression = local.is_this_database
  }
}

resource "google_cloud_tasks_queue_iam_member" "process_enqueues" {
  for_each = google_cloud_tasks_queue.main

  location = var.region
  name     = each.value.name
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.process.member
}

resource "google_cloud_tasks_queue_iam_member" "process_erases_tasks" {
  for_each = google_cloud_tasks_queue.main

  location = var.region
  name     = each.value.name
  role     = "roles/cloudtasks.taskDeleter"
  member   = google_service_account.process.member
}

resource "google_storage_bucket_iam_member" "process_creates_assets" {
  bucket = google_storage_bucket.assets.name
  role   = "roles/storage.legacyBucketWriter" # can create, list and delete objects; its creates never overwrite
  member = google_service_account.process.member

  lifecycle {
    create_before_destroy = true # a change of the role must leave no time without it
  }
}

resource "google_storage_bucket_iam_member" "process_reads_assets" {
  bucket = google_storage_bucket.assets.name
  role   = "roles/storage.legacyObjectReader" # can read an existing object, and cannot list
  member = google_service_account.process.member
}

resource "google_cloudfunctions2_function" "process" {
  name            = "process"
  location        = var.region
  description     = "Processes requests, one per thread"
  deletion_policy = "DELETE"

  build_config {
    runtime           = local.runtime
    entry_point       = "process"
    service_account   = local.build_account
    docker_repository = local.repository
    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.archive.name
      }
    }
  }

  service_config {
    available_cpu                    = var.process.cpu
    available_memory                 = var.process.memory
    max_instance_request_concurrency = var.process.concurrency
    min_instance_count               = var.process.min_instances
    max_instance_count               = var.process.max_instances
    timeout_seconds                  = local.process_timeout_seconds
    ingress_settings                 = "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    service_account_email            = google_service_account.process.email
    environment_variables            = local.process_environment

    dynamic "secret_environment_variables" {
      for_each = local.secrets_of["process"]
      content {
        key        = secret_environment_variables.value.variable
        project_id = var.project_id
        secret     = google_secret_manager_secret.main[secret_environment_variables.key].secret_id
        version    = secret_environment_variables.value.version
      }
    }
  }

  depends_on = [
    google_project_iam_member.build_logs,
    google_project_iam_member.build_copies,
    google_storage_bucket_iam_member.build_source,
    google_artifact_registry_repository_iam_member.build_images,
    google_firestore_field.main,
    google_secret_manager_secret_iam_member.reads,
  ]

  lifecycle {
    precondition {
      condition     = local.max_concurrent_deliveries <= var.process.max_instances * var.process.concurrency
      error_message = "The queues can send ${local.max_concurrent_deliveries} tasks at once, and process accepts ${var.process.max_instances * var.process.concurrency}: the 429 of Cloud Run would slow down every queue. Raise process.max_instances, or lower max_concurrent_dispatches in queues.json."
    }
    precondition {
      condition     = local.process_timeout_seconds <= local.max_dispatch_deadline_seconds
      error_message = "Cloud Tasks waits at most 30 minutes: each time budget in queues.json plus ${local.dispatch_margin_seconds} s must be shorter."
    }
  }
}

resource "google_service_account" "tasks_invoker" {
  account_id   = "tasks-invoker"
  display_name = "Calls process for Cloud Tasks"

  depends_on = [google_project_service.main]
}

resource "google_cloud_run_v2_service_iam_member" "process_callers" {
  location = var.region
  name     = google_cloudfunctions2_function.process.name
  role     = "roles/run.invoker"
  member   = google_service_account.tasks_invoker.member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.process.id] # a recreated service has lost its policy
  }
}
