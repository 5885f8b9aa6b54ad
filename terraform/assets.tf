# The files that requests result in. Browsers open them by signed URLs that live for minutes.

locals {
  assets_bucket = "${var.project_id}-assets"
  retention     = jsondecode(file("${path.module}/../common/retention.json")) # the functions read it too
}

resource "google_storage_bucket" "assets" {
  #checkov:skip=CKV_GCP_62:Who opened which asset is in the audit log where data access logs are switched on; a second bucket of names would hold personal data longer
  #checkov:skip=CKV_GCP_78:An asset is created once and never overwritten, and a deleted one holds personal data that must be gone
  name                        = local.assets_bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  deletion_policy             = local.deletion_policy
  force_destroy               = !var.deletion_protection

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = local.retention.asset_days
    }
  }

  soft_delete_policy {
    retention_duration_seconds = 0 # deleted means gone
  }

  cors {
    origin          = local.page_origins
    method          = ["GET", "HEAD"]
    response_header = ["Content-Type", "Content-Length", "Content-Disposition"]
    max_age_seconds = 3600
  }

  depends_on = [google_project_service.main]
}
