# A mocked apply of everything with all that is optional: values that pass through computed ones, and no cycle.

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
    condition     = output.api == "https://mock-abc-ew.a.run.app" && output.queues == { medical_asset = "medical-asset-v1" }
    error_message = "The outputs tell where things are."
  }
  assert {
    condition     = alltrue([for queue in google_cloud_tasks_queue.main : queue.http_target[0].uri_override[0].host == "mock-abc-ew.a.run.app"])
    error_message = "The address of process reaches the queues."
  }
  assert {
    condition     = alltrue([for alert in concat(values(google_monitoring_alert_policy.above), [google_monitoring_alert_policy.sweeper_silent]) : length(alert.notification_channels) == 1])
    error_message = "Every alert is mailed."
  }
  assert {
    condition     = output.page_config.api == output.api && output.page_config.database == "(default)" && output.page_config.firebase.projectId == "practice-assets" && output.page_config.firebase.apiKey != ""
    error_message = "The page is told where the API is."
  }
  assert {
    condition     = strcontains(google_cloudfunctions2_function.api.service_config[0].environment_variables["CORS_ORIGINS"], "https://assets.example.org") && contains(google_identity_platform_config.main.authorized_domains, "assets.example.org") && contains(google_storage_bucket.assets.cors[0].origin, "https://assets.example.org")
    error_message = "Another address of the page is known to the API, to Identity Platform and to the assets."
  }
}

run "a_later_version_of_the_queues_can_follow" {
  variables {
    queues_version      = 2
    deletion_protection = false
  }
  assert {
    condition     = output.queues == { medical_asset = "medical-asset-v2" }
    error_message = "The queues have the names of the next version."
  }
}
