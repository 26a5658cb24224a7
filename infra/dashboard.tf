# One page: the API, the functions, the tables, the way of a notice. Functions are found by search (each word of the
# deployment's name must stand in theirs), so it needs no change when there are more of them.

locals {
  search = {
    for metric, statistic in { Errors = "Sum", Throttles = "Sum", Invocations = "Sum", Duration = "p99", ConcurrentExecutions = "Maximum" } : metric =>
    { expression = "SEARCH('{AWS/Lambda,FunctionName} MetricName=\"${metric}\" FunctionName=(${join(" AND ", split("-", var.name))})', '${statistic}', 300)", id = lower(metric) }
  }

  api = { for metric in ["Count", "4xx", "5xx", "Latency", "IntegrationLatency"] : metric => ["AWS/ApiGateway", metric, "ApiId", aws_apigatewayv2_api.this.id] }

  # Rows of three: title, metrics, statistic.
  graphs = [
    { title = "Requests", metrics = [local.api["Count"], local.api["4xx"], local.api["5xx"]], stat = "Sum" },
    { title = "Latency at the gateway, p99 (ms)", metrics = [local.api["Latency"], local.api["IntegrationLatency"]], stat = "p99" },
    { title = "Functions at once", metrics = [[local.search.ConcurrentExecutions]], stat = "Maximum" },

    { title = "Errors of functions", metrics = [[local.search.Errors]], stat = "Sum" },
    { title = "Throttles of functions", metrics = [[local.search.Throttles]], stat = "Sum" },
    { title = "Durations, p99 (ms)", metrics = [[local.search.Duration]], stat = "p99" },

    { title = "Age of the oldest notice (s), given up", metrics = [[local.namespace, "OldestNotice", { stat = "Maximum" }], [local.namespace, "NoticesGivenUp", { stat = "Sum", yAxis = "right" }]], stat = "Maximum" },
    { title = "Behind the stream (ms)", metrics = [for id in keys(local.streamed) : ["AWS/Lambda", "IteratorAge", "FunctionName", local.function_names[id]]], stat = "Maximum" },
    { title = "Dead letters", metrics = [for name in values(local.dead_letter_names) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]], stat = "Maximum" },

    { title = "Units read", metrics = [for name in values(local.table_names) : ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", name]], stat = "Sum" },
    { title = "Units written", metrics = [for name in values(local.table_names) : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", name]], stat = "Sum" },
    { title = "Mails: sent, bounced, complained of", metrics = [for metric in ["Send", "Bounce", "Complaint"] : ["AWS/SES", metric]], stat = "Sum" },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [for index, graph in local.graphs : {
      type   = "metric"
      x      = 8 * (index % 3)
      y      = 6 * floor(index / 3)
      width  = 8
      height = 6
      properties = {
        title   = graph.title
        metrics = graph.metrics
        stat    = graph.stat
        region  = local.region
        period  = 300
        view    = "timeSeries"
      }
    }]
  })
}
