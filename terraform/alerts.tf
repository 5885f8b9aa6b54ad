# Alerts. The documentation of each is its section of docs/runbook.md.

locals {
  runbook_sections = split("\n## ", file("${path.module}/../docs/runbook.md"))
  runbook = {
    for section in slice(local.runbook_sections, 1, length(local.runbook_sections)) :
    split("\n", section)[0] => trimspace(join("\n", slice(split("\n", section), 1, length(split("\n", section)))))
  }
  functions_filter = "resource.type=\"cloud_run_revision\""
  channels         = [for channel in google_monitoring_notification_channel.email : channel.id]

  alerts = {
    dead_letters = {
      section   = "Requests used up their attempts"
      severity  = "ERROR"
      metric    = "requests_ended"
      filter    = "metric.labels.code=monitoring.regex.full_match(\"attempts|lost\")"
      period    = "300s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 0
    }
    oldest_open = {
      section   = "A request has been open too long"
      severity  = "ERROR"
      metric    = "open_seconds"
      filter    = ""
      period    = "3900s" # the sweeper finds a stuck request at most once an hour, and the alert must stay open in between
      aligner   = "ALIGN_PERCENTILE_99"
      reducer   = "REDUCE_MAX"
      threshold = var.alert_thresholds.oldest_open_seconds
    }
    failed_ratio = {
      section   = "Too many requests fail"
      severity  = "WARNING"
      metric    = "requests_ended"
      filter    = "metric.labels.ended=\"failed\""
      total     = "metric.labels.ended!=\"cancelled\""
      period    = "3600s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = var.alert_thresholds.failed_ratio
    }
    quota_refusals = {
      section   = "Tenants exceed their quota"
      severity  = "WARNING"
      metric    = "calls"
      filter    = "metric.labels.code=\"too_many_open_requests\""
      period    = "3600s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = var.alert_thresholds.quota_refusals_per_hour
    }
    troubles = {
      section   = "The functions log errors"
      severity  = "WARNING"
      metric    = "troubles"
      filter    = ""
      period    = "900s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 10
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alert_email == null ? [] : [var.alert_email])

  display_name = "Alerts of asset requests"
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.main]
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.alerts

  display_name          = each.value.section
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = each.value.section
    condition_threshold {
      filter                  = join(" AND ", compact(["metric.type=\"${local.metric_types[each.value.metric]}\"", local.functions_filter, each.value.filter]))
      comparison              = "COMPARISON_GT"
      threshold_value         = each.value.threshold
      duration                = "0s"
      evaluation_missing_data = "EVALUATION_MISSING_DATA_INACTIVE"

      aggregations {
        alignment_period     = each.value.period
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }

      denominator_filter = can(each.value.total) ? join(" AND ", ["metric.type=\"${local.metric_types[each.value.metric]}\"", local.functions_filter, each.value.total]) : null

      dynamic "denominator_aggregations" {
        for_each = can(each.value.total) ? [1] : []
        content {
          alignment_period     = each.value.period
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
        }
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    subject   = each.value.section
    content   = local.runbook[each.value.section]
    mime_type = "text/markdown"
  }

  # Monitoring does not know a new log-based metric for minutes, about as long as the build of a function takes.
  depends_on = [google_cloudfunctions2_function.sweep]
}

resource "google_monitoring_alert_policy" "sweeper_silent" {
  display_name          = "No sweep has finished"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "No sweep has finished"
    condition_absent {
      filter   = "metric.type=\"${local.metric_types["sweeps"]}\" AND ${local.functions_filter}"
      duration = "${var.alert_thresholds.sweeper_silent_seconds}s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    subject   = "No sweep has finished"
    content   = local.runbook["No sweep has finished"]
    mime_type = "text/markdown"
  }

  # Monitoring does not know a new log-based metric for minutes, about as long as the build of a function takes.
  depends_on = [google_cloudfunctions2_function.sweep]
}
