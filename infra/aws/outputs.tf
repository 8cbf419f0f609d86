# SPDX-License-Identifier: GPL-3.0-or-later
# Where things are. No secret: where one is needed, the name of its place in Secrets Manager.

output "aurora_writer_endpoint" {
  description = "For atlasctl schema apply, the agent, the connector, and the console's primary."
  value       = aws_rds_cluster.this.endpoint
}

output "aurora_reader_endpoints" {
  description = "The instances, each an endpoint of its own: the console's replicas are these but the writer."
  value       = { for i in aws_rds_cluster_instance.this : i.identifier => i.endpoint }
}

output "aurora_resource_id" {
  description = "For IAM policies of people's logins: rds-db:connect on dbuser:THIS/LOGIN."
  value       = aws_rds_cluster.this.cluster_resource_id
}

output "aurora_master_secret" {
  description = "Secret of the administrator atlas_master, made and rotated by RDS."
  value       = aws_rds_cluster.this.master_user_secret[0].secret_arn
}

output "proxy_endpoint" {
  description = "For applications that write, as atlas_ingest with an IAM token."
  value       = aws_db_proxy.this.endpoint
}

output "ingest_policy_arn" {
  description = "Attach it to the role of an application that writes."
  value       = aws_iam_policy.ingest.arn
}

output "login_secrets" {
  description = "Places for the passwords of the services' logins, empty at first."
  value       = { for login, secret in aws_secretsmanager_secret.login : login => secret.name }
}

output "security_groups" {
  description = "Groups to give to what comes from outside this module: application, console."
  value       = { for g in ["application", "console"] : g => aws_security_group.this[g].id }
}

output "vpc_id" {
  description = "The VPC, for a client VPN's endpoint or an attachment of yours."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Addresses of the VPC, for routes that lead here."
  value       = aws_vpc.this.cidr_block
}

output "route_table_ids" {
  description = "Route tables of the tiers data and service, for routes of yours that lead away from here."
  value       = { for tier, t in aws_route_table.this : tier => t.id }
}

output "data_subnets" {
  description = "Subnets of Aurora, Redshift, Kafka and the cache."
  value       = local.data_subnets
}

output "service_subnets" {
  description = "Subnets for what runs beside the agent, and for a client VPN's interfaces."
  value       = local.service_subnets
}

output "admin_instance" {
  description = "Host that Session Manager forwards ports through. Null without admin_access."
  value       = one(aws_instance.admin[*].id)
}

output "kafka_bootstrap" {
  description = "Brokers (IAM over TLS), for the URI of Redshift's external schema. Null without debezium."
  value       = one(aws_msk_cluster.this[*].bootstrap_brokers_sasl_iam)
}

output "plugin_location" {
  description = "Where to upload the connector's plugin. Null without debezium."
  value       = local.debezium ? "s3://${aws_s3_bucket.plugins[0].id}/${local.plugin_key}" : null
}

output "redshift_endpoint" {
  description = "Host of the warehouse, port 5439, database atlas."
  value       = one(concat(aws_redshift_cluster.this[*].dns_name, [for w in aws_redshiftserverless_workgroup.this : w.endpoint[0].address]))
}

output "redshift_master_secret" {
  description = "Secret of the warehouse's administrator, made and rotated by Redshift."
  value       = one(concat(aws_redshift_cluster.this[*].master_password_secret_arn, aws_redshiftserverless_namespace.this[*].admin_password_secret_arn))
}

output "redshift_role_arn" {
  description = "Role of Redshift's external schema. Null without debezium."
  value       = one(aws_iam_role.redshift[*].arn)
}

output "integration_id" {
  description = "For CREATE DATABASE … FROM INTEGRATION. Null until zero_etl has started."
  value       = local.integration_id
}

output "cache_endpoint" {
  description = "Primary of the cache, port 6379, TLS. Null without a cache."
  value       = one(aws_elasticache_replication_group.this[*].primary_endpoint_address)
}

output "cache_policy_arn" {
  description = "Attach it to the role of an application that uses the cache. Null without one."
  value       = one(aws_iam_policy.cache[*].arn)
}

output "agent_repository" {
  description = "Where to push the agent's image."
  value       = aws_ecr_repository.agent.repository_url
}

output "alarm_topic_arn" {
  description = "Topic of the alarms."
  value       = aws_sns_topic.alarms.arn
}
