# SPDX-License-Identifier: GPL-3.0-or-later
# cdc_mode none, and nothing that is put on later: what stands after the first apply of a platform without a stream.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "none" {
  command = plan

  variables {
    cdc_mode      = "none"
    cache_enabled = false
  }

  assert {
    condition     = length(aws_msk_cluster.this) + length(aws_rds_integration.this) + length(aws_redshift_resource_policy.this) + length(aws_iam_role.redshift) + length(aws_elasticache_replication_group.this) == 0
    error_message = "none: something of a change stream, or a cache"
  }
  assert {
    condition     = length(aws_instance.admin) + length(aws_iam_role.admin) + length(aws_iam_instance_profile.admin) + length(data.aws_ssm_parameter.image) == 0 && !contains(keys(aws_vpc_security_group_egress_rule.flow), "console-to-endpoints")
    error_message = "none: a way in that nobody asked for"
  }
  assert {
    condition     = length(aws_ecs_service.agent) == 0 && aws_ecr_repository.agent.image_tag_mutability == "IMMUTABLE"
    error_message = "none: a service before there is an image, or no place for the image"
  }
  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(["alarms", "artifacts", "aurora", "logs", "redshift", "secrets"])
    error_message = "none: keys for what is not there"
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
    error_message = "none: endpoints that nothing uses"
  }
  assert {
    condition     = length([for r in values(aws_vpc_security_group_egress_rule.flow) : r if contains(["sg-redshift", "sg-aurora"], r.security_group_id)]) == 0
    error_message = "none: a database opens connections"
  }
  assert {
    condition     = [for p in aws_rds_cluster_parameter_group.this.parameter : p.value if p.name == "rds.logical_replication"] == ["1"] && length([for p in aws_rds_cluster_parameter_group.this.parameter : p if startswith(p.name, "aurora.")]) == 0
    error_message = "none: heartbeats need WAL positions; the integration's parameters are its own"
  }
  assert {
    condition     = length([for a in aws_cloudwatch_metric_alarm.this : a if contains(["OldestReplicationSlotLag", "IntegrationLag", "RunningTaskCount"], a.metric_name)]) == 0
    error_message = "none: an alarm on what is not there would never end"
  }
}
