# SPDX-License-Identifier: GPL-3.0-or-later
# An optional cache for applications. Who logs in proves it by IAM: there is no password to keep.

resource "aws_elasticache_subnet_group" "this" {
  count = var.cache_enabled ? 1 : 0

  name        = local.name
  description = "${local.name}: data subnets"
  subnet_ids  = local.data_subnets
}

resource "aws_elasticache_user" "application" {
  count = var.cache_enabled ? 1 : 0

  # ElastiCache wants both names to be the same where IAM logs in.
  user_id       = "${local.name}-application"
  user_name     = "${local.name}-application"
  engine        = "valkey"
  access_string = "on ~* &* +@all -@admin -@dangerous"

  authentication_mode {
    type = "iam"
  }
}

# Valkey's groups need no user "default", and without one nobody logs in without a name.
resource "aws_elasticache_user_group" "this" {
  count = var.cache_enabled ? 1 : 0

  user_group_id = local.name
  engine        = "valkey"
  user_ids      = [aws_elasticache_user.application[0].user_id]
}

resource "aws_cloudwatch_log_group" "cache" {
  count = var.cache_enabled ? 1 : 0

  name              = "/atlas/${var.environment}/cache-engine"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

resource "aws_elasticache_replication_group" "this" {
  count = var.cache_enabled ? 1 : 0

  replication_group_id       = local.name
  description                = "${local.name}: results that applications keep"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.cache_node_type
  num_cache_clusters         = 1 + var.cache_replicas
  automatic_failover_enabled = var.cache_replicas > 0
  multi_az_enabled           = var.cache_replicas > 0
  port                       = 6379

  at_rest_encryption_enabled = true
  kms_key_id                 = aws_kms_key.this["cache"].arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  user_group_ids             = [aws_elasticache_user_group.this[0].user_group_id]
  subnet_group_name          = aws_elasticache_subnet_group.this[0].name
  security_group_ids         = [aws_security_group.this["cache"].id]

  auto_minor_version_upgrade = true
  maintenance_window         = "sun:06:30-sun:07:30"
  snapshot_retention_limit   = local.production ? 1 : 0
  final_snapshot_identifier  = local.production ? "${local.name}-final" : null

  log_delivery_configuration {
    destination      = aws_cloudwatch_log_group.cache[0].name
    destination_type = "cloudwatch-logs"
    log_format       = "json"
    log_type         = "engine-log"
  }
}

# For the role of an application that uses it.
resource "aws_iam_policy" "cache" {
  count = var.cache_enabled ? 1 : 0

  name        = "${local.name}-connect-to-cache"
  description = "Log in to the cache"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["elasticache:Connect"]
      Resource = [aws_elasticache_replication_group.this[0].arn, aws_elasticache_user.application[0].arn]
    }]
  })
}
