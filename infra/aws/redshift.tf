# SPDX-License-Identifier: GPL-3.0-or-later
# The warehouse: RA3 nodes or Serverless. Administrator's password managed by AWS, rotated, in Secrets Manager.

locals {
  provisioned = var.redshift_type == "provisioned" ? 1 : 0
  serverless  = var.redshift_type == "serverless" ? 1 : 0

  redshift_parameters = merge(
    {
      require_ssl                  = "true"
      enable_user_activity_logging = "true"
    },
    # Names are replicated as they are written in PostgreSQL; without it Redshift would not find "Name" beside "name".
    local.zero_etl ? { enable_case_sensitive_identifier = "true" } : {}
  )
  redshift_logs = ["userlog", "connectionlog", "useractivitylog"]

  redshift_namespace_arn = one(concat(aws_redshift_cluster.this[*].cluster_namespace_arn, aws_redshiftserverless_namespace.this[*].arn))
}

resource "aws_cloudwatch_log_group" "redshift" {
  for_each = toset(local.redshift_logs)

  name              = "/aws/redshift/${local.provisioned == 1 ? "cluster/" : ""}${local.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

# debezium: as whom Redshift reads Kafka.
resource "aws_iam_role" "redshift" {
  count = local.debezium ? 1 : 0

  name = "${local.name}-redshift"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = local.serverless == 1 ? ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"] : ["redshift.amazonaws.com"] }
      Action    = "sts:AssumeRole"
      # Redshift says for whom it asks: a database user of this cluster, or of a workgroup of this account.
      Condition = { StringLike = { "sts:ExternalId" = "arn:${local.partition}:redshift:${var.region}:${local.account}:dbuser:${local.serverless == 1 ? "serverless-${local.account}-*" : local.name}/*" } }
    }]
  })
}

resource "aws_iam_role_policy" "redshift" {
  count = local.debezium ? 1 : 0

  name = "read-stream"
  role = aws_iam_role.redshift[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Cluster"
        Effect   = "Allow"
        Action   = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka:GetBootstrapBrokers"]
        Resource = [local.kafka_arn]
      },
      {
        Sid      = "Topics"
        Effect   = "Allow"
        Action   = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"]
        Resource = ["${local.kafka_topics}/${local.database}.*"]
      },
    ]
  })
}

# Provisioned -----------------------------------------------------------------------------------------------------------

resource "aws_redshift_subnet_group" "this" {
  count = local.provisioned

  name        = local.name
  description = "${local.name}: data subnets"
  subnet_ids  = local.data_subnets
}

resource "aws_redshift_parameter_group" "this" {
  count = local.provisioned

  name        = local.name
  family      = "redshift-1.0"
  description = "${local.name}: what the platform needs of Redshift"

  dynamic "parameter" {
    for_each = local.redshift_parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_redshift_cluster" "this" {
  count = local.provisioned

  cluster_identifier = local.name
  database_name      = local.database
  node_type          = var.redshift_node_type
  cluster_type       = var.redshift_node_count > 1 ? "multi-node" : "single-node"
  number_of_nodes    = var.redshift_node_count

  master_username                   = "atlas_master"
  manage_master_password            = true
  master_password_secret_kms_key_id = aws_kms_key.this["secrets"].arn

  encrypted                            = true
  kms_key_id                           = aws_kms_key.this["redshift"].arn
  enhanced_vpc_routing                 = true
  publicly_accessible                  = false
  port                                 = 5439
  cluster_subnet_group_name            = aws_redshift_subnet_group.this[0].name
  cluster_parameter_group_name         = aws_redshift_parameter_group.this[0].name
  vpc_security_group_ids               = [aws_security_group.this["redshift"].id]
  availability_zone_relocation_enabled = true
  iam_roles                            = aws_iam_role.redshift[*].arn

  allow_version_upgrade               = true
  preferred_maintenance_window        = "sun:05:00-sun:06:00"
  automated_snapshot_retention_period = var.redshift_snapshot_days
  skip_final_snapshot                 = !local.production
  final_snapshot_identifier           = local.production ? "${local.name}-final" : null
}

resource "aws_redshift_logging" "this" {
  count = local.provisioned

  cluster_identifier   = aws_redshift_cluster.this[0].cluster_identifier
  log_destination_type = "cloudwatch"
  log_exports          = local.redshift_logs

  depends_on = [aws_cloudwatch_log_group.redshift]
}

# Serverless ------------------------------------------------------------------------------------------------------------

resource "aws_redshiftserverless_namespace" "this" {
  count = local.serverless

  namespace_name                   = local.name
  db_name                          = local.database
  admin_username                   = "atlas_master"
  manage_admin_password            = true
  admin_password_secret_kms_key_id = aws_kms_key.this["secrets"].arn
  kms_key_id                       = aws_kms_key.this["redshift"].arn
  iam_roles                        = aws_iam_role.redshift[*].arn
  log_exports                      = local.redshift_logs

  depends_on = [aws_cloudwatch_log_group.redshift]
}

resource "aws_redshiftserverless_workgroup" "this" {
  count = local.serverless

  workgroup_name       = local.name
  namespace_name       = aws_redshiftserverless_namespace.this[0].namespace_name
  base_capacity        = var.redshift_base_capacity
  max_capacity         = var.redshift_max_capacity
  enhanced_vpc_routing = true
  publicly_accessible  = false
  port                 = 5439
  subnet_ids           = local.data_subnets
  security_group_ids   = [aws_security_group.this["redshift"].id]

  dynamic "config_parameter" {
    for_each = local.redshift_parameters
    content {
      parameter_key   = config_parameter.key
      parameter_value = config_parameter.value
    }
  }
}

# What a month may cost at most. redshift_max_capacity bounds how fast it is spent.
resource "aws_redshiftserverless_usage_limit" "this" {
  count = local.serverless == 1 && var.redshift_monthly_rpu_hours != null ? 1 : 0

  resource_arn  = aws_redshiftserverless_workgroup.this[0].arn
  usage_type    = "serverless-compute"
  amount        = var.redshift_monthly_rpu_hours
  period        = "monthly"
  breach_action = "deactivate"
}

# zero_etl: this Aurora cluster alone may send changes here, and who is of this account may set that up.
resource "aws_redshift_resource_policy" "this" {
  count = local.zero_etl ? 1 : 0

  resource_arn = local.redshift_namespace_arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "redshift.amazonaws.com" }
        Action    = ["redshift:AuthorizeInboundIntegration"]
        Condition = { StringEquals = { "aws:SourceArn" = aws_rds_cluster.this.arn } }
      },
      {
        Effect    = "Allow"
        Principal = { AWS = local.root }
        Action    = ["redshift:CreateInboundIntegration"]
      },
    ]
  })
}
