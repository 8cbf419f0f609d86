# SPDX-License-Identifier: GPL-3.0-or-later
# cdc_mode zero_etl, to both kinds of Redshift.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  cdc_mode         = "zero_etl"
  zero_etl_started = true
}

# The first apply: there is nothing to copy yet.
run "before_the_schema" {
  command = plan

  variables {
    redshift_type    = "serverless"
    zero_etl_started = false
  }

  assert {
    condition     = length(aws_rds_integration.this) == 0 && output.integration_id == null && length([for a in aws_cloudwatch_metric_alarm.this : a if startswith(a.metric_name, "Integration")]) == 0
    error_message = "zero_etl: an integration without tables, or an alarm on it that would never end"
  }
  assert {
    condition     = length(aws_redshift_resource_policy.this) == 1 && contains(keys(aws_kms_key.this), "integration") && length([for p in aws_rds_cluster_parameter_group.this.parameter : p if p.name == "aurora.enhanced_logical_replication" && p.value == "1"]) == 1
    error_message = "zero_etl: what takes a restart or time is not there before the integration"
  }
}

run "to_serverless" {
  command = plan

  variables {
    redshift_type = "serverless"
  }

  assert {
    condition = { for p in aws_rds_cluster_parameter_group.this.parameter : p.name => "${p.value} ${p.apply_method}" if strcontains(p.name, "logical_replication") } == {
      "rds.logical_replication" = "1 pending-reboot", "aurora.enhanced_logical_replication" = "1 pending-reboot", "aurora.logical_replication_backup" = "0 pending-reboot", "aurora.logical_replication_globaldb" = "0 pending-reboot"
    }
    error_message = "zero_etl: not the parameters that the integration asks of Aurora"
  }
  assert {
    condition     = { for p in aws_redshiftserverless_workgroup.this[0].config_parameter : p.parameter_key => p.parameter_value } == { require_ssl = "true", enable_user_activity_logging = "true", enable_case_sensitive_identifier = "true" }
    error_message = "zero_etl: case-sensitive identifiers, TLS and the log of what users did"
  }
  assert {
    condition     = aws_rds_integration.this[0].source_arn == "arn:aws:rds:eu-west-1:123456789012:cluster:atlas" && aws_rds_integration.this[0].target_arn == "arn:aws:redshift-serverless:eu-west-1:123456789012:namespace/9c0d" && aws_rds_integration.this[0].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/integration"
    error_message = "zero_etl: not from Aurora to the warehouse with a key of its own"
  }
  assert {
    condition     = aws_rds_integration.this[0].data_filter == "include: atlas.atlas.tenants, include: atlas.atlas.tenant_access, include: atlas.atlas.attributes, include: atlas.atlas.heartbeat, include: atlas.atlas./entities_.*/, include: atlas.atlas./attribute_values_.*/, include: atlas.atlas./attribute_events_.*/"
    error_message = "zero_etl: other tables than the published ones and their leaves"
  }
  assert {
    condition = [for s in jsondecode(aws_redshift_resource_policy.this[0].policy).Statement : "${s.Action[0]} ${try(s.Condition.StringEquals["aws:SourceArn"], s.Principal.AWS)}"] == [
      "redshift:AuthorizeInboundIntegration arn:aws:rds:eu-west-1:123456789012:cluster:atlas", "redshift:CreateInboundIntegration arn:aws:iam::123456789012:root",
    ] && aws_redshift_resource_policy.this[0].resource_arn == aws_rds_integration.this[0].target_arn
    error_message = "zero_etl: the warehouse takes in what comes from elsewhere"
  }
  assert {
    condition = [for s in jsondecode(aws_kms_key.this["integration"].policy).Statement : "${s.Principal.Service} ${try(s.Condition.StringEquals["kms:EncryptionContext:atlas"], "anybody")}" if s.Sid == "Integration"] == [
      "redshift.amazonaws.com ${aws_rds_integration.this[0].additional_encryption_context["atlas"]}"
    ]
    error_message = "zero_etl: Redshift cannot use the integration's key, or may use it for others"
  }
  assert {
    condition     = aws_redshiftserverless_namespace.this[0].manage_admin_password && aws_redshiftserverless_namespace.this[0].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/redshift" && aws_redshiftserverless_namespace.this[0].admin_password_secret_kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/secrets"
    error_message = "serverless: without key, or with a password of ours"
  }
  assert {
    condition     = aws_redshiftserverless_workgroup.this[0].security_group_ids == toset(["sg-redshift"]) && aws_redshiftserverless_workgroup.this[0].subnet_ids == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"])
    error_message = "serverless: in another group or other subnets"
  }
  assert {
    condition     = aws_redshiftserverless_workgroup.this[0].enhanced_vpc_routing && aws_redshiftserverless_workgroup.this[0].publicly_accessible == false && aws_redshiftserverless_workgroup.this[0].max_capacity == var.redshift_max_capacity
    error_message = "serverless: routed around the VPC, public, or without a bound to its rate"
  }
  assert {
    condition     = aws_redshiftserverless_namespace.this[0].log_exports == toset(["connectionlog", "useractivitylog", "userlog"])
    error_message = "serverless: keeps no log"
  }
  assert {
    condition     = length(aws_msk_cluster.this) + length(aws_mskconnect_connector.this) + length(aws_s3_bucket.plugins) + length(aws_iam_role.connect) + length(aws_iam_role.redshift) + length(aws_redshift_cluster.this) == 0
    error_message = "zero_etl: pays for Kafka, or for two warehouses"
  }
  assert {
    condition     = !contains(keys(aws_secretsmanager_secret.login), "atlas_cdc") && length([for r in values(aws_vpc_security_group_egress_rule.flow) : r if contains(["sg-redshift", "sg-aurora"], r.security_group_id)]) == 0
    error_message = "zero_etl: a login or a way out that nothing needs"
  }
  assert {
    condition     = { for a in aws_cloudwatch_metric_alarm.this : a.metric_name => a.dimensions["IntegrationId"] if startswith(a.metric_name, "Integration") } == { IntegrationLag = "1b2c3d", IntegrationNumTablesFailedReplication = "1b2c3d" }
    error_message = "zero_etl: nobody watches the integration"
  }
  assert {
    condition     = length([for a in aws_cloudwatch_metric_alarm.this : a if a.namespace == "AWS/Redshift-Serverless" && a.metric_name == "ComputeCapacity"]) == 1
    error_message = "serverless: nobody watches it"
  }
}

run "to_provisioned" {
  command = plan

  variables {
    redshift_type       = "provisioned"
    redshift_node_count = 2
  }

  assert {
    condition     = { for p in aws_redshift_parameter_group.this[0].parameter : p.name => p.value } == { require_ssl = "true", enable_user_activity_logging = "true", enable_case_sensitive_identifier = "true" }
    error_message = "zero_etl: case-sensitive identifiers, TLS and the log of what users did"
  }
  assert {
    condition     = aws_rds_integration.this[0].target_arn == "arn:aws:redshift:eu-west-1:123456789012:namespace:7a8b" && aws_redshift_resource_policy.this[0].resource_arn == "arn:aws:redshift:eu-west-1:123456789012:namespace:7a8b"
    error_message = "zero_etl: the integration does not end in the cluster"
  }
  assert {
    condition     = aws_redshift_cluster.this[0].number_of_nodes >= 2 && startswith(aws_redshift_cluster.this[0].node_type, "ra3.")
    error_message = "zero_etl: takes RA3 and two nodes at least"
  }
}
