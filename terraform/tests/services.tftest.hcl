# A real plan, offline, of the functions, their queues and their callers. URLs are overridden: they are known after an apply.

variables {
  project_id = "practice-assets"
  region     = "europe-west1"
  recurring = {
    weekly-poster = {
      schedule  = "0 7 * * 1"
      time_zone = "Europe/Berlin"
      submit    = { type = "medical_asset", input = { channel = "poster", doctor_name = "Dr. Ann Weber" } }
    }
    daily = { schedule = "0 6 * * *", submit = { type = "medical_asset", input = {} } }
  }
}

override_resource {
  target          = google_cloudfunctions2_function.process
  override_during = plan
  values          = { service_config = { uri = "https://process-abc-ew.a.run.app" } }
}

override_resource {
  target          = google_cloudfunctions2_function.sweep
  override_during = plan
  values          = { service_config = { uri = "https://sweep-abc-ew.a.run.app" } }
}

run "only_api_is_reachable_from_the_internet" {
  command = plan

  assert {
    condition = tomap({
      api     = google_cloudfunctions2_function.api.service_config[0].ingress_settings
      process = google_cloudfunctions2_function.process.service_config[0].ingress_settings
      sweep   = google_cloudfunctions2_function.sweep.service_config[0].ingress_settings
    }) == tomap({ api = "ALLOW_ALL", process = "ALLOW_INTERNAL_ONLY", sweep = "ALLOW_INTERNAL_ONLY" })
    error_message = "Only api must accept calls from the internet."
  }
  assert {
    condition = alltrue([
      for name, function in { api = google_cloudfunctions2_function.api, process = google_cloudfunctions2_function.process, sweep = google_cloudfunctions2_function.sweep } :
      function.service_config[0].service_account_email == "${name}-function@practice-assets.iam.gserviceaccount.com"
      && function.build_config[0].service_account == "projects/practice-assets/serviceAccounts/function-build@practice-assets.iam.gserviceaccount.com"
      && function.build_config[0].docker_repository == "projects/practice-assets/locations/europe-west1/repositories/functions"
      && function.build_config[0].entry_point == name
      && function.build_config[0].runtime == "python313"
      && function.build_config[0].source[0].storage_source[0].object == google_storage_bucket_object.archive.name
      && function.service_config[0].all_traffic_on_latest_revision
    ])
    error_message = "Each function must have its own identity, and the shared build identity, repository, archive and Python version."
  }
}

run "functions_can_be_replaced_while_data_is_protected" {
  command = plan

  assert {
    condition = var.deletion_protection && alltrue([
      for function in [google_cloudfunctions2_function.api, google_cloudfunctions2_function.process, google_cloudfunctions2_function.sweep] :
      function.deletion_policy == "DELETE"
    ])
    error_message = "A failed build taints a function, and Terraform can replace it only if deletion is allowed."
  }
}

run "functions_get_exactly_the_variables_that_they_read" {
  command = plan

  assert {
    condition = alltrue([
      for name, function in { api = google_cloudfunctions2_function.api, process = google_cloudfunctions2_function.process, sweep = google_cloudfunctions2_function.sweep } :
      toset(keys(function.service_config[0].environment_variables)) == toset(concat(
        jsondecode(file("tests/code.json")).environment[name], jsondecode(file("tests/code.json")).framework_environment
      ))
    ])
    error_message = "The variables must be those of tests/code.json, which tests/integration/test_deployed_environment.py compares with the code."
  }
  assert {
    condition = google_cloudfunctions2_function.api.service_config[0].environment_variables == tomap({
      ASSETS_BUCKET            = "practice-assets-assets"
      CORS_ORIGINS             = "https://practice-assets.web.app,https://practice-assets.firebaseapp.com"
      FIRESTORE_DATABASE       = "(default)"
      GOOGLE_CLOUD_PROJECT     = "practice-assets"
      OPEN_REQUESTS_PER_TENANT = "100"
      QUEUES_LOCATION          = "europe-west1"
      QUEUES_SUFFIX            = "-v1"
      REQUIRE_TENANT           = "false"
      THREADS                  = "32"
    })
    error_message = "The variables of api must have these values."
  }
  assert {
    condition = alltrue([
      for function in [google_cloudfunctions2_function.api, google_cloudfunctions2_function.process, google_cloudfunctions2_function.sweep] :
      tonumber(function.service_config[0].environment_variables["THREADS"]) > function.service_config[0].max_instance_request_concurrency
    ])
    error_message = "THREADS must exceed the concurrency: a call that waits for a thread waits while its deadline runs."
  }
}

