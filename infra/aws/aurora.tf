# SPDX-License-Identifier: GPL-3.0-or-later
# The primary and its readers.

locals {
  aurora_family = "aurora-postgresql${split(".", var.aurora_engine_version)[0]}"

  # What docs/platform.md asks of a server, in the units of the parameters.
  aurora_parameters = merge(
    {
      "rds.force_ssl"                     = "1"
      "ssl_min_protocol_version"          = "TLSv1.2"
      "password_encryption"               = "scram-sha-256"
      "rds.accepted_password_auth_method" = "scram"

      # In every mode: heartbeat and lag ask for WAL positions.
      "rds.logical_replication" = "1"
      "max_replication_slots"   = "20"
      "max_wal_senders"         = "20"

      # pg_partman's own worker is not loaded: atlas.maintain() calls pg_partman, hourly by the agent and daily by pg_cron, should
      # the agent be away (README.md, step 3). pg_cron has to be loaded for that, and keeps its jobs in one database.
      "shared_preload_libraries" = "pg_stat_statements,pg_cron"
      "pg_stat_statements.track" = "top"
      "cron.database_name"       = "postgres"

      # Index-only scans live on a fresh visibility map. How often autovacuum looks (every 5 s) and with how many workers (by the
      # class) is left to Aurora.
      "autovacuum_vacuum_cost_limit" = "2000"
      "track_io_timing"              = "1"

      # A transaction left open holds back vacuum, and the slots. atlas_cdc is exempted (README.md, step 3): the first copy keeps one open.
      "idle_in_transaction_session_timeout" = "300000"

      "log_connections"            = "1"
      "log_disconnections"         = "1"
      "log_statement"              = "ddl"
      "log_min_duration_statement" = "1000"
      "log_lock_waits"             = "1"
      # Values of bound parameters are tenants' data.
      "log_parameter_max_length" = "0"
    },
    var.aurora_slot_wal_keep_mb > 0 ? { "max_slot_wal_keep_size" = tostring(var.aurora_slot_wal_keep_mb) } : {},
    local.zero_etl ? {
      "aurora.enhanced_logical_replication" = "1"
      "aurora.logical_replication_backup"   = "0"
      "aurora.logical_replication_globaldb" = "0"
    } : {}
  )
  # Read when the server starts; the others at once.
  aurora_static = [
    "rds.logical_replication", "max_replication_slots", "max_wal_senders", "shared_preload_libraries", "cron.database_name",
    "aurora.enhanced_logical_replication", "aurora.logical_replication_backup", "aurora.logical_replication_globaldb",
  ]
  aurora_instances = { for i in range(1 + var.aurora_reader_count) : format("%02d", i) => {
    zone = var.availability_zones[i % length(var.availability_zones)]
    # 0 is the writer at first, and 1 where a failover goes.
    tier = min(i, 15)
  } }
}

resource "aws_rds_cluster_parameter_group" "this" {
  name_prefix = "${local.name}-"
  family      = local.aurora_family
  description = "${local.name}: what the platform needs of Aurora"

  dynamic "parameter" {
    for_each = local.aurora_parameters
    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = contains(local.aurora_static, parameter.key) ? "pending-reboot" : "immediate"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_subnet_group" "this" {
  name        = local.name
  description = "${local.name}: data subnets"
  subnet_ids  = local.data_subnets
}

# Made here, or RDS makes them: without a key, and for ever.
resource "aws_cloudwatch_log_group" "aurora" {
  for_each = toset(["postgresql", "iam-db-auth-error"])

  name              = "/aws/rds/cluster/${local.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

resource "aws_rds_cluster" "this" {
  cluster_identifier = local.name
  engine             = "aurora-postgresql"
  engine_mode        = "provisioned"
  engine_version     = var.aurora_engine_version
  storage_type       = var.aurora_storage_type == "io_optimized" ? "aurora-iopt1" : ""

  # The database "atlas" is made by schema/postgres/bootstrap.sql, with its owner.
  master_username               = "atlas_master"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.this["secrets"].arn

  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.this["aurora"].arn
  iam_database_authentication_enabled = true
  enable_http_endpoint                = false
  port                                = 5432
  db_subnet_group_name                = aws_db_subnet_group.this.name
  vpc_security_group_ids              = [aws_security_group.this["aurora"].id]
  db_cluster_parameter_group_name     = aws_rds_cluster_parameter_group.this.name
  network_type                        = "IPV4"

  backup_retention_period      = var.aurora_backup_days
  preferred_backup_window      = "02:00-03:00"
  preferred_maintenance_window = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot        = true
  deletion_protection          = local.production
  delete_automated_backups     = !local.production
  skip_final_snapshot          = !local.production
  final_snapshot_identifier    = local.production ? "${local.name}-final" : null
  apply_immediately            = false
  allow_major_version_upgrade  = false

  enabled_cloudwatch_logs_exports = [for g in keys(aws_cloudwatch_log_group.aurora) : g]
}

resource "aws_iam_role" "monitoring" {
  name = "${local.name}-rds-monitoring"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_rds_cluster_instance" "this" {
  for_each = local.aurora_instances

  identifier           = "${local.name}-${each.key}"
  cluster_identifier   = aws_rds_cluster.this.id
  engine               = aws_rds_cluster.this.engine
  engine_version       = aws_rds_cluster.this.engine_version
  instance_class       = var.aurora_instance_class
  availability_zone    = each.value.zone
  promotion_tier       = each.value.tier
  db_subnet_group_name = aws_db_subnet_group.this.name
  publicly_accessible  = false
  ca_cert_identifier   = "rds-ca-rsa2048-g1"

  auto_minor_version_upgrade   = true
  preferred_maintenance_window = format("sun:0%d:30-sun:0%d:30", 5 + tonumber(each.key) % 4, 6 + tonumber(each.key) % 4)
  copy_tags_to_snapshot        = true

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.this["aurora"].arn
  performance_insights_retention_period = var.aurora_insights_days
  monitoring_interval                   = local.production ? 15 : 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn

  depends_on = [aws_iam_role_policy_attachment.monitoring]
}

# Failovers and failures reach the same topic as the alarms.
resource "aws_db_event_subscription" "aurora" {
  name             = "${local.name}-aurora"
  sns_topic        = aws_sns_topic.alarms.arn
  source_type      = "db-cluster"
  source_ids       = [aws_rds_cluster.this.id]
  event_categories = ["failover", "failure", "maintenance", "notification"]

  depends_on = [aws_sns_topic_policy.alarms]
}
