# Shared by the three functions: the archive, the build identity, environment variables and timeouts.

locals {
  python         = split("\n", trimspace(file("${path.module}/../.python-versions")))[0]
  runtime        = "python${replace(local.python, ".", "")}"
  function_names = ["api", "process", "sweep"]
  build_account  = "projects/${var.project_id}/serviceAccounts/${google_service_account.build.email}"
  repository     = "projects/${var.project_id}/locations/${var.region}/repositories/${google_artifact_registry_repository.functions.repository_id}"

  # The functions get names, not resources: a reference to a queue or a function would be a cycle.
  environment = {
    GOOGLE_CLOUD_PROJECT = var.project_id
    FIRESTORE_DATABASE   = var.database
    QUEUES_LOCATION      = var.region
    QUEUES_SUFFIX        = local.queues_suffix
  }

  spare_threads = 16 # silent connections and those that end occupy a thread for some seconds

  # The dispatch deadline of Cloud Tasks is a time budget plus this margin; the lease ends later (common/queues.py).
  longest_time_budget_seconds   = max([for policy in local.policies : policy.time_budget_seconds]...)
  dispatch_margin_seconds       = 30
  max_dispatch_deadline_seconds = 1800 # of Cloud Tasks
  process_timeout_seconds       = local.longest_time_budget_seconds + local.dispatch_margin_seconds
  api_timeout_seconds           = 60
  sweep_timeout_seconds         = 120 # the sweeper starts no page after 50 s, and a page can take long

  # For resources that hold data or tasks. Functions hold neither: Terraform must be able to delete and recreate one
  # whose first build has failed.
  deletion_policy = var.deletion_protection ? "PREVENT" : "DELETE"

  is_function_source = "resource.type == \"storage.googleapis.com/Object\" && (${join(" || ", formatlist("resource.name.startsWith(\"projects/_/buckets/%s\")", ["gcf-v2-sources-", "gcf-v2-uploads-", "run-sources-"]))})"
}

resource "google_service_account" "build" {
  account_id   = "function-build"
  display_name = "Builds the functions"

  depends_on = [google_project_service.main]
}

resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

resource "google_storage_bucket_iam_member" "build_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

# Cloud Functions copies the archive into buckets that it creates, and the build reads it there. The condition is that
# of "Custom service account for Cloud Build".
resource "google_project_iam_member" "build_copies" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "sources of functions"
    expression = local.is_function_source
  }
}

resource "google_artifact_registry_repository_iam_member" "build_images" {
  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.functions.repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_artifact_registry_repository" "functions" {
  #checkov:skip=CKV_GCP_84:Images contain published code and no customer data; keys of Google encrypt them
  repository_id = "functions"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the functions"

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s" # 30 days
    }
  }

  depends_on = [google_project_service.main]
}

resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:Contains archives of published code; audit logs record reads
  name                        = "${var.project_id}-functions"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = 0 # it is billed, and an archive can be rebuilt byte for byte
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30 # each name has one content, so a newer version never follows
    }
  }

  depends_on = [google_project_service.main]
}

resource "google_storage_bucket_object" "archive" {
  name   = "functions-${filesha256(var.archive)}.zip" # a new name causes a new revision
  bucket = google_storage_bucket.source.name
  source = var.archive
}
