# SPDX-License-Identifier: GPL-3.0-or-later
# Alarms and a dashboard of AWS's own metrics. What they cannot see (rows a second, age of what readers see, partitions,
# vacuum debt) is in the console's Pipeline, measured inside the database.

resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.this["alarms"].arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Publishers"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

locals {
  gib = 1024 * 1024 * 1024

  # Of the instance class: t4g.medium and t4g.large have 4 and 8, the large of an r class 16, and each step to NxLarge 32 N.
  # Buffers take three quarters of it, so that a twentieth is little.
  aurora_size       = split(".", var.aurora_instance_class)[2]
  aurora_memory_gib = startswith(var.aurora_instance_class, "db.t") ? { medium = 4, large = 8 }[local.aurora_size] : local.aurora_size == "large" ? 16 : 32 * tonumber(coalesce(trimsuffix(local.aurora_size, "xlarge"), "1"))

  # Integrations are named in metrics by the last part of their ARN.
  integration_id = local.integration == 1 ? element(split(":", aws_rds_integration.this[0].arn), length(split(":", aws_rds_integration.this[0].arn)) - 1) : null

  writer    = { DBClusterIdentifier = aws_rds_cluster.this.cluster_identifier, Role = "WRITER" }
  readers   = { DBClusterIdentifier = aws_rds_cluster.this.cluster_identifier, Role = "READER" }
  instances = { for k, i in aws_rds_cluster_instance.this : k => { DBInstanceIdentifier = i.identifier } }

  # What is compared with what, for how many minutes. "silent" alarms too when there is no data: for what always reports.
  alarms = merge(
    merge([for k, dimensions in local.instances : {
      "aurora-${k}-cpu"           = { namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = dimensions, above = 80, minutes = 15, silent = true }
      "aurora-${k}-memory"        = { namespace = "AWS/RDS", metric = "FreeableMemory", dimensions = dimensions, below = floor(local.aurora_memory_gib * local.gib / 20), minutes = 10 }
      "aurora-${k}-local-storage" = { namespace = "AWS/RDS", metric = "FreeLocalStorage", dimensions = dimensions, below = (local.production ? 20 : 4) * local.gib, minutes = 10 }
    }]...),
    {
      # At 1 G of 2.1 G autovacuum has long been losing.
      aurora-transaction-ids = { namespace = "AWS/RDS", metric = "MaximumUsedTransactionIDs", dimensions = local.writer, above = 1000000000, minutes = 5 }
      # Bytes; -1 while nothing decodes. Half of what slots may keep.
      aurora-transaction-logs = { namespace = "AWS/RDS", metric = "TransactionLogsDiskUsage", dimensions = local.writer, minutes = 10,
      above = (var.aurora_slot_wal_keep_mb > 0 ? var.aurora_slot_wal_keep_mb / 2048 : 25) * local.gib }
    },
    # Milliseconds. Readers are not asked for anything that may not be 5 s old.
    { for k, v in {
      aurora-replica-lag = { namespace = "AWS/RDS", metric = "AuroraReplicaLag", dimensions = local.readers, above = 2000, minutes = 3, statistic = "Maximum" }
    } : k => v if var.aurora_reader_count > 0 },
    { for k, v in {
      # Bytes. At 4 GB writers slow down by themselves: atlas.set_write_limits.
      aurora-slot-lag   = { namespace = "AWS/RDS", metric = "OldestReplicationSlotLag", dimensions = local.writer, above = 3 * local.gib, minutes = 5 }
      aurora-slot-spill = { namespace = "AWS/RDS", metric = "ReplicationSlotDiskUsage", dimensions = local.writer, above = 10 * local.gib, minutes = 10 }

      kafka-offline-partitions = { namespace = "AWS/Kafka", metric = "OfflinePartitionsCount", dimensions = { "Cluster Name" = local.name }, above = 0, minutes = 3, statistic = "Maximum", silent = true }
    } : k => v if local.debezium },
    merge([for b in range(1, local.debezium ? 1 + local.brokers : 1) : {
      "kafka-${b}-disk"          = { namespace = "AWS/Kafka", metric = "KafkaDataLogsDiskUsed", dimensions = { "Cluster Name" = local.name, "Broker ID" = tostring(b) }, above = 75, minutes = 10 }
      "kafka-${b}-under-min-isr" = { namespace = "AWS/Kafka", metric = "UnderMinIsrPartitionCount", dimensions = { "Cluster Name" = local.name, "Broker ID" = tostring(b) }, above = 0, minutes = 5, statistic = "Maximum" }
    }]...),
    { for k, v in {
      connector-errors  = { namespace = "AWS/KafkaConnect", metric = "ErroredTaskCount", dimensions = { ConnectorName = "${local.name}-debezium" }, above = 0, minutes = 5, statistic = "Maximum" }
      connector-running = { namespace = "AWS/KafkaConnect", metric = "RunningTaskCount", dimensions = { ConnectorName = "${local.name}-debezium" }, below = 1, minutes = 5, silent = true }
    } : k => v if local.connector == 1 },
    { for k, v in {
      # Seconds.
      integration-lag    = { namespace = "AWS/Redshift", metric = "IntegrationLag", dimensions = { IntegrationId = local.integration_id }, above = 300, minutes = 10, statistic = "Maximum", silent = true }
      integration-failed = { namespace = "AWS/Redshift", metric = "IntegrationNumTablesFailedReplication", dimensions = { IntegrationId = local.integration_id }, above = 0, minutes = 5, statistic = "Maximum" }
    } : k => v if local.integration == 1 },
    { for k, v in {
      redshift-health = { namespace = "AWS/Redshift", metric = "HealthStatus", dimensions = { ClusterIdentifier = local.name }, below = 1, minutes = 5, statistic = "Minimum", silent = true }
      redshift-disk   = { namespace = "AWS/Redshift", metric = "PercentageDiskSpaceUsed", dimensions = { ClusterIdentifier = local.name }, above = 80, minutes = 15 }
      redshift-cpu    = { namespace = "AWS/Redshift", metric = "CPUUtilization", dimensions = { ClusterIdentifier = local.name }, above = 90, minutes = 30 }
    } : k => v if local.provisioned == 1 },
    { for k, v in {
      # At what bounds the rate, for an hour: something runs that should not, or it is too small.
      redshift-capacity = { namespace = "AWS/Redshift-Serverless", metric = "ComputeCapacity", dimensions = { Workgroup = local.name }, above = var.redshift_max_capacity - 1, minutes = 60 }
    } : k => v if local.serverless == 1 },
    merge([for n in range(1, var.cache_enabled ? 2 + var.cache_replicas : 1) : {
      "cache-${n}-memory" = { namespace = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", dimensions = { CacheClusterId = format("%s-%03d", local.name, n) }, above = 85, minutes = 10 }
      "cache-${n}-cpu"    = { namespace = "AWS/ElastiCache", metric = "EngineCPUUtilization", dimensions = { CacheClusterId = format("%s-%03d", local.name, n) }, above = 85, minutes = 10 }
    }]...),
    { for k, v in {
      agent-running = { namespace = "ECS/ContainerInsights", metric = "RunningTaskCount", dimensions = { ClusterName = local.name, ServiceName = "agent" }, below = 1, minutes = 3, silent = true }
    } : k => v if var.agent_image_digest != null },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "${local.name}: ${each.value.metric}. docs/platform.md, docs/operator.md"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  comparison_operator = can(each.value.above) ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = try(each.value.above, each.value.below)
  statistic           = try(each.value.statistic, "Average")
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = try(each.value.silent, false) ? "breaching" : "missing"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

locals {
  # One chart a metric, with everything that has an alarm on it and the line where that is raised.
  charts = { for m in distinct([for a in local.alarms : "${a.namespace} ${a.metric}"]) : m => [for a in local.alarms : a if "${a.namespace} ${a.metric}" == m] }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm", x = 0, y = 0, width = 24, height = 4
        properties = { title = "Alarms", alarms = [for a in aws_cloudwatch_metric_alarm.this : a.arn] }
      }],
      [for i, title in keys(local.charts) : {
        type = "metric", x = 8 * (i % 3), y = 4 + 6 * floor(i / 3), width = 8, height = 6
        properties = {
          title  = title
          region = var.region
          period = 60
          stat   = try(local.charts[title][0].statistic, "Average")
          metrics = [for a in local.charts[title] :
          concat([a.namespace, a.metric], flatten([for name, value in a.dimensions : [name, value]]))]
          annotations = { horizontal = [{ label = "alarm", value = try(local.charts[title][0].above, local.charts[title][0].below) }] }
        }
      }]
    )
  })
}
