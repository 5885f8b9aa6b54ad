# Mocked plans: what variables and preconditions refuse.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "practice-assets"
  region     = "europe-west1"
}

run "adopting_what_nobody_makes_twice" {
  command = plan
  variables {
    adopt = ["queues"]
  }
  expect_failures = [var.adopt]
}

run "adopting_of_github_without_it" {
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

run "a_region_that_is_a_zone" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "an_origin_that_is_everybody" {
  command = plan
  variables {
    page_origins = ["*"]
  }
  expect_failures = [var.page_origins]
}

run "an_origin_without_encryption" {
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

run "a_database_nowhere" {
  command = plan
  variables {
    database_location = "here"
  }
  expect_failures = [var.database_location]
}

run "half_a_cpu_for_several_callers" {
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

run "more_idle_instances_than_there_may_be" {
  command = plan
  variables {
    sweep = { min_instances = 4 }
  }
  expect_failures = [var.sweep]
}

run "no_concurrency" {
  command = plan
  variables {
    process = { concurrency = 0 }
  }
  expect_failures = [var.process]
}

run "no_instance_at_all" {
  command = plan
  variables {
    api = { max_instances = 0 }
  }
  expect_failures = [var.api]
}

run "half_a_caller" {
  command = plan
  variables {
    api = { concurrency = 1.5 }
  }
  expect_failures = [var.api]
}

run "more_instances_than_cloud_run_has" {
  command = plan
  variables {
    process = { max_instances = 2000 }
  }
  expect_failures = [var.process]
}

run "half_a_cpu_for_several_sweeps" {
  command = plan
  variables {
    sweep = { cpu = "0.5" }
  }
  expect_failures = [var.sweep]
}

run "no_sweep_at_once" {
  command = plan
  variables {
    sweep = { concurrency = 0 }
  }
  expect_failures = [var.sweep]
}

run "half_a_request" {
  command = plan
  variables {
    open_requests_per_tenant = 0.5
  }
  expect_failures = [var.open_requests_per_tenant]
}

run "a_version_of_queues_that_is_no_number_to_count" {
  command = plan
  variables {
    queues_version = 0
  }
  expect_failures = [var.queues_version]
}

run "a_recurring_request_named_as_the_sweep" {
  command = plan
  variables {
    recurring = { sweep = { schedule = "* * * * *", submit = { type = "medical_asset", input = {} } } }
  }
  expect_failures = [var.recurring]
}

run "a_recurring_request_of_six_fields" {
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

run "a_recurring_request_with_more_than_there_is" {
  command = plan
  variables {
    recurring = { daily = { schedule = "0 6 * * *", zone = "UTC", submit = { type = "medical_asset", input = {} } } }
  }
  expect_failures = [var.recurring]
}

run "a_secret_for_nobody" {
  command = plan
  variables {
    secrets = { smtp = { variable = "SMTP", functions = [] } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_for_a_function_that_is_not" {
  command = plan
  variables {
    secrets = { smtp = { variable = "SMTP", functions = ["web"] } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_in_a_variable_of_small_letters" {
  command = plan
  variables {
    secrets = { smtp = { variable = "smtp", functions = ["api"] } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_of_whatever_is_latest" {
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

run "an_address_without_a_domain" {
  command = plan
  variables {
    alert_email = "ann"
  }
  expect_failures = [var.alert_email]
}

run "a_ratio_in_percent" {
  command = plan
  variables {
    alert_thresholds = { failed_ratio = 5 }
  }
  expect_failures = [var.alert_thresholds]
}

run "an_alert_sooner_than_a_sweep" {
  command = plan
  variables {
    alert_thresholds = { sweeper_silent_seconds = 60 }
  }
  expect_failures = [var.alert_thresholds]
}

run "an_alert_on_what_the_sweeper_still_waits_for" {
  command = plan
  variables {
    alert_thresholds = { oldest_open_seconds = 60 }
  }
  expect_failures = [var.alert_thresholds]
}

run "an_alert_on_no_refusal" {
  command = plan
  variables {
    alert_thresholds = { quota_refusals_per_hour = 0 }
  }
  expect_failures = [var.alert_thresholds]
}

run "a_share_of_more_than_all" {
  command = plan
  variables {
    queue_log_ratio = 2
  }
  expect_failures = [var.queue_log_ratio]
}

run "an_archive_that_is_none" {
  command = plan
  variables {
    archive = "../dist"
  }
  expect_failures = [var.archive]
}

run "names_of_a_repository_instead_of_ids" {
  command = plan
  variables {
    github         = { owner = "clinic", repository = "assets", owner_id = "clinic", repository_id = "assets" }
    project_number = "1"
  }
  expect_failures = [var.github]
}

run "a_repository_that_is_a_pattern" {
  command = plan
  variables {
    github         = { owner = "clinic", repository = "*", owner_id = "1", repository_id = "2" }
    project_number = "1"
  }
  expect_failures = [var.github]
}

run "a_subject_with_its_environment" {
  command = plan
  variables {
    github         = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2", subject = "repo:clinic/assets:environment:plan" }
    project_number = "1"
  }
  expect_failures = [var.github]
}

run "a_repository_without_the_projects_number" {
  command = plan
  variables {
    github = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2" }
  }
  expect_failures = [var.project_number]
}

run "a_projects_name_in_the_place_of_its_number" {
  command = plan
  variables {
    project_number = "practice-assets"
  }
  expect_failures = [var.project_number]
}

run "queues_that_send_more_than_process_takes" {
  command = plan
  variables {
    process = { max_instances = 1, concurrency = 4 }
  }
  expect_failures = [google_cloudfunctions2_function.process]
}

run "a_time_budget_beyond_what_cloud_tasks_waits" {
  command = plan
  variables {
    queues_file = "tests/fixtures/too_slow.json"
  }
  expect_failures = [google_cloudfunctions2_function.process]
}

run "a_queue_whose_name_cannot_be" {
  command = plan
  variables {
    queues_file = "tests/fixtures/bad_name.json"
  }
  expect_failures = [google_cloud_tasks_queue.main]
}

run "a_backoff_that_shrinks" {
  command = plan
  variables {
    queues_file = "tests/fixtures/shrinking.json"
  }
  expect_failures = [google_cloud_tasks_queue.main]
}