run "queues_match_the_policies" {
  command = plan

  assert {
    condition = {
      for type, queue in google_cloud_tasks_queue.main : type => {
        name        = queue.name
        rate        = queue.rate_limits[0].max_dispatches_per_second
        concurrent  = queue.rate_limits[0].max_concurrent_dispatches
        attempts    = queue.retry_config[0].max_attempts
        min_backoff = queue.retry_config[0].min_backoff
        max_backoff = queue.retry_config[0].max_backoff
        doublings   = queue.retry_config[0].max_doublings
      }
      } == {
      for type, policy in jsondecode(file("../common/queues.json")) : type => {
        name        = "${policy.queue}-v1"
        rate        = policy.max_dispatches_per_second
        concurrent  = policy.max_concurrent_dispatches
        attempts    = -1
        min_backoff = "${policy.min_backoff_seconds}s"
        max_backoff = "${policy.max_backoff_seconds}s"
        doublings   = policy.max_doublings
      } if policy.enabled != false
    }
    error_message = "Each type that is enabled or draining must have a queue with its policy, and no other type."
  }
  assert {
    condition = alltrue([
      for queue in google_cloud_tasks_queue.main :
      queue.http_target[0].uri_override[0].scheme == "HTTPS"
      && queue.http_target[0].uri_override[0].host == "process-abc-ew.a.run.app"
      && queue.http_target[0].uri_override[0].uri_override_enforce_mode == "ALWAYS"
      && queue.http_target[0].oidc_token[0].audience == "https://process-abc-ew.a.run.app"
      && queue.http_target[0].oidc_token[0].service_account_email == "tasks-invoker@practice-assets.iam.gserviceaccount.com"
      && queue.desired_state == "RUNNING"
      && queue.deletion_policy == "PREVENT"
    ])
    error_message = "A queue must send to process, as the identity that can invoke it."
  }
}

run "a_draining_type_keeps_its_queue_and_what_depends_on_it" {
  command = plan
  variables {
    queues_file = "tests/fixtures/draining.json"
  }

  assert {
    condition     = { for type, queue in google_cloud_tasks_queue.main : type => queue.name } == { medical_asset = "medical-asset-v1", email = "email-v1" }
    error_message = "A draining type must keep its queue, and a disabled one must have none."
  }
  assert {
    condition = alltrue([
      for grants in [
        google_cloud_tasks_queue_iam_member.api_enqueues, google_cloud_tasks_queue_iam_member.api_cancels,
        google_cloud_tasks_queue_iam_member.process_enqueues, google_cloud_tasks_queue_iam_member.sweep_enqueues,
        google_cloud_tasks_queue_iam_member.sweep_reads_tasks
      ] : toset([for grant in grants : grant.name]) == toset(["medical-asset-v1", "email-v1"])
    ])
    error_message = "The functions must keep their grants on the queue of a draining type."
  }
  assert {
    condition     = google_cloudfunctions2_function.process.service_config[0].timeout_seconds >= 1200 + 30
    error_message = "The timeout of process must cover the dispatch deadline of a draining type."
  }
  assert {
    condition     = local.max_concurrent_deliveries == 40 + 7 && output.queues == { medical_asset = "medical-asset-v1", email = "email-v1" }
    error_message = "process must accept the deliveries of a draining type, and the output must name its queue."
  }
  assert {
    condition     = length(google_monitoring_alert_policy.threshold) == 5 && length(google_logging_metric.main) == 10
    error_message = "Alerts and metrics cover every type, draining or not."
  }
}

