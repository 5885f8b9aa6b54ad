# A real plan, offline, of metrics, alerts and the dashboard.

variables {
  project_id = "practice-assets"
  region     = "europe-west1"
}

run "metrics_read_events_and_fields_that_the_code_logs" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for metric in values(local.metrics) : [
        for event in metric.events : [
          for field in concat(values(metric.labels), try([metric.value], []), [for name in flatten(regexall("jsonPayload[.]([a-z_]+)", try(metric.filter, ""))) : name if name != "message"]) :
          contains(jsondecode(file("tests/code.json")).log_fields[event], field)
        ]
      ]
    ]))
    error_message = "Each event and field must be in tests/code.json, which tests/integration/test_operations.py compares with the code."
  }
  assert {
    condition     = strcontains(local.alerts.dead_letters.filter, "(\"${join("|", jsondecode(file("tests/code.json")).dead_letter_codes)}\")")
    error_message = "The alert must count the codes of tests/code.json, which tests/integration/test_deployed_environment.py compares with the code."
  }
  assert {
    condition     = toset(flatten([for metric in values(local.metrics) : metric.events])) == toset(keys(jsondecode(file("tests/code.json")).log_fields))
    error_message = "tests/code.json must list exactly the events that metrics read."
  }
  assert {
    condition     = alltrue([for metric in google_logging_metric.main : join(" ", keys(coalesce(metric.label_extractors, {}))) == join(" ", sort([for label in coalesce(metric.metric_descriptor[0].labels, []) : label.key]))])
    error_message = "Every label must have an extractor."
  }
  assert {
    condition     = google_logging_metric.main["queue_ms"].filter == "resource.type=\"cloud_run_revision\"\nresource.labels.service_name=(\"api\" OR \"process\" OR \"sweep\")\njsonPayload.message=(\"delivery.finished\" OR \"delivery.done\")\njsonPayload.queue_ms>=0"
    error_message = "A metric must read lines of the functions only, under the new and the old name of an event."
  }
  assert {
    condition     = google_logging_metric.main["troubles"].filter == "resource.type=\"cloud_run_revision\"\nresource.labels.service_name=(\"api\" OR \"process\" OR \"sweep\")\nseverity>=ERROR AND logName!=\"projects/practice-assets/logs/run.googleapis.com%2Frequests\""
    error_message = "The request log of Cloud Run must not count: an error would count twice."
  }
}

run "alerts_and_charts_use_existing_metrics_and_labels" {
  command = plan

  assert {
    condition = alltrue([
      for filter in concat(
        [for alert in google_monitoring_alert_policy.threshold : alert.conditions[0].condition_threshold[0].filter],
        [google_monitoring_alert_policy.sweeper_silent.conditions[0].condition_absent[0].filter],
        [for tile in jsondecode(google_monitoring_dashboard.main.dashboard_json).mosaicLayout.tiles : jsonencode(tile.widget.xyChart.dataSets[0].timeSeriesQuery)],
      ) : contains(keys(local.metrics), trimsuffix(regex("logging.googleapis.com[:/]user[/_]([a-z_]+)", replace(filter, "logging_googleapis_com", "logging.googleapis.com"))[0], "_sum"))
    ])
    error_message = "A filter must name an existing metric."
  }
  assert {
    condition = alltrue(concat(
      [
        for filter in flatten([
          for alert in google_monitoring_alert_policy.threshold : compact([alert.conditions[0].condition_threshold[0].filter, alert.conditions[0].condition_threshold[0].denominator_filter])
          ]) : alltrue([
          for label in flatten(regexall("metric[.]labels[.]([a-z_]+)", filter)) :
          contains(keys(local.metrics[regex("user/([a-z_]+)", filter)[0]].labels), label)
        ])
      ],
      [for chart in local.charts : contains(keys(local.metrics[chart.metric].labels), try(chart.group, "")) || !can(chart.group)],
      [
        for chart in local.charts : alltrue([
          for label in flatten(regexall("metric[.]labels[.]([a-z_]+)", try(chart.filter, ""))) : contains(keys(local.metrics[chart.metric].labels), label)
        ])
      ],
    ))
    error_message = "A filter or chart must use labels of its metric."
  }
  assert {
    condition     = length(setsubtract(keys(local.metrics), [for chart in local.charts : chart.metric])) == 0 && length(local.charts) <= 50
    error_message = "Every metric must be on the dashboard."
  }
  assert {
    condition = alltrue([
      for alert in concat(values(google_monitoring_alert_policy.threshold), [google_monitoring_alert_policy.sweeper_silent]) :
      alert.documentation[0].subject == alert.display_name && alert.alert_strategy[0].auto_close != null
    ])
    error_message = "An alert must have a subject and be closed automatically."
  }
  assert {
    condition = alltrue([
      for name, alert in merge(google_monitoring_alert_policy.threshold, { sweeper_silent = google_monitoring_alert_policy.sweeper_silent }) :
      strcontains(alert.documentation[0].content, {
        dead_letters   = "`lost` (the worker of the last attempt died)"
        oldest_open    = "`alert_thresholds.oldest_open_seconds`"
        failed_ratio   = "`alert_thresholds.failed_ratio`"
        quota_refusals = "`alert_thresholds.quota_refusals_per_hour`"
        troubles       = "ten lines of severity ERROR"
        sweeper_silent = "`alert_thresholds.sweeper_silent_seconds`"
      }[name]) && strcontains(alert.documentation[0].content, "\nRehearse") && !strcontains(alert.documentation[0].content, "## ")
    ])
    error_message = "The documentation of an alert must be its section of the runbook, complete and without the next."
  }
}

run "the_dashboard_contains_no_value_that_the_api_drops" {
  command = plan

  assert {
    condition     = length(regexall("\"[A-Za-z]+\":(?:0|false|null|\"\"|\\[\\]|\\{\\})[,}]", google_monitoring_dashboard.main.dashboard_json)) == 0
    error_message = "The API does not return zero and empty values: they would show a change in every plan."
  }
  assert {
    condition = toset([for tile in jsondecode(google_monitoring_dashboard.main.dashboard_json).mosaicLayout.tiles : "${try(tile.xPos, 0)} ${try(tile.yPos, 0)}"]) == toset([
      for position in range(length(local.charts)) : "${position % 3 * 16} ${floor(position / 3) * 16}"
    ])
    error_message = "Charts must be placed three in a row, without overlaps."
  }
}
