# SPDX-License-Identifier: GPL-3.0-or-later
# What env/dev.tfvars and env/prod.tfvars say, unchanged, and what differs because of it.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "as_it_is" {
  command = plan

  assert {
    condition     = aws_rds_cluster.this.deletion_protection == (var.environment == "prod") && aws_rds_cluster.this.skip_final_snapshot == (var.environment != "prod") && (aws_rds_cluster.this.final_snapshot_identifier != null) == (var.environment == "prod") && aws_rds_cluster.this.delete_automated_backups == (var.environment != "prod")
    error_message = "prod: Aurora may be deleted, without a last snapshot"
  }
  assert {
    condition     = alltrue([for c in aws_redshift_cluster.this : c.skip_final_snapshot == (var.environment != "prod")])
    error_message = "prod: Redshift may be deleted without a last snapshot"
  }
  assert {
    condition     = aws_ecr_repository.agent.force_delete == (var.environment != "prod") && alltrue([for b in aws_s3_bucket.plugins : b.force_destroy == (var.environment != "prod")])
    error_message = "prod: what is in the repository or the bucket goes without asking"
  }
  assert {
    condition     = alltrue([for s in aws_secretsmanager_secret.login : s.recovery_window_in_days == (var.environment == "prod" ? 30 : 0)])
    error_message = "prod: a deleted secret can be had back for a month; dev: its name is free at once"
  }
  assert {
    condition     = aws_rds_cluster.this.backup_retention_period == (var.environment == "prod" ? 35 : 1)
    error_message = "sizes: days of backup"
  }
  assert {
    condition     = toset([for i in aws_rds_cluster_instance.this : i.instance_class]) == toset([var.environment == "prod" ? "db.r7g.4xlarge" : "db.t4g.large"]) && length(aws_rds_cluster_instance.this) == (var.environment == "prod" ? 3 : 2)
    error_message = "sizes: Aurora"
  }
  assert {
    condition     = aws_rds_cluster.this.storage_type == (var.environment == "prod" ? "aurora-iopt1" : "")
    error_message = "sizes: Aurora's storage"
  }
  assert {
    condition     = join(",", [for c in aws_redshift_cluster.this : "${c.number_of_nodes} ${c.node_type} ${c.automated_snapshot_retention_period}"]) == (var.environment == "prod" ? "3 ra3.4xlarge 35" : "")
    error_message = "sizes: Redshift's nodes"
  }
  assert {
    condition     = join(",", [for w in aws_redshiftserverless_workgroup.this : "${w.base_capacity} ${w.max_capacity}"]) == (var.environment == "prod" ? "" : "8 16")
    error_message = "sizes: Redshift Serverless"
  }
  assert {
    condition     = join(",", [for l in aws_redshiftserverless_usage_limit.this : "${l.resource_arn} ${l.usage_type} ${l.amount} ${l.period} ${l.breach_action}"]) == (var.environment == "prod" ? "" : "arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/1a2b serverless-compute 200 monthly deactivate")
    error_message = "sizes: what Redshift Serverless may cost in a month"
  }
  assert {
    condition     = length(aws_rds_integration.this) + length(aws_instance.admin) == 0 && !contains(keys(aws_vpc_endpoint.interface), "ssm")
    error_message = "neither by default: an integration that brings no values, a way in that nobody asked for"
  }
  assert {
    condition     = join(",", [for c in aws_msk_cluster.this : "${c.number_of_broker_nodes} ${c.broker_node_group_info[0].instance_type} ${c.broker_node_group_info[0].storage_info[0].ebs_storage_info[0].volume_size}"]) == (var.environment == "prod" ? "3 kafka.m7g.large 2000" : "")
    error_message = "sizes: Kafka"
  }
  assert {
    condition     = aws_cloudwatch_log_group.agent.retention_in_days == (var.environment == "prod" ? 365 : 14)
    error_message = "sizes: days of logs"
  }
  assert {
    condition     = length(aws_sns_topic_subscription.alarms) == (var.environment == "prod" ? 1 : 0)
    error_message = "prod: alarms reach nobody"
  }
}
