locals {
  charts = [
    { title = "Accepted", metric = "requests_accepted", query = "sum(rate(logging_googleapis_com:user_requests_accepted_sum{monitored_resource=\"cloud_run_revision\"}[5m]))" },
    { title = "Ended, by how", metric = "requests_ended", group = "ended", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Failed, by code", metric = "requests_ended", only = "metric.labels.ended=\"failed\"", group = "code", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Attempts, by verdict", metric = "attempts", group = "verdict", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Wait in the queue, 95 %", metric = "queue_ms", group = "type", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95" },
    { title = "Time of an attempt, 95 %", metric = "run_ms", group = "type", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95" },
    { title = "From asked to completed, 95 %", metric = "request_ms", group = "type", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95" },
    { title = "Open when the sweeper met them, longest", metric = "open_seconds", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX" },
    { title = "Sweeps", metric = "sweeps", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" },
    { title = "Calls, by HTTP status", metric = "calls", group = "status", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Refusals, by code", metric = "calls", only = "metric.labels.code!=\"\"", group = "code", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Errors in the logs, by event", metric = "troubles", group = "event", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" },
  ]
  columns = 3
}

# The API drops what is zero or empty, and whatever of this JSON it does not give back would differ in every plan.
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
                  prometheusQuery = try(chart.query, null) # the only language that sums the values of a distribution
                  timeSeriesFilter = can(chart.query) ? null : {
                    filter = join(" AND ", compact(["metric.type=\"${local.metric_types[chart.metric]}\"", local.on_functions, try(chart.only, "")]))
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
