# The function sweep: only Cloud Scheduler calls it, every minute for overdue requests and on schedule for recurring ones.

locals {
  sweep_environment = merge(local.environment, {
    OPEN_REQUESTS_PER_TENANT = tostring(var.open_requests_per_tenant)
    THREADS                  = tostring(var.sweep.concurrency + local.spare_threads)
  })
  sweep_uri      = google_cloudfunctions2_function.sweep.service_config[0].uri
  sweep_deadline = "${local.sweep_timeout_seconds + 30}s" # longer than the timeout of the function
}

resource "google_service_account" "sweep" {
  account_id   = "sweep-function"
  display_name = "Runs sweep"

  depends_on = [google_project_service.main]
}

resource "google_project_iam_member" "sweep_documents" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.sweep.member

  condition {
    title      = "this database"
    expression = local.is_this_database
  }
}

resource "google_cloud_tasks_queue_iam_member" "sweep_enqueues" {
  for_each = google_cloud_tasks_queue.main

  location = var.region
  name     = each.value.name
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.sweep.member
}

resource "google_cloud_tasks_queue_iam_member" "sweep_reads_tasks" {
  for_each = google_cloud_tasks_queue.main

  location = var.region
  name     = each.value.name
  role     = "roles/cloudtasks.viewer" # to see whether the task of a used name still exists
  member   = google_service_account.sweep.member
}

resource "google_cloudfunctions2_function" "sweep" {
  name            = "sweep"
  location        = var.region
  description     = "Recovers overdue requests and submits recurring ones"
  deletion_policy = "DELETE"

  build_config {
    runtime           = local.runtime
    entry_point       = "sweep"
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
    available_cpu                    = var.sweep.cpu
    available_memory                 = var.sweep.memory
    max_instance_request_concurrency = var.sweep.concurrency
    min_instance_count               = var.sweep.min_instances
    max_instance_count               = var.sweep.max_instances
    timeout_seconds                  = local.sweep_timeout_seconds
    ingress_settings                 = "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    service_account_email            = google_service_account.sweep.email
    environment_variables            = local.sweep_environment

    dynamic "secret_environment_variables" {
      for_each = local.secrets_of["sweep"]
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

resource "google_service_account" "scheduler_invoker" {
  account_id   = "scheduler-invoker"
  display_name = "Calls sweep for Cloud Scheduler"

  depends_on = [google_project_service.main]
}

resource "google_cloud_run_v2_service_iam_member" "sweep_callers" {
  location = var.region
  name     = google_cloudfunctions2_function.sweep.name
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler_invoker.member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.sweep.id] # a recreated service has lost its policy
  }
}

resource "google_cloud_scheduler_job" "sweep" {
  name             = "sweep"
  region           = var.region
  description      = "Recovers overdue requests"
  schedule         = "* * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = local.sweep_deadline

  retry_config {
    retry_count = 0 # the sweep of the next minute is the retry
  }

  http_target {
    http_method = "POST"
    uri         = "${local.sweep_uri}/"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")
    oidc_token {
      service_account_email = google_service_account.scheduler_invoker.email
      audience              = local.sweep_uri
    }
  }
}

resource "google_cloud_scheduler_job" "recurring" {
  for_each = var.recurring

  name             = each.key
  region           = var.region
  description      = "Submits a ${each.value.submit.type}"
  schedule         = each.value.schedule
  time_zone        = try(each.value.time_zone, "Etc/UTC")
  attempt_deadline = local.sweep_deadline

  retry_config {
    retry_count          = 5 # a retry has the same schedule time, so it replays the request
    min_backoff_duration = "10s"
  }

  http_target {
    http_method = "POST"
    uri         = "${local.sweep_uri}/"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode({ submit = each.value.submit }))
    oidc_token {
      service_account_email = google_service_account.scheduler_invoker.email
      audience              = local.sweep_uri
    }
  }

  lifecycle {
    precondition {
      condition     = try(local.policies[each.value.submit.type].enabled, false) == true && !try(local.policies[each.value.submit.type].internal, false)
      error_message = "recurring: ${each.key}: its type ${each.value.submit.type} must be enabled in queues.json, and neither draining nor internal."
    }
  }
}
