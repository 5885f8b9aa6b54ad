# Log lines become metrics: each has the event and the facts that the functions log.

locals {
  metrics = {
    requests_accepted = {
      description = "Requests taken; a batch is one entry of up to ten"
      events      = ["call.done", "recurring.asked"]
      only        = "jsonPayload.accepted>0"
      labels      = {}
      value       = "accepted"
      unit        = "1"
    }
    requests_ended = {
      description = "Requests that ended, by type, how, and error code"
      events      = ["delivery.done", "sweep.moved", "call.done"]
      only        = "jsonPayload.ended:*"
      labels      = { type = "type", ended = "ended", code = "code" }
    }
    request_ms = {
      description = "From the time a request was wanted until it was completed"
      events      = ["delivery.done"]
      only        = "jsonPayload.ended=\"completed\" AND jsonPayload.total_ms>=0"
      labels      = { type = "type" }
      value       = "total_ms"
      unit        = "ms"
    }
    attempts = {
      description = "Deliveries of tasks, by type and verdict"
      events      = ["delivery.done"]
      labels      = { type = "type", verdict = "verdict" }
    }
    run_ms = {
      description = "How long deliveries took that did work"
      events      = ["delivery.done"]
      only        = "jsonPayload.attempt>0"
      labels      = { type = "type" }
      value       = "duration_ms"
      unit        = "ms"
    }
    queue_ms = {
      description = "From the time a request was wanted until its first attempt began"
      events      = ["delivery.done"]
      only        = "jsonPayload.queue_ms>=0"
      labels      = { type = "type" }
      value       = "queue_ms"
      unit        = "ms"
    }
    sweeps = {
      description = "Sweeps that came to their end"
      events      = ["sweep.done"]
      labels      = {}
    }
    open_seconds = {
      description = "For how long nothing had begun for the requests that the sweeper met"
      events      = ["sweep.moved", "sweep.failed", "sweep.not_ours"]
      only        = "jsonPayload.open_seconds>=0"
      labels      = {}
      value       = "open_seconds"
      unit        = "s"
    }
    calls = {
      description = "Calls of the API, by operation, HTTP status and problem code"
      events      = ["call.done"]
      labels      = { operation = "operation", status = "status", code = "code" }
    }
    troubles = {
      description = "Log lines of errors, by event; those of the platform have none"
      events      = []
      only        = "severity>=ERROR AND logName!=\"projects/${var.project_id}/logs/run.googleapis.com%2Frequests\"" # a 5xx has its own line there
      labels      = { event = "message" }
    }
  }
  metric_types = { for name, metric in google_logging_metric.main : name => "logging.googleapis.com/user/${metric.name}" }
}

resource "google_logging_metric" "main" {
  for_each = local.metrics

  name        = each.key
  description = each.value.description
  filter = join("\n", compact([
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(${join(" OR ", [for name in local.names : "\"${name}\""])})",
    length(each.value.events) == 0 ? "" : "jsonPayload.message=(${join(" OR ", [for event in each.value.events : "\"${event}\""])})",
    try(each.value.only, ""),
  ]))

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = can(each.value.value) ? "DISTRIBUTION" : "INT64"
    unit        = try(each.value.unit, "1")

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  label_extractors = { for label, fact in each.value.labels : label => "EXTRACT(jsonPayload.${fact})" }
  value_extractor  = can(each.value.value) ? "EXTRACT(jsonPayload.${each.value.value})" : null

  dynamic "bucket_options" {
    for_each = can(each.value.value) ? [1] : []
    content {
      exponential_buckets { # up to 70 days in ms
        scale              = 1
        growth_factor      = 1.6
        num_finite_buckets = 48
      }
    }
  }

  depends_on = [google_project_service.main]
}
