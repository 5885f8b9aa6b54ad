# Addresses of resources that the release after 1.0.0 renamed. Delete this file once every environment has applied that release.

moved {
  from = google_artifact_registry_repository_iam_member.deployer_holds
  to   = google_artifact_registry_repository_iam_member.deployer_manages
}

moved {
  from = google_cloud_tasks_queue_iam_member.sweep_looks
  to   = google_cloud_tasks_queue_iam_member.sweep_reads_tasks
}

moved {
  from = google_monitoring_alert_policy.above
  to   = google_monitoring_alert_policy.threshold
}

moved {
  from = google_project_iam_custom_role.sees_settings
  to   = google_project_iam_custom_role.settings_viewer
}

moved {
  from = google_service_account_iam_member.deployer_shows_itself
  to   = google_service_account_iam_member.deployer_creates_id_tokens
}

moved {
  from = google_storage_bucket_iam_member.api_shows_assets
  to   = google_storage_bucket_iam_member.api_reads_assets
}

moved {
  from = google_storage_bucket_iam_member.deployer_holds
  to   = google_storage_bucket_iam_member.deployer_manages
}

moved {
  from = google_storage_bucket_iam_member.process_finds_assets
  to   = google_storage_bucket_iam_member.process_reads_assets
}

moved {
  from = google_storage_bucket_iam_member.process_makes_assets
  to   = google_storage_bucket_iam_member.process_creates_assets
}
