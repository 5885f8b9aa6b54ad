# A mocked apply with every optional resource: proves that there is no cycle, and checks values known after an apply.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id     = "practice-assets"
  project_number = "123456789012"
  region         = "europe-west1"
  alert_email    = "ann@clinic.example"
  github         = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2" }
  recurring      = { daily = { schedule = "0 6 * * *", submit = { type = "medical_asset", input = {} } } }
  secrets        = { smtp-password = { variable = "SMTP_PASSWORD", functions = ["process", "api"], version = "1" } }
  page_origins   = ["https://assets.example.org"]
}

run "everything_can_be_applied_and_destroyed" {
  assert {
    condition     = output.api == "https://mock-abc-ew.a.run.app" && output.queues == { medical_asset = "medical-asset-v1", erasure = "erasure-v1", export = "export-v1", purge = "purge-v1" }
    error_message = "Outputs must contain the URL of the API and the names of the queues."
  }
  assert {
    condition     = alltrue([for queue in google_cloud_tasks_queue.main : queue.http_target[0].uri_override[0].host == "mock-abc-ew.a.run.app"])
    error_message = "Queues must send to the URL of process."
  }
  assert {
    condition     = alltrue([for alert in concat(values(google_monitoring_alert_policy.threshold), [google_monitoring_alert_policy.sweeper_silent]) : length(alert.notification_channels) == 1])
    error_message = "Every alert must have a notification channel."
  }
  assert {
    condition     = output.page_config.api == output.api && output.page_config.database == "(default)" && output.page_config.firebase.projectId == "practice-assets" && output.page_config.firebase.apiKey != ""
    error_message = "page_config must contain the API, the database, the project and the key."
  }
  assert {
    condition     = strcontains(google_cloudfunctions2_function.api.service_config[0].environment_variables["CORS_ORIGINS"], "https://assets.example.org") && contains(google_identity_platform_config.main.authorized_domains, "assets.example.org") && contains(google_storage_bucket.assets.cors[0].origin, "https://assets.example.org")
    error_message = "The API, Identity Platform and the bucket of assets must accept page_origins."
  }
}

run "queues_version_can_be_raised" {
  variables {
    queues_version      = 2
    deletion_protection = false
  }
  assert {
    condition     = output.queues == { medical_asset = "medical-asset-v2", erasure = "erasure-v2", export = "export-v2", purge = "purge-v2" }
    error_message = "Queues must have the names of the next version."
  }
}
