# SPDX-License-Identifier: GPL-3.0-or-later
# cdc_mode debezium where everything.tftest.hcl does not go: with Serverless, and before the plugin is uploaded.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  cdc_mode = "debezium"
}

run "to_serverless" {
  command = plan

  variables {
    redshift_type            = "serverless"
    connector_plugin_version = "3sL4kqtJlcpXroDTDmJ"
  }

  assert {
    condition     = length(aws_redshift_cluster.this) == 0 && length(aws_rds_integration.this) == 0 && length(aws_mskconnect_connector.this) == 1 && length(aws_redshiftserverless_workgroup.this) == 1
    error_message = "serverless: two warehouses, or none"
  }
  assert {
    condition     = aws_redshiftserverless_workgroup.this[0].security_group_ids == toset(["sg-redshift"]) && aws_redshiftserverless_workgroup.this[0].subnet_ids == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"])
    error_message = "serverless: in another group or other subnets"
  }
  assert {
    condition     = aws_redshiftserverless_workgroup.this[0].enhanced_vpc_routing && aws_redshiftserverless_workgroup.this[0].publicly_accessible == false && { for p in aws_redshiftserverless_workgroup.this[0].config_parameter : p.parameter_key => p.parameter_value } == { require_ssl = "true", enable_user_activity_logging = "true" }
    error_message = "serverless: routed around the VPC, public, or without TLS"
  }
  assert {
    condition     = aws_redshiftserverless_namespace.this[0].iam_roles == toset(["arn:aws:iam::123456789012:role/redshift"])
    error_message = "serverless: no role to read Kafka with, or others"
  }
  assert {
    condition     = jsondecode(aws_iam_role.redshift[0].assume_role_policy).Statement == [{ Effect = "Allow", Principal = { Service = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"] }, Action = "sts:AssumeRole", Condition = { StringLike = { "sts:ExternalId" = "arn:aws:redshift:eu-west-1:123456789012:dbuser:serverless-123456789012-*/*" } } }]
    error_message = "trust: Serverless cannot read Kafka, or another account's can"
  }
  assert {
    condition     = toset([for k, r in aws_vpc_security_group_egress_rule.flow : k if r.security_group_id == "sg-redshift"]) == toset(["redshift-to-kafka", "redshift-to-endpoints"])
    error_message = "serverless: does not reach Kafka, or more than it"
  }
  assert {
    condition     = toset([for g in aws_cloudwatch_log_group.redshift : g.name]) == toset([for l in ["connectionlog", "useractivitylog", "userlog"] : "/aws/redshift/atlas-${var.environment}/${l}"])
    error_message = "logs: not the names that Serverless writes to"
  }
  assert {
    condition     = [for a in aws_cloudwatch_metric_alarm.this : "${a.metric_name} ${join(",", keys(a.dimensions))} ${a.comparison_operator} ${a.threshold}" if strcontains(a.namespace, "Redshift")] == ["ComputeCapacity Workgroup GreaterThanThreshold ${var.redshift_max_capacity - 1}"]
    error_message = "serverless: nobody watches it"
  }
}

# debezium before the plugin is uploaded.
run "without_plugin" {
  command = plan

  assert {
    condition     = length(aws_msk_cluster.this) == 1 && length(aws_s3_bucket.plugins) == 1 && length(aws_mskconnect_connector.this) == 0
    error_message = "debezium: the bucket must stand before the connector can"
  }
  assert {
    condition     = length([for a in aws_cloudwatch_metric_alarm.this : a if a.namespace == "AWS/KafkaConnect"]) == 0
    error_message = "debezium: an alarm on what is not there would never end"
  }
}
