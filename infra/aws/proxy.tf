# SPDX-License-Identifier: GPL-3.0-or-later
# What applications write through. Not for the change stream (the proxy refuses the replication protocol) nor for the
# agent (its advisory lock is one session's, and the proxy may give it another).

resource "aws_iam_role" "proxy" {
  name = "${local.name}-proxy"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "proxy" {
  name = "read-secret"
  role = aws_iam_role.proxy.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = [aws_secretsmanager_secret.login["atlas_ingest"].arn]
      },
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this["secrets"].arn]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "proxy" {
  name              = "/aws/rds/proxy/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

resource "aws_db_proxy" "this" {
  name                   = local.name
  engine_family          = "POSTGRESQL"
  role_arn               = aws_iam_role.proxy.arn
  vpc_subnet_ids         = local.data_subnets
  vpc_security_group_ids = [aws_security_group.this["proxy"].id]
  require_tls            = true
  idle_client_timeout    = 1800
  # It would write statements, and with them tenants' data, into the log.
  debug_logging = false

  auth {
    description               = "atlas_ingest: applications prove by IAM who they are, the proxy by this secret"
    auth_scheme               = "SECRETS"
    iam_auth                  = "REQUIRED"
    client_password_auth_type = "POSTGRES_SCRAM_SHA_256"
    secret_arn                = aws_secretsmanager_secret.login["atlas_ingest"].arn
  }

  depends_on = [aws_cloudwatch_log_group.proxy, aws_iam_role_policy.proxy]
}

resource "aws_db_proxy_default_target_group" "this" {
  db_proxy_name = aws_db_proxy.this.name

  connection_pool_config {
    # The rest is for people, the agent and the connector, who come directly.
    max_connections_percent      = 60
    max_idle_connections_percent = 30
    connection_borrow_timeout    = 30
  }
}

resource "aws_db_proxy_target" "this" {
  db_proxy_name         = aws_db_proxy.this.name
  target_group_name     = aws_db_proxy_default_target_group.this.name
  db_cluster_identifier = aws_rds_cluster.this.cluster_identifier

  depends_on = [aws_rds_cluster_instance.this]
}

# For the role of an application that writes.
resource "aws_iam_policy" "ingest" {
  name        = "${local.name}-connect-as-ingest"
  description = "Log in to the proxy as atlas_ingest"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["rds-db:connect"]
      Resource = ["arn:${local.partition}:rds-db:${var.region}:${local.account}:dbuser:${element(split(":", aws_db_proxy.this.arn), length(split(":", aws_db_proxy.this.arn)) - 1)}/atlas_ingest"]
    }]
  })
}
