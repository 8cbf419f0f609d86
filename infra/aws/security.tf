# SPDX-License-Identifier: GPL-3.0-or-later
# Keys, groups, secrets.

# One customer key per store, so that who may read one cannot read the next, and each can be retired alone. -------------
locals {
  # The account's own policies decide who may use a key (first statement of each); listed here are services that use
  # it as themselves and not on behalf of whoever calls them.
  keys = merge(
    { aurora = [], secrets = [], redshift = [], artifacts = [] },
    {
      logs = [{
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:*" } }
      }]
      alarms = [{
        Sid       = "Publishers"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      }]
    },
    var.admin_access ? { admin = [] } : {},
    local.debezium ? { kafka = [] } : {},
    local.zero_etl ? {
      integration = [{
        Sid       = "Integration"
        Effect    = "Allow"
        Principal = { Service = "redshift.amazonaws.com" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = {
          StringEquals                = { "kms:EncryptionContext:atlas" = local.name }
          "ForAllValues:StringEquals" = { "kms:GrantOperations" = ["Decrypt", "GenerateDataKey", "CreateGrant"] }
        }
      }]
    } : {},
    var.cache_enabled ? { cache = [] } : {}
  )
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = "${local.name}: ${each.key}"
  enable_key_rotation     = true
  rotation_period_in_days = 365
  deletion_window_in_days = local.production ? 30 : 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "Account"
      Effect    = "Allow"
      Principal = { AWS = local.root }
      Action    = "kms:*"
      Resource  = "*"
    }], [for s in each.value : s])
  })
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${local.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

# Groups: who may talk to whom, one line a flow. ------------------------------------------------------------------------
locals {
  # EC2 takes letters, digits, spaces and ._-:/()#,@[]+=&;{}!$* in a description: no apostrophe.
  groups = merge(
    {
      application = "Writers of yours: to the proxy"
      console     = "People with the console or atlasctl: to Aurora and Redshift"
      agent       = "The task of the agent"
      endpoints   = "Interface endpoints of AWS services"
      proxy       = "RDS Proxy"
      aurora      = "Aurora; opens no connection itself"
      redshift    = "Redshift; opens no connection but to Kafka"
    },
    local.debezium ? {
      connect = "Workers of the connector"
      kafka   = "Kafka brokers; open no connection to other groups"
    } : {},
    var.cache_enabled ? { cache = "The cache; opens no connection itself" } : {}
  )

  flows = merge(
    {
      application-to-proxy = { from = "application", to = "proxy", port = 5432 }
      proxy-to-aurora      = { from = "proxy", to = "aurora", port = 5432 }
      console-to-aurora    = { from = "console", to = "aurora", port = 5432 }
      console-to-redshift  = { from = "console", to = "redshift", port = 5439 }
      agent-to-aurora      = { from = "agent", to = "aurora", port = 5432 }
      agent-to-endpoints   = { from = "agent", to = "endpoints", port = 443 }
    },
    # The admin host (admin.tf) carries the group console, and asks SSM for work.
    var.admin_access ? {
      console-to-endpoints = { from = "console", to = "endpoints", port = 443 }
    } : {},
    local.debezium ? {
      # To the database, not the proxy: that refuses the replication protocol.
      connect-to-aurora     = { from = "connect", to = "aurora", port = 5432 }
      connect-to-kafka      = { from = "connect", to = "kafka", port = 9098 }
      connect-to-endpoints  = { from = "connect", to = "endpoints", port = 443 }
      redshift-to-kafka     = { from = "redshift", to = "kafka", port = 9098 }
      redshift-to-endpoints = { from = "redshift", to = "endpoints", port = 443 }
    } : {},
    var.cache_enabled ? {
      application-to-cache = { from = "application", to = "cache", port = 6379 }
    } : {}
  )
}

# Without inline rules: Terraform takes away AWS's "everything out", and each rule below is a resource of its own.
resource "aws_security_group" "this" {
  for_each = local.groups

  name        = "${local.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

# S3 has no group; the gateway endpoint's list of addresses stands for it.
resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = toset(local.debezium ? ["agent", "connect"] : ["agent"])

  security_group_id = aws_security_group.this[each.key].id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "${each.key}-to-s3"
}

# Secrets: places for them. What is in them Terraform never sees; README.md, step 3, fills them. ------------------------
locals {
  logins = merge(
    {
      atlas_ingest = "RDS Proxy logs in to Aurora with it"
      atlas_agent  = "The agent logs in to Aurora with it"
    },
    local.debezium ? { atlas_cdc = "The connector logs in to Aurora with it" } : {}
  )
}

resource "aws_secretsmanager_secret" "login" {
  for_each = local.logins

  name        = "${local.name}/${each.key}"
  description = each.value
  kms_key_id  = aws_kms_key.this["secrets"].arn
  # A secret that can still be had back keeps its name: dev must be able to come again the same day.
  recovery_window_in_days = local.production ? 30 : 0
}

resource "aws_secretsmanager_secret_policy" "login" {
  for_each = local.logins

  secret_arn          = aws_secretsmanager_secret.login[each.key].arn
  block_public_policy = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "secretsmanager:*"
      Resource  = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
