# SPDX-License-Identifier: GPL-3.0-or-later
# What AWS would answer, where the module looks into it. Everything else is made up by Terraform.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition = "aws"
  }
}

mock_data "aws_ssm_parameter" {
  defaults = {
    insecure_value = "ami-00000000000000023"
  }
}

mock_resource "aws_instance" {
  defaults = {
    id = "i-admin"
  }
}

mock_resource "aws_vpc" {
  defaults = {
    id = "vpc-atlas"
  }
}

mock_resource "aws_rds_cluster" {
  defaults = {
    arn                = "arn:aws:rds:eu-west-1:123456789012:cluster:atlas"
    endpoint           = "writer.example.internal"
    reader_endpoint    = "readers.example.internal"
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster", kms_key_id = "k", secret_status = "active" }]
  }
}

mock_resource "aws_db_proxy" {
  defaults = {
    arn      = "arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-0123"
    endpoint = "proxy.example.internal"
  }
}

mock_resource "aws_rds_integration" {
  defaults = {
    arn = "arn:aws:rds:eu-west-1:123456789012:integration:1b2c3d"
  }
}

mock_resource "aws_msk_cluster" {
  defaults = {
    arn                        = "arn:aws:kafka:eu-west-1:123456789012:cluster/atlas/5e6f"
    bootstrap_brokers_sasl_iam = "b-1.example.internal:9098"
  }
}

mock_resource "aws_redshift_cluster" {
  defaults = {
    cluster_namespace_arn = "arn:aws:redshift:eu-west-1:123456789012:namespace:7a8b"
  }
}

mock_resource "aws_redshiftserverless_namespace" {
  defaults = {
    arn = "arn:aws:redshift-serverless:eu-west-1:123456789012:namespace/9c0d"
  }
}

mock_resource "aws_redshiftserverless_workgroup" {
  defaults = {
    arn      = "arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/1a2b"
    endpoint = [{ address = "warehouse.example.internal", port = 5439, vpc_endpoint = [] }]
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    id  = "atlas-plugins"
    arn = "arn:aws:s3:::atlas-plugins"
  }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = {
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:login"
  }
}

mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:eu-west-1:123456789012:repository/agent"
    repository_url = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/agent"
  }
}

mock_resource "aws_sns_topic" {
  defaults = {
    arn = "arn:aws:sns:eu-west-1:123456789012:alarms"
  }
}

override_resource {
  target = aws_kms_key.this["aurora"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/aurora"
    key_id = "aurora"
  }
}

override_resource {
  target = aws_kms_key.this["secrets"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/secrets"
    key_id = "secrets"
  }
}

override_resource {
  target = aws_kms_key.this["redshift"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/redshift"
    key_id = "redshift"
  }
}

override_resource {
  target = aws_kms_key.this["artifacts"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/artifacts"
    key_id = "artifacts"
  }
}

override_resource {
  target = aws_kms_key.this["logs"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/logs"
    key_id = "logs"
  }
}

override_resource {
  target = aws_kms_key.this["alarms"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/alarms"
    key_id = "alarms"
  }
}

override_resource {
  target = aws_kms_key.this["admin"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/admin"
    key_id = "admin"
  }
}

override_resource {
  target = aws_kms_key.this["kafka"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/kafka"
    key_id = "kafka"
  }
}

override_resource {
  target = aws_kms_key.this["integration"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/integration"
    key_id = "integration"
  }
}

override_resource {
  target = aws_kms_key.this["cache"]
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/cache"
    key_id = "cache"
  }
}

override_resource {
  target = aws_security_group.this["application"]
  values = {
    id = "sg-application"
  }
}

override_resource {
  target = aws_security_group.this["console"]
  values = {
    id = "sg-console"
  }
}

override_resource {
  target = aws_security_group.this["agent"]
  values = {
    id = "sg-agent"
  }
}

override_resource {
  target = aws_security_group.this["endpoints"]
  values = {
    id = "sg-endpoints"
  }
}

override_resource {
  target = aws_security_group.this["proxy"]
  values = {
    id = "sg-proxy"
  }
}