run "queues_version_renames_the_queues_for_terraform_and_functions" {
  command = plan
  variables {
    queues_version = 7
  }

  assert {
    condition = alltrue(concat(
      [for type, queue in google_cloud_tasks_queue.main : queue.name == "${local.policies[type].queue}-v7"],
      [
        for function in [google_cloudfunctions2_function.api, google_cloudfunctions2_function.process, google_cloudfunctions2_function.sweep] :
        function.service_config[0].environment_variables["QUEUES_SUFFIX"] == "-v7"
      ],
    ))
    error_message = "Names of queues must end in queues_version."
  }
}

run "every_deadline_is_longer_than_the_work_it_waits_for" {
  command = plan

  assert {
    condition     = local.dispatch_margin_seconds == jsondecode(file("tests/code.json")).dispatch_margin_seconds
    error_message = "The margin must be that of common/queues.py."
  }
  assert {
    condition     = local.max_dispatch_deadline_seconds == jsondecode(file("tests/code.json")).max_dispatch_deadline_seconds
    error_message = "The longest deadline must be that of common/queues.py."
  }
  assert {
    condition = alltrue([
      for policy in values(jsondecode(file("../common/queues.json"))) :
      google_cloudfunctions2_function.process.service_config[0].timeout_seconds >= policy.time_budget_seconds + 30 if policy.enabled != false
    ]) && google_cloudfunctions2_function.process.service_config[0].timeout_seconds <= 1800
    error_message = "The timeout of process must cover the dispatch deadline of every type, and Cloud Tasks waits at most 30 minutes."
  }
  assert {
    condition     = google_cloudfunctions2_function.sweep.service_config[0].timeout_seconds >= 2 * jsondecode(file("tests/code.json")).sweep_budget_seconds
    error_message = "The timeout of sweep must leave time for the page that it has started."
  }
  assert {
    condition = alltrue([
      for job in concat([google_cloud_scheduler_job.sweep], values(google_cloud_scheduler_job.recurring)) :
      tonumber(trimsuffix(job.attempt_deadline, "s")) > google_cloudfunctions2_function.sweep.service_config[0].timeout_seconds
    ])
    error_message = "The deadline of Cloud Scheduler must be longer than the timeout of sweep."
  }
  assert {
    condition     = sum([for queue in google_cloud_tasks_queue.main : queue.rate_limits[0].max_concurrent_dispatches]) <= google_cloudfunctions2_function.process.service_config[0].max_instance_count * google_cloudfunctions2_function.process.service_config[0].max_instance_request_concurrency
    error_message = "The queues together must not send more than process accepts."
  }
}

run "cloud_scheduler_sweeps_every_minute_and_submits_recurring_requests" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.sweep.schedule == "* * * * *" && base64decode(google_cloud_scheduler_job.sweep.http_target[0].body) == "{}"
    error_message = "A sweep must start every minute."
  }
  assert {
    condition = alltrue([
      for job in concat([google_cloud_scheduler_job.sweep], values(google_cloud_scheduler_job.recurring)) :
      job.http_target[0].uri == "https://sweep-abc-ew.a.run.app/"
      && job.http_target[0].oidc_token[0].audience == "https://sweep-abc-ew.a.run.app"
      && job.http_target[0].oidc_token[0].service_account_email == "scheduler-invoker@practice-assets.iam.gserviceaccount.com"
      && job.http_target[0].headers == tomap({ "Content-Type" = "application/json" })
    ])
    error_message = "Jobs must call sweep, as the identity that can invoke it."
  }
  assert {
    condition = { for name, job in google_cloud_scheduler_job.recurring : name => "${job.schedule} ${job.time_zone} ${base64decode(job.http_target[0].body)}" } == {
      weekly-poster = "0 7 * * 1 Europe/Berlin {\"submit\":{\"input\":{\"channel\":\"poster\",\"doctor_name\":\"Dr. Ann Weber\"},\"type\":\"medical_asset\"}}"
      daily         = "0 6 * * * Etc/UTC {\"submit\":{\"input\":{},\"type\":\"medical_asset\"}}"
    }
    error_message = "A recurring request must have the schedule, time zone and body of its entry."
  }
}
