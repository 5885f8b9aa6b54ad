# The files that requests produce. Browsers download them through signed URLs that expire after minutes.

locals {
  assets_bucket = "${var.project_id}-assets"
  retention     = jsondecode(file("${path.module}/../common/retention.json")) # the functions read it too
}

resource "google_storage_bucket" "assets" {
  #checkov:skip=CKV_GCP_62:Data access audit logs, where enabled, record reads of assets; a second bucket with access logs would keep personal data longer
  #checkov:skip=CKV_GCP_78:An asset is created once and never overwritten; older versions would keep deleted personal data
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
      age = local.retention.record_days + local.retention.asset_spare_days
    }
  }

  soft_delete_policy {
    retention_duration_seconds = local.retention.file_backup_days * 86400 # 0: a deleted asset must not be recoverable
  }

  cors {
    origin          = local.page_origins
    method          = ["GET", "HEAD"]
    response_header = ["Content-Type", "Content-Length", "Content-Disposition"]
    max_age_seconds = 3600
  }

  depends_on = [google_project_service.main]
}
