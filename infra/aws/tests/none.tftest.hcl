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

# debezium before the plugin is uploaded.
run "debezium_without_plugin" {
  command = plan

  variables {
    cdc_mode = "debezium"
  }

  assert {
    condition     = length(aws_msk_cluster.this) == 1 && length(aws_s3_bucket.plugins) == 1 && length(aws_mskconnect_connector.this) == 0
    error_message = "debezium: the bucket must stand before the connector can"
  }
  assert {
    condition     = length([for a in aws_cloudwatch_metric_alarm.this : a if a.namespace == "AWS/KafkaConnect"]) == 0
    error_message = "debezium: an alarm on what is not there would never end"
  }
}

# MSK takes three zones at most.
run "debezium_in_four_zones" {
  command = plan

  override_resource {
    target          = aws_subnet.this["data-eu-west-1a"]
    override_during = plan
    values          = { id = "subnet-a" }
  }
  override_resource {
    target          = aws_subnet.this["data-eu-west-1b"]
    override_during = plan
    values          = { id = "subnet-b" }
  }
  override_resource {
    target          = aws_subnet.this["data-eu-west-1c"]
    override_during = plan
    values          = { id = "subnet-c" }
  }
  override_resource {
    target          = aws_subnet.this["data-eu-west-1d"]
    override_during = plan
    values          = { id = "subnet-d" }
  }

  variables {
    cdc_mode           = "debezium"
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"]
  }

  assert {
    condition     = aws_msk_cluster.this[0].broker_node_group_info[0].client_subnets == toset(["subnet-a", "subnet-b", "subnet-c"]) && aws_msk_cluster.this[0].number_of_broker_nodes == 3 * var.msk_brokers_per_zone
    error_message = "debezium: brokers in another number of zones than three"
  }
}
