# Mocked plans of values that variables and preconditions refuse.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "practice-assets"
  region     = "europe-west1"
}

run "adopt_with_an_unknown_name" {
  command = plan
  variables {
    adopt = ["queues"]
  }
  expect_failures = [var.adopt]
}

run "adopt_github_without_github" {
  command = plan
  variables {
    adopt = ["github"]
  }
  expect_failures = [var.adopt]
}

run "a_project_id_with_capitals" {
  command = plan
  variables {
    project_id = "Practice"
  }
  expect_failures = [var.project_id]
}

run "a_zone_as_region" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "a_wildcard_origin" {
  command = plan
  variables {
    page_origins = ["*"]
  }
  expect_failures = [var.page_origins]
}

run "an_http_origin" {
  command = plan
  variables {
    page_origins = ["http://assets.example.org"]
  }
  expect_failures = [var.page_origins]
}

run "an_origin_with_a_path" {
  command = plan
  variables {
    page_origins = ["https://assets.example.org/"]
  }
  expect_failures = [var.page_origins]
}

run "a_database_with_capitals" {
  command = plan
  variables {
    database = "Assets"
  }
  expect_failures = [var.database]
}

run "an_unknown_database_location" {
  command = plan
  variables {
    database_location = "here"
  }
  expect_failures = [var.database_location]
}

run "half_a_cpu_for_concurrent_callers" {
  command = plan
  variables {
    api = { cpu = "0.5" }
  }
  expect_failures = [var.api]
}

run "memory_without_a_unit" {
  command = plan
  variables {
    process = { memory = "512" }
  }
  expect_failures = [var.process]
}

run "min_instances_above_max_instances" {
  command = plan
  variables {
    sweep = { min_instances = 4 }
  }
  expect_failures = [var.sweep]
}

run "a_concurrency_of_0" {
  command = plan
  variables {
    process = { concurrency = 0 }
  }
  expect_failures = [var.process]
}

run "max_instances_of_0" {
  command = plan
  variables {
    api = { max_instances = 0 }
  }
  expect_failures = [var.api]
}

run "a_fractional_concurrency" {
  command = plan
  variables {
    api = { concurrency = 1.5 }
  }
  expect_failures = [var.api]
}

run "max_instances_above_the_limit" {
  command = plan
  variables {
    process = { max_instances = 2000 }
  }
  expect_failures = [var.process]
}

run "half_a_cpu_for_concurrent_sweeps" {
  command = plan
  variables {
    sweep = { cpu = "0.5" }
  }
  expect_failures = [var.sweep]
}

run "a_sweep_concurrency_of_0" {
  command = plan
  variables {
    sweep = { concurrency = 0 }
  }
  expect_failures = [var.sweep]
}

run "a_fractional_request_limit" {
  command = plan
  variables {
    open_requests_per_tenant = 0.5
  }
  expect_failures = [var.open_requests_per_tenant]
}

run "a_queues_version_of_0" {
  command = plan
  variables {
    queues_version = 0
  }
  expect_failures = [var.queues_version]
}

run "a_recurring_request_named_sweep" {
  command = plan
  variables {
    recurring = { sweep = { schedule = "* * * * *", submit = { type = "medical_asset", input = {} } } }
  }
  expect_failures = [var.recurring]
}

run "a_schedule_of_six_fields" {
  command = plan
  variables {
    recurring = { daily = { schedule = "0 0 6 * * *", submit = { type = "medical_asset", input = {} } } }
  }
  expect_failures = [var.recurring]
}

run "a_recurring_request_without_input" {
  command = plan
  variables {
    recurring = { daily = { schedule = "0 6 * * *", submit = { type = "medical_asset" } } }
  }
  expect_failures = [var.recurring]
}

run "a_recurring_request_with_an_unknown_attribute" {
  command = plan
  variables {
    recurring = { daily = { schedule = "0 6 * * *", zone = "UTC", submit = { type = "medical_asset", input = {} } } }
  }
  expect_failures = [var.recurring]
}

