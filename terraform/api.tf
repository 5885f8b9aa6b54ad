# The function api: browsers and programs call it with a Firebase ID token, which it verifies.

locals {
  api_environment = merge(local.environment, {
    ASSETS_BUCKET            = local.assets_bucket
    CORS_ORIGINS             = join(",", local.page_origins)
    REQUIRE_TENANT           = tostring(var.require_tenant)
    OPEN_REQUESTS_PER_TENANT = tostring(var.open_requests_per_tenant)
    THREADS                  = tostring(var.api.concurrency + local.spare_threads)
  })
}

resource "google_service_account" "api" {
  account_id   = "api-function"
  display_name = "Runs api"

  depends_on = [google_project_service.main]
}

resource "google_project_iam_member" "api_documents" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.api.member

  condition {
    title      = "this database"
    expression = local.is_this_database
  }
}

resource "google_cloud_tasks_queue_iam_member" "api_enqueues" {
  for_each = google_cloud_tasks_queue.main

  location = var.region
  name     = each.value.name
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.api.member
}

resource "google_cloud_tasks_queue_iam_member" "api_cancels" {
  for_each = google_cloud_tasks_queue.main

  location = var.region
  name     = each.value.name
  role     = "roles/cloudtasks.taskDeleter"
  member   = google_service_account.api.member
}

resource "google_storage_bucket_iam_member" "api_reads_assets" {
  bucket = google_storage_bucket.assets.name
  role   = "roles/storage.objectViewer" # a signed URL grants the permissions of its signer
  member = google_service_account.api.member
}

resource "google_service_account_iam_member" "api_signs" {
  service_account_id = "projects/${var.project_id}/serviceAccounts/${google_service_account.api.email}"
  role               = "roles/iam.serviceAccountTokenCreator" # signBlob: it has no private key
  member             = google_service_account.api.member
}

resource "google_cloudfunctions2_function" "api" {
  #checkov:skip=CKV_GCP_124:Browsers call it from anywhere; it verifies the ID token of each caller itself
  name            = "api"
  location        = var.region
  description     = "Accepts, lists, cancels and redrives requests"
  deletion_policy = "DELETE"

  build_config {
    runtime           = local.runtime
    entry_point       = "api"
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
    available_cpu                    = var.api.cpu
    available_memory                 = var.api.memory
    max_instance_request_concurrency = var.api.concurrency
    min_instance_count               = var.api.min_instances
    max_instance_count               = var.api.max_instances
    timeout_seconds                  = local.api_timeout_seconds
    ingress_settings                 = "ALLOW_ALL"
    all_traffic_on_latest_revision   = true
    service_account_email            = google_service_account.api.email
    environment_variables            = local.api_environment

    dynamic "secret_environment_variables" {
      for_each = local.secrets_of["api"]
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
    google_firestore_index.main, # a query without its index fails
    google_firestore_field.main,
    google_secret_manager_secret_iam_member.reads,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "api_callers" {
  count = var.public_api ? 1 : 0

  location = var.region
  name     = google_cloudfunctions2_function.api.name
  role     = "roles/run.invoker"
  member   = "allUsers"

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.api.id] # a recreated service has lost its policy
  }
}
