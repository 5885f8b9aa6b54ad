# One queue for each type of work that is enabled or draining. The functions and the local stack read the same file of
# policies.

locals {
  policies = { for type, policy in jsondecode(file(var.queues_file)) : type => policy if policy.enabled != false }

  # The name of a deleted queue stays reserved for a week: a recreated environment needs the next version.
  queues_suffix = "-v${var.queues_version}"
}

resource "google_cloud_tasks_queue" "main" {
  for_each = local.policies

  name            = "${each.value.queue}${local.queues_suffix}"
  location        = var.region
  deletion_policy = local.deletion_policy # deleting a queue deletes its tasks, so protection must be off

  rate_limits {
    max_dispatches_per_second = each.value.max_dispatches_per_second
    max_concurrent_dispatches = each.value.max_concurrent_dispatches
  }

  retry_config {
    max_attempts  = -1 # unlimited, as is max_retry_duration: the record counts attempts, and its end ends the task
    min_backoff   = "${each.value.min_backoff_seconds}s"
    max_backoff   = "${each.value.max_backoff_seconds}s"
    max_doublings = each.value.max_doublings
  }

  http_target {
    http_method = "POST"
    uri_override {
      scheme                    = "HTTPS"
      host                      = trimprefix(google_cloudfunctions2_function.process.service_config[0].uri, "https://")
      port                      = "443"
      uri_override_enforce_mode = "ALWAYS"
    }
    oidc_token {
      service_account_email = google_service_account.tasks_invoker.email
      audience              = google_cloudfunctions2_function.process.service_config[0].uri
    }
  }

  stackdriver_logging_config {
    sampling_ratio = var.queue_log_ratio
  }

  lifecycle {
    precondition {
      condition     = can(regex("^[A-Za-z0-9-]{1,100}$", "${each.value.queue}${local.queues_suffix}"))
      error_message = "The name of a queue must be 1 to 100 letters, digits and hyphens: ${each.value.queue}${local.queues_suffix}"
    }
    precondition {
      condition     = each.value.min_backoff_seconds <= each.value.max_backoff_seconds
      error_message = "queues.json: ${each.key}: min_backoff_seconds must not exceed max_backoff_seconds."
    }
  }
}
