locals {
  charts = [
    { title = "Requests accepted", metric = "requests_accepted", query = "sum(rate(logging_googleapis_com:user_requests_accepted_sum{monitored_resource=\"cloud_run_revision\"}[5m]))" },
    { title = "Requests ended, by status", metric = "requests_ended", group = "ended", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Requests failed, by code", metric = "requests_ended", filter = "metric.labels.ended=\"failed\"", group = "code", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Attempts, by verdict", metric = "attempts", group = "verdict", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Time in the queue, 95th percentile", metric = "queue_ms", group = "type", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95" },
    { title = "Duration of attempts, 95th percentile", metric = "run_ms", group = "type", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95" },
    { title = "From submission to completion, 95th percentile", metric = "request_ms", group = "type", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95" },
    { title = "Longest time open, as seen by the sweeper", metric = "open_seconds", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX" },
    { title = "Sweeps finished", metric = "sweeps", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" },
    { title = "API calls, by HTTP status", metric = "calls", group = "status", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "API calls refused, by code", metric = "calls", filter = "metric.labels.code!=\"\"", group = "code", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Errors in the logs, by event", metric = "troubles", group = "event", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" },
  ]
  columns = 3
}

# The API drops zero and empty values. JSON that it does not return as sent would show a change in every plan.
resource "google_monitoring_dashboard" "main" {
  dashboard_json = jsonencode({
    displayName = "Asset requests"
    mosaicLayout = {
      columns = 48
      tiles = [for position, chart in local.charts : merge(
        { for axis, at in { xPos = position % local.columns, yPos = floor(position / local.columns) } : axis => at * 16 if at > 0 },
        {
          width  = 16
          height = 16
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = { for kind, query in {
                  prometheusQuery = try(chart.query, null) # only PromQL can sum the values of a distribution
                  timeSeriesFilter = can(chart.query) ? null : {
                    filter = join(" AND ", compact(["metric.type=\"${local.metric_types[chart.metric]}\"", local.functions_filter, try(chart.filter, "")]))
                    aggregation = merge(
                      { alignmentPeriod = "300s", perSeriesAligner = chart.aligner, crossSeriesReducer = chart.reducer },
                      can(chart.group) ? { groupByFields = ["metric.label.${chart.group}"] } : {},
                    )
                  }
                } : kind => query if query != null }
              }]
            }
          }
        },
      )]
    }
  })
}