override_resource {
  target = aws_security_group.this["aurora"]
  values = {
    id = "sg-aurora"
  }
}

override_resource {
  target = aws_security_group.this["redshift"]
  values = {
    id = "sg-redshift"
  }
}

override_resource {
  target = aws_security_group.this["connect"]
  values = {
    id = "sg-connect"
  }
}

override_resource {
  target = aws_security_group.this["kafka"]
  values = {
    id = "sg-kafka"
  }
}

override_resource {
  target = aws_security_group.this["cache"]
  values = {
    id = "sg-cache"
  }
}

override_resource {
  target = aws_secretsmanager_secret.login["atlas_ingest"]
  values = {
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_ingest"
  }
}

override_resource {
  target = aws_secretsmanager_secret.login["atlas_agent"]
  values = {
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_agent"
  }
}

override_resource {
  target = aws_secretsmanager_secret.login["atlas_cdc"]
  values = {
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_cdc"
  }
}

override_resource {
  target = aws_iam_role.flow
  values = {
    arn = "arn:aws:iam::123456789012:role/flow"
    id  = "flow"
  }
}

override_resource {
  target = aws_iam_role.monitoring
  values = {
    arn = "arn:aws:iam::123456789012:role/monitoring"
    id  = "monitoring"
  }
}

override_resource {
  target = aws_iam_role.proxy
  values = {
    arn = "arn:aws:iam::123456789012:role/proxy"
    id  = "proxy"
  }
}

override_resource {
  target = aws_iam_role.agent_execution
  values = {
    arn = "arn:aws:iam::123456789012:role/agent_execution"
    id  = "agent_execution"
  }
}

override_resource {
  target = aws_iam_role.agent_task
  values = {
    arn = "arn:aws:iam::123456789012:role/agent_task"
    id  = "agent_task"
  }
}

override_resource {
  target = aws_iam_role.admin[0]
  values = {
    arn = "arn:aws:iam::123456789012:role/admin"
    id  = "admin"
  }
}

override_resource {
  target = aws_iam_role.connect[0]
  values = {
    arn = "arn:aws:iam::123456789012:role/connect"
    id  = "connect"
  }
}

override_resource {
  target = aws_iam_role.redshift[0]
  values = {
    arn = "arn:aws:iam::123456789012:role/redshift"
    id  = "redshift"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:group"
  }
}

override_resource {
  target = aws_cloudwatch_log_group.flow
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:flow"
  }
}

override_resource {
  target = aws_cloudwatch_log_group.agent
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:agent"
  }
}

mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = {
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:alarm"
  }
}

# By tier and zone, so that a part in the other tier is seen.
override_resource {
  target = aws_subnet.this["data-eu-west-1a"]
  values = {
    id = "subnet-data-a"
  }
}

override_resource {
  target = aws_subnet.this["data-eu-west-1b"]
  values = {
    id = "subnet-data-b"
  }
}

override_resource {
  target = aws_subnet.this["data-eu-west-1c"]
  values = {
    id = "subnet-data-c"
  }
}

override_resource {
  target = aws_subnet.this["service-eu-west-1a"]
  values = {
    id = "subnet-service-a"
  }
}

override_resource {
  target = aws_subnet.this["service-eu-west-1b"]
  values = {
    id = "subnet-service-b"
  }
}

override_resource {
  target = aws_subnet.this["service-eu-west-1c"]
  values = {
    id = "subnet-service-c"
  }
}

override_resource {
  target = aws_route_table.this["data"]
  values = {
    id = "rtb-data"
  }
}

override_resource {
  target = aws_route_table.this["service"]
  values = {
    id = "rtb-service"
  }
}

mock_resource "aws_vpc_endpoint" {
  defaults = {
    prefix_list_id = "pl-s3"
  }
}

mock_resource "aws_elasticache_replication_group" {
  defaults = {
    arn = "arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:atlas"
  }
}

mock_resource "aws_elasticache_user" {
  defaults = {
    arn = "arn:aws:elasticache:eu-west-1:123456789012:user:application"
  }
}
