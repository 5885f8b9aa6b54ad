# A real plan, offline, of metrics, alerts and the dashboard.

variables {
  project_id = "practice-assets"
  region     = "europe-west1"
}

run "metrics_read_events_and_facts_that_the_code_logs" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for metric in values(local.metrics) : [
        for event in metric.events : [
          for fact in concat(values(metric.labels), try([metric.value], []), [for name in flatten(regexall("jsonPayload[.]([a-z_]+)", try(metric.only, ""))) : name if name != "message"]) :
          contains(jsondecode(file("tests/code.json")).facts[event], fact)
        ]
      ]
    ]))
    error_message = "Each event and fact must be in tests/code.json, which tests/integration/test_operations.py holds against the code."
  }
  assert {
    condition     = toset(flatten([for metric in values(local.metrics) : metric.events])) == toset(keys(jsondecode(file("tests/code.json")).facts))
    error_message = "tests/code.json lists the events that metrics read."
  }
  assert {
    condition     = alltrue([for metric in google_logging_metric.main : join(" ", keys(coalesce(metric.label_extractors, {}))) == join(" ", sort([for label in coalesce(metric.metric_descriptor[0].labels, []) : label.key]))])
    error_message = "Every label needs its extractor."
  }
  assert {
    condition     = google_logging_metric.main["queue_ms"].filter == "resource.type=\"cloud_run_revision\"\nresource.labels.service_name=(\"api\" OR \"process\" OR \"sweep\")\njsonPayload.message=(\"delivery.done\")\njsonPayload.queue_ms>=0"
    error_message = "A metric reads the lines of our functions alone."
  }
  assert {
    condition     = google_logging_metric.main["troubles"].filter == "resource.type=\"cloud_run_revision\"\nresource.labels.service_name=(\"api\" OR \"process\" OR \"sweep\")\nseverity>=ERROR AND logName!=\"projects/practice-assets/logs/run.googleapis.com%2Frequests\""
    error_message = "Cloud Run's own line of a failed request must not count a second time."
  }
}

run "alerts_and_charts_point_at_metrics_that_exist" {
  command = plan

  assert {
    condition = alltrue([
      for filter in concat(
        [for alert in google_monitoring_alert_policy.above : alert.conditions[0].condition_threshold[0].filter],
        [google_monitoring_alert_policy.sweeper_silent.conditions[0].condition_absent[0].filter],
        [for tile in jsondecode(google_monitoring_dashboard.main.dashboard_json).mosaicLayout.tiles : jsonencode(tile.widget.xyChart.dataSets[0].timeSeriesQuery)],
      ) : contains(keys(local.metrics), trimsuffix(regex("logging.googleapis.com[:/]user[/_]([a-z_]+)", replace(filter, "logging_googleapis_com", "logging.googleapis.com"))[0], "_sum"))
    ])
    error_message = "A filter names a metric that is not made."
  }
  assert {
    condition = alltrue(concat(
      [
        for filter in flatten([
          for alert in google_monitoring_alert_policy.above : compact([alert.conditions[0].condition_threshold[0].filter, alert.conditions[0].condition_threshold[0].denominator_filter])
          ]) : alltrue([
          for label in flatten(regexall("metric[.]labels[.]([a-z_]+)", filter)) :
          contains(keys(local.metrics[regex("user/([a-z_]+)", filter)[0]].labels), label)
        ])
      ],
      [for chart in local.charts : contains(keys(local.metrics[chart.metric].labels), try(chart.group, "")) || !can(chart.group)],
      [
        for chart in local.charts : alltrue([
          for label in flatten(regexall("metric[.]labels[.]([a-z_]+)", try(chart.only, ""))) : contains(keys(local.metrics[chart.metric].labels), label)
        ])
      ],
    ))
    error_message = "A filter or chart names a label that its metric has not."
  }
  assert {
    condition     = length(setsubtract(keys(local.metrics), [for chart in local.charts : chart.metric])) == 0 && length(local.charts) <= 50
    error_message = "Every metric is on the dashboard."
  }
  assert {
    condition = alltrue([
      for alert in concat(values(google_monitoring_alert_policy.above), [google_monitoring_alert_policy.sweeper_silent]) :
      alert.documentation[0].subject == alert.display_name && alert.alert_strategy[0].auto_close != null
    ])
    error_message = "An alert has a subject, and an end."
  }
  assert {
    condition = alltrue([
      for name, alert in merge(google_monitoring_alert_policy.above, { sweeper_silent = google_monitoring_alert_policy.sweeper_silent }) :
      strcontains(alert.documentation[0].content, {
        dead_letters   = "`lost` (the last worker died without an answer)"
        oldest_open    = "`alert_thresholds.oldest_open_seconds`"
        failed_ratio   = "`alert_thresholds.failed_ratio`"
        quota_refusals = "`alert_thresholds.quota_refusals_per_hour`"
        troubles       = "ten lines of severity ERROR"
        sweeper_silent = "`alert_thresholds.sweeper_silent_seconds`"
      }[name]) && strcontains(alert.documentation[0].content, "\nHere") && !strcontains(alert.documentation[0].content, "## ")
    ])
    error_message = "Every alert carries its section of the runbook, whole and alone."
  }
}

run "the_dashboard_says_nothing_that_its_api_drops" {
  command = plan

  assert {
    condition     = length(regexall("\"[A-Za-z]+\":(?:0|false|null|\"\"|\\[\\]|\\{\\})[,}]", google_monitoring_dashboard.main.dashboard_json)) == 0
    error_message = "Zero and empty values are not given back, and would differ in every plan."
  }
  assert {
    condition = toset([for tile in jsondecode(google_monitoring_dashboard.main.dashboard_json).mosaicLayout.tiles : "${try(tile.xPos, 0)} ${try(tile.yPos, 0)}"]) == toset([
      for position in range(length(local.charts)) : "${position % 3 * 16} ${floor(position / 3) * 16}"
    ])
    error_message = "Three charts a row, and none above another."
  }
}