run "a_secret_without_functions" {
  command = plan
  variables {
    secrets = { smtp = { variable = "SMTP", functions = [] } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_for_an_unknown_function" {
  command = plan
  variables {
    secrets = { smtp = { variable = "SMTP", functions = ["web"] } }
  }
  expect_failures = [var.secrets]
}

run "a_lowercase_variable_of_a_secret" {
  command = plan
  variables {
    secrets = { smtp = { variable = "smtp", functions = ["api"] } }
  }
  expect_failures = [var.secrets]
}

run "the_latest_version_of_a_secret" {
  command = plan
  variables {
    secrets = { smtp = { variable = "SMTP", functions = ["api"], version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "a_label_with_capitals" {
  command = plan
  variables {
    labels = { Team = "a" }
  }
  expect_failures = [var.labels]
}

run "an_alert_email_without_a_domain" {
  command = plan
  variables {
    alert_email = "ann"
  }
  expect_failures = [var.alert_email]
}

run "a_failed_ratio_in_percent" {
  command = plan
  variables {
    alert_thresholds = { failed_ratio = 5 }
  }
  expect_failures = [var.alert_thresholds]
}

run "a_silence_threshold_below_three_sweeps" {
  command = plan
  variables {
    alert_thresholds = { sweeper_silent_seconds = 60 }
  }
  expect_failures = [var.alert_thresholds]
}

run "an_open_threshold_below_the_delay_of_the_sweeper" {
  command = plan
  variables {
    alert_thresholds = { oldest_open_seconds = 60 }
  }
  expect_failures = [var.alert_thresholds]
}

run "a_threshold_of_0_refusals" {
  command = plan
  variables {
    alert_thresholds = { quota_refusals_per_hour = 0 }
  }
  expect_failures = [var.alert_thresholds]
}

run "a_log_ratio_above_1" {
  command = plan
  variables {
    queue_log_ratio = 2
  }
  expect_failures = [var.queue_log_ratio]
}

run "an_archive_that_is_no_zip_file" {
  command = plan
  variables {
    archive = "../dist"
  }
  expect_failures = [var.archive]
}

run "repository_names_instead_of_ids" {
  command = plan
  variables {
    github         = { owner = "clinic", repository = "assets", owner_id = "clinic", repository_id = "assets" }
    project_number = "1"
  }
  expect_failures = [var.github]
}

run "a_wildcard_repository" {
  command = plan
  variables {
    github         = { owner = "clinic", repository = "*", owner_id = "1", repository_id = "2" }
    project_number = "1"
  }
  expect_failures = [var.github]
}

run "a_subject_with_an_environment" {
  command = plan
  variables {
    github         = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2", subject = "repo:clinic/assets:environment:plan" }
    project_number = "1"
  }
  expect_failures = [var.github]
}

run "github_without_a_project_number" {
  command = plan
  variables {
    github = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2" }
  }
  expect_failures = [var.project_number]
}

run "a_project_id_as_project_number" {
  command = plan
  variables {
    project_number = "practice-assets"
  }
  expect_failures = [var.project_number]
}

run "queues_that_send_more_than_process_accepts" {
  command = plan
  variables {
    process = { max_instances = 1, concurrency = 4 }
  }
  expect_failures = [google_cloudfunctions2_function.process]
}

run "a_time_budget_above_the_limit_of_cloud_tasks" {
  command = plan
  variables {
    queues_file = "tests/fixtures/too_slow.json"
  }
  expect_failures = [google_cloudfunctions2_function.process]
}

run "an_invalid_queue_name" {
  command = plan
  variables {
    queues_file = "tests/fixtures/bad_name.json"
  }
  expect_failures = [google_cloud_tasks_queue.main]
}

run "a_min_backoff_above_max_backoff" {
  command = plan
  variables {
    queues_file = "tests/fixtures/shrinking.json"
  }
  expect_failures = [google_cloud_tasks_queue.main]
}

run "a_recurring_request_of_a_draining_type" {
  command = plan
  variables {
    queues_file = "tests/fixtures/draining.json"
    recurring   = { daily = { schedule = "0 6 * * *", submit = { type = "email", input = {} } } }
  }
  expect_failures = [google_cloud_scheduler_job.recurring]
}

run "a_recurring_request_of_a_type_that_does_not_exist" {
  command = plan
  variables {
    recurring = { daily = { schedule = "0 6 * * *", submit = { type = "nothing", input = {} } } }
  }
  expect_failures = [google_cloud_scheduler_job.recurring]
}

run "a_recurring_request_of_an_internal_type" {
  command = plan
  variables {
    recurring = { daily = { schedule = "0 6 * * *", submit = { type = "erasure", input = {} } } }
  }
  expect_failures = [google_cloud_scheduler_job.recurring]
}
