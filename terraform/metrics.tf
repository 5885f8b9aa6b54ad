# Log-based metrics. Each reads lines of one or more events, and fields of these lines.

locals {
  # The old names of events that the release after 1.0.0 renamed. Instances of the old revision still log them during its roll-out.
  # Delete this map in the release after it.
  renamed_events = {
    "call.finished"       = "call.done"
    "delivery.finished"   = "delivery.done"
    "recurring.submitted" = "recurring.asked"
    "sweep.finished"      = "sweep.done"
  }

  metrics = {
    requests_accepted = {
      description = "Requests accepted; a batch is one entry of up to ten"
      events      = ["call.finished", "recurring.submitted"]
      filter      = "jsonPayload.accepted>0"
      labels      = {}
      value       = "accepted"
      unit        = "1"
    }
    requests_ended = {
      description = "Requests that ended, by type, status and error code"
      events      = ["delivery.finished", "sweep.moved", "call.finished"]
      filter      = "jsonPayload.ended:*"
      labels      = { type = "type", ended = "ended", code = "code" }
    }
    request_ms = {
      description = "Time from the requested start of a request to its completion"
      events      = ["delivery.finished"]
      filter      = "jsonPayload.ended=\"completed\" AND jsonPayload.total_ms>=0"
      labels      = { type = "type" }
      value       = "total_ms"
      unit        = "ms"
    }
    attempts = {
      description = "Deliveries of tasks, by type and verdict"
      events      = ["delivery.finished"]
      labels      = { type = "type", verdict = "verdict" }
    }
    run_ms = {
      description = "Duration of deliveries that made an attempt"
      events      = ["delivery.finished"]
      filter      = "jsonPayload.attempt>0"
      labels      = { type = "type" }
      value       = "duration_ms"
      unit        = "ms"
    }
    queue_ms = {
      description = "Time from the requested start of a request to the start of its first attempt"
      events      = ["delivery.finished"]
      filter      = "jsonPayload.queue_ms>=0"
      labels      = { type = "type" }
      value       = "queue_ms"
      unit        = "ms"
    }
    sweeps = {
      description = "Sweeps that finished"
      events      = ["sweep.finished"]
      labels      = {}
    }
    open_seconds = {
      description = "For how long the overdue requests that the sweeper found have waited for an attempt"
      events      = ["sweep.moved", "sweep.failed"]
      filter      = "jsonPayload.open_seconds>=0"
      labels      = {}
      value       = "open_seconds"
      unit        = "s"
    }
    calls = {
      description = "Calls of the API, by operation, HTTP status and problem code"
      events      = ["call.finished"]
      labels      = { operation = "operation", status = "status", code = "code" }
    }
    troubles = { # the name under which it is deployed
      description = "Log lines of errors, by event; lines of the platform have no event"
      events      = []
      filter      = "severity>=ERROR AND logName!=\"projects/${var.project_id}/logs/run.googleapis.com%2Frequests\"" # the request log, in which a 5xx has a second line
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
    "resource.labels.service_name=(${join(" OR ", [for name in local.function_names : "\"${name}\""])})",
    length(each.value.events) == 0 ? "" : "jsonPayload.message=(${join(" OR ", [
      for event in compact(concat(each.value.events, [for event in each.value.events : lookup(local.renamed_events, event, "")])) : "\"${event}\""
    ])})",
    try(each.value.filter, ""),
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

  label_extractors = { for label, field in each.value.labels : label => "EXTRACT(jsonPayload.${field})" }
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
