# SPDX-License-Identifier: GPL-3.0-or-later
# All there can be at once: every rule of security on every kind of resource.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "everything" {
  command = plan

  variables {
    cdc_mode                 = "debezium"
    redshift_type            = "provisioned"
    redshift_node_count      = 2
    cache_enabled            = true
    connector_plugin_version = "3sL4kqtJlcpXroDTDmJ"
    agent_image_digest       = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }

  # Network -----------------------------------------------------------------------------------------------------------
  assert {
    condition     = length(aws_subnet.this) == 2 * length(var.availability_zones) && alltrue([for s in aws_subnet.this : s.map_public_ip_on_launch == false])
    error_message = "network: a data and a service subnet in every zone, none of which gives out public addresses"
  }
  assert {
    condition     = length(distinct([for s in aws_subnet.this : s.cidr_block])) == length(aws_subnet.this)
    error_message = "network: subnets overlap"
  }
  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "network: the default group lets something through"
  }
  assert {
    condition     = toset([for k, e in aws_vpc_endpoint.interface : k]) == toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts"])
    error_message = "network: not the endpoints that are needed, or more"
  }
  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.interface : e.private_dns_enabled && e.security_group_ids == toset(["sg-endpoints"])])
    error_message = "network: an endpoint without private names or without its group"
  }
  assert {
    condition = alltrue([for k, e in aws_vpc_endpoint.interface : alltrue([for s in jsondecode(e.policy).Statement :
      !contains(flatten([s.Action]), "*") && (k == "sts" ? s.Resource == ["arn:aws:iam::123456789012:role/redshift"] : s.Condition.StringEquals["aws:PrincipalAccount"] == "123456789012")
    ])])
    error_message = "network: an endpoint's policy lets anybody through, or do anything"
  }
  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["secretsmanager"].policy).Statement[0].Resource == [for l in ["agent", "cdc", "ingest"] : "arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_${l}"]
    error_message = "network: other secrets than the services' may be read through the endpoint"
  }
  assert {
    condition     = jsondecode(aws_vpc_endpoint.s3.policy).Statement == [{ Effect = "Allow", Principal = "*", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::prod-${var.region}-starport-layer-bucket/*", "arn:aws:s3:::atlas-plugins/rds-global-bundle.pem"] }]
    error_message = "network: S3 is open to more than layers of images and the connector's certificates"
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_flow_log.this.iam_role_arn == "arn:aws:iam::123456789012:role/flow"
    error_message = "network: flow logs miss traffic"
  }

  # Groups ------------------------------------------------------------------------------------------------------------
  assert {
    condition = alltrue([for r in concat(values(aws_vpc_security_group_ingress_rule.flow), values(aws_vpc_security_group_egress_rule.flow)) :
    r.cidr_ipv4 == null && r.cidr_ipv6 == null && r.prefix_list_id == null && startswith(coalesce(r.referenced_security_group_id, "none"), "sg-")])
    error_message = "groups: a rule that names addresses instead of a group"
  }
  assert {
    condition = alltrue([for r in concat(values(aws_vpc_security_group_ingress_rule.flow), values(aws_vpc_security_group_egress_rule.flow)) :
    r.ip_protocol == "tcp" && r.from_port == r.to_port && contains([443, 5432, 5439, 6379, 9098], r.from_port)])
    error_message = "groups: a rule for more than one port of a service"
  }
  assert {
    condition     = [for r in values(aws_vpc_security_group_ingress_rule.flow) : "${r.referenced_security_group_id} ${r.security_group_id}"] == [for r in values(aws_vpc_security_group_egress_rule.flow) : "${r.security_group_id} ${r.referenced_security_group_id}"]
    error_message = "groups: a flow that is let out and not in, or in and not out"
  }
  assert {
    condition = toset(keys(aws_vpc_security_group_ingress_rule.flow)) == toset([
      "application-to-proxy", "application-to-cache", "proxy-to-aurora", "console-to-aurora", "console-to-redshift", "agent-to-aurora", "agent-to-endpoints",
      "connect-to-aurora", "connect-to-kafka", "connect-to-endpoints", "redshift-to-kafka", "redshift-to-endpoints",
    ])
    error_message = "groups: not the flows that are meant"
  }
  assert {
    condition     = length([for r in values(aws_vpc_security_group_egress_rule.flow) : r if contains(["sg-aurora", "sg-cache", "sg-kafka", "sg-endpoints"], r.security_group_id)]) == 0
    error_message = "groups: a database opens connections"
  }
  assert {
    condition     = toset([for r in values(aws_vpc_security_group_egress_rule.flow) : r.referenced_security_group_id if r.security_group_id == "sg-redshift"]) == toset(["sg-kafka", "sg-endpoints"])
    error_message = "groups: Redshift reaches more than Kafka and the endpoints"
  }
  assert {
    condition = { for k, r in aws_vpc_security_group_egress_rule.s3 : k => "${r.security_group_id} ${r.prefix_list_id} ${r.from_port} ${r.to_port} ${coalesce(r.cidr_ipv4, r.cidr_ipv6, "none")}" } == {
      agent = "sg-agent pl-s3 443 443 none", connect = "sg-connect pl-s3 443 443 none"
    }
    error_message = "groups: others than the agent and the connector reach S3, or they reach more than it"
  }
  assert {
    condition     = alltrue([for g in aws_security_group.this : length(coalesce(g.ingress, [])) == 0 && length(coalesce(g.egress, [])) == 0])
    error_message = "groups: an inline rule beside the rules that are resources"
  }

  # Keys --------------------------------------------------------------------------------------------------------------
  assert {
    condition     = alltrue([for k in aws_kms_key.this : k.enable_key_rotation && k.rotation_period_in_days <= 365])
    error_message = "keys: one is not rotated every year"
  }
  assert {
    condition     = alltrue([for k in aws_kms_key.this : k.deletion_window_in_days == (var.environment == "prod" ? 30 : 7)])
    error_message = "keys: gone sooner than the environment allows"
  }
  assert {
    condition = alltrue(flatten([for k in aws_kms_key.this : [for s in jsondecode(k.policy).Statement :
    s.Sid == "Account" ? s.Principal == { AWS = "arn:aws:iam::123456789012:root" } : can(s.Principal.Service) && length(s.Condition) > 0]]))
    error_message = "keys: a service may use a key without a condition"
  }
  assert {
    condition     = aws_rds_cluster.this.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/aurora"
    error_message = "keys: Aurora without its customer key"
  }
  assert {
    condition     = aws_rds_cluster.this.master_user_secret_kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/secrets"
    error_message = "keys: Aurora's administrator without its customer key"
  }
  assert {
    condition     = aws_redshift_cluster.this[0].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/redshift"
    error_message = "keys: Redshift without its customer key"
  }
  assert {
    condition     = aws_redshift_cluster.this[0].master_password_secret_kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/secrets"
    error_message = "keys: Redshift's administrator without its customer key"
  }
  assert {
    condition     = aws_msk_cluster.this[0].encryption_info[0].encryption_at_rest_kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/kafka"
    error_message = "keys: Kafka without its customer key"
  }
  assert {
    condition     = aws_elasticache_replication_group.this[0].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/cache"
    error_message = "keys: the cache without its customer key"
  }
  assert {
    condition     = aws_ecr_repository.agent.encryption_configuration[0].kms_key == "arn:aws:kms:eu-west-1:123456789012:key/artifacts"
    error_message = "keys: the images without its customer key"
  }
  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/alarms"
    error_message = "keys: the topic without its customer key"
  }
  assert {
    condition     = toset([for i in aws_rds_cluster_instance.this : i.performance_insights_kms_key_id]) == toset(["arn:aws:kms:eu-west-1:123456789012:key/aurora"])
    error_message = "keys: Performance Insights without its customer key"
  }
  assert {
    condition     = toset([for s in aws_secretsmanager_secret.login : s.kms_key_id]) == toset(["arn:aws:kms:eu-west-1:123456789012:key/secrets"])
    error_message = "keys: a secret without its customer key"
  }
  assert {
    condition     = toset([for r in aws_s3_bucket_server_side_encryption_configuration.plugins[0].rule : r.apply_server_side_encryption_by_default[0].kms_master_key_id]) == toset(["arn:aws:kms:eu-west-1:123456789012:key/artifacts"])
    error_message = "keys: the bucket without its customer key"
  }
  assert {
    condition = alltrue([for g in concat([aws_cloudwatch_log_group.flow, aws_cloudwatch_log_group.proxy, aws_cloudwatch_log_group.agent, aws_cloudwatch_log_group.insights], aws_cloudwatch_log_group.cache[*],
      values(aws_cloudwatch_log_group.aurora), values(aws_cloudwatch_log_group.kafka), values(aws_cloudwatch_log_group.redshift)) :
    g.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/logs" && g.retention_in_days == var.log_retention_days])
    error_message = "logs: a group without key or end"
  }

  # Secrets -----------------------------------------------------------------------------------------------------------
  assert {
    condition     = toset(keys(aws_secretsmanager_secret.login)) == toset(["atlas_ingest", "atlas_agent", "atlas_cdc"])
    error_message = "secrets: not those of the services' logins"
  }
  assert {
    condition     = alltrue([for p in aws_secretsmanager_secret_policy.login : p.block_public_policy && jsondecode(p.policy).Statement[0].Effect == "Deny"])
    error_message = "secrets: may be read in the clear, or by the public"
  }

  # Aurora ------------------------------------------------------------------------------------------------------------
  assert {
    condition     = aws_rds_cluster.this.storage_encrypted
    error_message = "aurora: storage is not encrypted"
  }
  assert {
    condition     = aws_rds_cluster.this.manage_master_user_password && aws_rds_cluster.this.master_password == null
    error_message = "aurora: the administrator's password is not RDS's affair"
  }
  assert {
    condition     = aws_rds_cluster.this.iam_database_authentication_enabled && aws_rds_cluster.this.enable_http_endpoint == false
    error_message = "aurora: no IAM logins, or an HTTP door"
  }
  assert {
    condition     = alltrue([for i in aws_rds_cluster_instance.this : i.publicly_accessible == false])
    error_message = "aurora: an instance is public"
  }
  assert {
    condition     = alltrue([for i in aws_rds_cluster_instance.this : i.ca_cert_identifier == "rds-ca-rsa2048-g1" && i.auto_minor_version_upgrade && i.performance_insights_enabled && i.monitoring_interval > 0])
    error_message = "aurora: an instance with an old authority, without minor upgrades, or unwatched"
  }
  assert {
    condition     = length(distinct([for i in aws_rds_cluster_instance.this : i.availability_zone])) == min(length(aws_rds_cluster_instance.this), length(var.availability_zones))
    error_message = "aurora: instances share a zone while another is free"
  }
  assert {
    condition     = aws_rds_cluster.this.enabled_cloudwatch_logs_exports == toset(["iam-db-auth-error", "postgresql"]) && aws_rds_cluster.this.copy_tags_to_snapshot
    error_message = "aurora: logs stay on the instance"
  }
  assert {
    condition = { for p in aws_rds_cluster_parameter_group.this.parameter : p.name => p.value if contains(["rds.force_ssl", "ssl_min_protocol_version", "password_encryption", "rds.accepted_password_auth_method"], p.name) } == {
      "rds.force_ssl" = "1", "ssl_min_protocol_version" = "TLSv1.2", "password_encryption" = "scram-sha-256", "rds.accepted_password_auth_method" = "scram"
    }
    error_message = "aurora: connections without TLS, or passwords as MD5"
  }
  assert {
    condition = { for p in aws_rds_cluster_parameter_group.this.parameter : p.name => "${p.value} ${p.apply_method}" if contains(["rds.logical_replication", "max_replication_slots", "max_slot_wal_keep_size", "shared_preload_libraries"], p.name) } == {
      "rds.logical_replication" = "1 pending-reboot", "max_replication_slots" = "20 pending-reboot", "max_slot_wal_keep_size" = "51200 immediate", "shared_preload_libraries" = "pg_stat_statements,pg_cron pending-reboot"
    }
    error_message = "aurora: not what the change stream and the console need"
  }
  assert {
    condition     = length([for p in aws_rds_cluster_parameter_group.this.parameter : p if p.name == "log_parameter_max_length" && p.value == "0"]) == 1
    error_message = "aurora: tenants' values get into the log"
  }

  # Proxy -------------------------------------------------------------------------------------------------------------
  assert {
    condition     = aws_db_proxy.this.require_tls && aws_db_proxy.this.debug_logging == false
    error_message = "proxy: takes connections without TLS, or logs statements"
  }
  assert {
    condition     = [for a in aws_db_proxy.this.auth : "${a.auth_scheme} ${a.iam_auth} ${a.client_password_auth_type} ${a.secret_arn}"] == ["SECRETS REQUIRED POSTGRES_SCRAM_SHA_256 arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_ingest"]
    error_message = "proxy: not by IAM alone, not as atlas_ingest alone"
  }
  assert {
    condition     = flatten([for s in jsondecode(aws_iam_role_policy.proxy.policy).Statement : s.Resource]) == ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_ingest", "arn:aws:kms:eu-west-1:123456789012:key/secrets"]
    error_message = "proxy: its role reads more than one secret with one key"
  }
  assert {
    condition     = jsondecode(aws_iam_policy.ingest.policy).Statement[0].Resource == ["arn:aws:rds-db:${var.region}:123456789012:dbuser:prx-0123/atlas_ingest"]
    error_message = "proxy: applications may log in as somebody else"
  }

  # Change stream -----------------------------------------------------------------------------------------------------
  assert {
    condition     = aws_msk_cluster.this[0].encryption_info[0].encryption_in_transit[0].client_broker == "TLS" && aws_msk_cluster.this[0].encryption_info[0].encryption_in_transit[0].in_cluster
    error_message = "kafka: plaintext"
  }
  assert {
    condition     = aws_msk_cluster.this[0].client_authentication[0].unauthenticated == false && aws_msk_cluster.this[0].client_authentication[0].sasl[0].iam && aws_msk_cluster.this[0].client_authentication[0].sasl[0].scram == false
    error_message = "kafka: takes others than those IAM knows"
  }
  assert {
    condition     = aws_msk_cluster.this[0].broker_node_group_info[0].connectivity_info[0].public_access[0].type == "DISABLED"
    error_message = "kafka: public"
  }
  assert {
    condition     = alltrue([for line in ["min.insync.replicas=2", "default.replication.factor=3", "unclean.leader.election.enable=false", "auto.create.topics.enable=false"] : strcontains(aws_msk_configuration.this[0].server_properties, line)])
    error_message = "kafka: may lose what it has confirmed, or make topics for anybody"
  }
  assert {
    condition     = aws_msk_cluster.this[0].logging_info[0].broker_logs[0].cloudwatch_logs[0].enabled
    error_message = "kafka: keeps no log"
  }
  assert {
    condition     = aws_mskconnect_connector.this[0].connector_configuration["database.hostname"] == "writer.example.internal"
    error_message = "connector: not at the writer itself"
  }
  assert {
    condition     = aws_mskconnect_connector.this[0].connector_configuration["database.password"] == "$${secretsmanager:atlas-${var.environment}/atlas_cdc:password}"
    error_message = "connector: a password instead of where it is"
  }
  assert {
    condition = { for k, v in aws_mskconnect_connector.this[0].connector_configuration : k => v if contains(["database.sslmode", "database.sslrootcert"], k) } == {
      "database.sslmode" = "verify-full", "database.sslrootcert" = "$${s3import:${var.region}:atlas-plugins/rds-global-bundle.pem}"
    }
    error_message = "connector: talks to whatever calls itself the database"
  }
  assert {
    condition = { for k, v in aws_mskconnect_connector.this[0].connector_configuration : k => v if contains(["publication.name", "publication.autocreate.mode", "publish.via.partition.root", "slot.name", "plugin.name"], k) } == {
      "publication.name" = "atlas_warehouse", "publication.autocreate.mode" = "disabled", "publish.via.partition.root" = "true", "slot.name" = "atlas_warehouse", "plugin.name" = "pgoutput"
    }
    error_message = "connector: not the schema's publication, or one stream per partition"
  }
  assert {
    condition     = contains(split(",", aws_mskconnect_connector.this[0].connector_configuration["table.include.list"]), "atlas.heartbeat") && tonumber(aws_mskconnect_connector.this[0].connector_configuration["heartbeat.interval.ms"]) > 0
    error_message = "connector: without the heartbeat the slot stands still on an idle database"
  }
  assert {
    condition     = aws_mskconnect_connector.this[0].kafka_cluster_client_authentication[0].authentication_type == "IAM" && aws_mskconnect_connector.this[0].kafka_cluster_encryption_in_transit[0].encryption_type == "TLS"
    error_message = "connector: talks to Kafka in the clear, or as nobody"
  }
  assert {
    condition     = alltrue([for p in ["SecretsManagerConfigProvider", "S3ImportConfigProvider"] : strcontains(aws_mskconnect_worker_configuration.this[0].properties_file_content, "com.amazonaws.kafka.config.providers.${p}")])
    error_message = "connector: nothing looks its password or its certificates up"
  }
  assert {
    condition = alltrue([for s in concat(jsondecode(aws_iam_role_policy.connect[0].policy).Statement, jsondecode(aws_iam_role_policy.redshift[0].policy).Statement) :
    alltrue([for r in flatten([s.Resource]) : startswith(r, "arn:")]) && alltrue([for a in flatten([s.Action]) : !strcontains(a, "*")])])
    error_message = "connector: a role that may do more than it needs"
  }
  assert {
    condition     = length([for s in jsondecode(aws_iam_role_policy.redshift[0].policy).Statement : s if length(setintersection(toset(s.Action), toset(["kafka-cluster:WriteData", "kafka-cluster:CreateTopic"]))) > 0]) == 0
    error_message = "redshift: may write into Kafka"
  }

  # The plugin's bucket -----------------------------------------------------------------------------------------------
  assert {
    condition = alltrue([aws_s3_bucket_public_access_block.plugins[0].block_public_acls, aws_s3_bucket_public_access_block.plugins[0].block_public_policy,
    aws_s3_bucket_public_access_block.plugins[0].ignore_public_acls, aws_s3_bucket_public_access_block.plugins[0].restrict_public_buckets])
    error_message = "bucket: can be made public"
  }
  assert {
    condition     = [for s in jsondecode(aws_s3_bucket_policy.plugins[0].policy).Statement : "${s.Effect} ${s.Condition.Bool["aws:SecureTransport"]}"] == ["Deny false"]
    error_message = "bucket: may be read in the clear"
  }
  assert {
    condition     = aws_s3_bucket_versioning.plugins[0].versioning_configuration[0].status == "Enabled" && aws_s3_bucket_ownership_controls.plugins[0].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "bucket: not versioned, or with ACLs"
  }
  assert {
    condition     = [for r in aws_s3_bucket_server_side_encryption_configuration.plugins[0].rule : r.apply_server_side_encryption_by_default[0].sse_algorithm] == ["aws:kms"]
    error_message = "bucket: not encrypted with the customer's key"
  }

  # Redshift ----------------------------------------------------------------------------------------------------------
  assert {
    condition     = aws_redshift_cluster.this[0].encrypted == "true" && aws_redshift_cluster.this[0].enhanced_vpc_routing && aws_redshift_cluster.this[0].publicly_accessible == false
    error_message = "redshift: not encrypted, routed around the VPC, or public"
  }
  assert {
    condition     = aws_redshift_cluster.this[0].manage_master_password && aws_redshift_cluster.this[0].master_password == null
    error_message = "redshift: the administrator's password is not Redshift's affair"
  }
  assert {
    condition     = { for p in aws_redshift_parameter_group.this[0].parameter : p.name => p.value } == { require_ssl = "true", enable_user_activity_logging = "true" }
    error_message = "redshift: connections without TLS, or nothing of what users did"
  }
  assert {
    condition     = aws_redshift_logging.this[0].log_exports == toset(["connectionlog", "useractivitylog", "userlog"]) && aws_redshift_logging.this[0].log_destination_type == "cloudwatch"
    error_message = "redshift: keeps no log"
  }
  assert {
    condition     = aws_redshift_cluster.this[0].vpc_security_group_ids == toset(["sg-redshift"]) && aws_redshift_cluster.this[0].availability_zone_relocation_enabled && aws_redshift_cluster.this[0].cluster_type == "multi-node"
    error_message = "redshift: in another group, bound to its zone, or one node"
  }

  # Cache -------------------------------------------------------------------------------------------------------------
  assert {
    condition     = aws_elasticache_replication_group.this[0].transit_encryption_enabled && aws_elasticache_replication_group.this[0].transit_encryption_mode == "required" && aws_elasticache_replication_group.this[0].at_rest_encryption_enabled == "true"
    error_message = "cache: plaintext"
  }
  assert {
    condition     = aws_elasticache_user.application[0].authentication_mode[0].type == "iam" && aws_elasticache_replication_group.this[0].auth_token == null && aws_elasticache_user.application[0].user_id == aws_elasticache_user.application[0].user_name
    error_message = "cache: a password"
  }
  assert {
    condition     = strcontains(aws_elasticache_user.application[0].access_string, "-@admin") && strcontains(aws_elasticache_user.application[0].access_string, "-@dangerous")
    error_message = "cache: applications may administer it"
  }
  assert {
    condition     = aws_elasticache_replication_group.this[0].automatic_failover_enabled && aws_elasticache_replication_group.this[0].multi_az_enabled
    error_message = "cache: one zone"
  }

  # Agent -------------------------------------------------------------------------------------------------------------
  assert {
    condition     = jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].readonlyRootFilesystem == true
    error_message = "agent: may write into its image"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].user == "10001:10001" && jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].privileged == false && jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"]
    error_message = "agent: root, or with capabilities"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].command == ["atlasctl", "agent"]
    error_message = "agent: another command"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].secrets == [{ name = "PGPASSWORD", valueFrom = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_agent:password::" }]
    error_message = "agent: a password instead of where it is"
  }
  assert {
    condition = { for e in jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].environment : e.name => e.value } == {
      PGHOST = "writer.example.internal", PGPORT = "5432", PGDATABASE = "atlas", PGUSER = "atlas_agent", PGSSLMODE = "verify-full", PGSSLROOTCERT = "/etc/ssl/certs/rds-global-bundle.pem"
    }
    error_message = "agent: not the writer, not with a verified certificate, or something in the environment that does not belong there"
  }
  assert {
    condition     = aws_ecs_service.agent[0].network_configuration[0].assign_public_ip == false && aws_ecs_service.agent[0].enable_execute_command == false
    error_message = "agent: a public address, or a shell"
  }
  assert {
    condition     = aws_ecs_service.agent[0].desired_count == 1 && aws_ecs_service.agent[0].deployment_maximum_percent == 100 && aws_ecs_service.agent[0].availability_zone_rebalancing == "DISABLED"
    error_message = "agent: two at a time"
  }
  assert {
    condition     = aws_ecs_task_definition.agent[0].execution_role_arn != aws_ecs_task_definition.agent[0].task_role_arn
    error_message = "agent: what starts it and what runs are one role"
  }
  assert {
    condition = alltrue([for s in jsondecode(aws_iam_role_policy.agent_execution.policy).Statement :
    alltrue([for a in s.Action : !strcontains(a, "*")]) && (s.Action == ["ecr:GetAuthorizationToken"] || alltrue([for r in flatten([s.Resource]) : startswith(r, "arn:")]))])
    error_message = "agent: its execution role may do more than start it"
  }
  assert {
    condition     = aws_ecr_repository.agent.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.agent.image_scanning_configuration[0].scan_on_push && strcontains(jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].image, "@sha256:")
    error_message = "agent: its image may be exchanged unseen"
  }

  # Trust -------------------------------------------------------------------------------------------------------------
  assert {
    condition = alltrue([for r in [aws_iam_role.flow, aws_iam_role.monitoring, aws_iam_role.proxy, aws_iam_role.agent_execution, aws_iam_role.agent_task, aws_iam_role.connect[0]] :
    jsondecode(r.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"])
    error_message = "trust: a role that a service may assume for another account"
  }
  assert {
    condition     = jsondecode(aws_iam_role.redshift[0].assume_role_policy).Statement[0].Condition == { StringLike = { "sts:ExternalId" = "arn:aws:redshift:eu-west-1:123456789012:dbuser:atlas-${var.environment}/*" } }
    error_message = "trust: Redshift may read Kafka for another account"
  }

  # Alarms ------------------------------------------------------------------------------------------------------------
  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.this : a.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:alarms"]) && a.ok_actions == a.alarm_actions])
    error_message = "alarms: one that tells nobody"
  }
  assert {
    condition = toset([for a in aws_cloudwatch_metric_alarm.this : "${a.namespace} ${a.metric_name}"]) == toset([
      "AWS/RDS CPUUtilization", "AWS/RDS FreeableMemory", "AWS/RDS FreeLocalStorage", "AWS/RDS MaximumUsedTransactionIDs", "AWS/RDS TransactionLogsDiskUsage",
      "AWS/RDS AuroraReplicaLag", "AWS/RDS OldestReplicationSlotLag", "AWS/RDS ReplicationSlotDiskUsage",
      "AWS/Kafka OfflinePartitionsCount", "AWS/Kafka UnderMinIsrPartitionCount", "AWS/Kafka KafkaDataLogsDiskUsed",
      "AWS/KafkaConnect ErroredTaskCount", "AWS/KafkaConnect RunningTaskCount",
      "AWS/Redshift HealthStatus", "AWS/Redshift PercentageDiskSpaceUsed", "AWS/Redshift CPUUtilization",
      "AWS/ElastiCache DatabaseMemoryUsagePercentage", "AWS/ElastiCache EngineCPUUtilization",
      "ECS/ContainerInsights RunningTaskCount",
    ])
    error_message = "alarms: not the metrics that are meant"
  }
  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.this : a.treat_missing_data == "breaching" if contains(["RunningTaskCount", "HealthStatus", "CPUUtilization", "OfflinePartitionsCount"], a.metric_name) && a.alarm_name != "atlas-${var.environment}-redshift-cpu"])
    error_message = "alarms: silence passes for health"
  }
  assert {
    condition     = length([for a in aws_cloudwatch_metric_alarm.this : a if a.metric_name == "KafkaDataLogsDiskUsed"]) == aws_msk_cluster.this[0].number_of_broker_nodes && length([for a in aws_cloudwatch_metric_alarm.this : a if a.metric_name == "FreeLocalStorage"]) == length(aws_rds_cluster_instance.this)
    error_message = "alarms: an instance or a broker without"
  }
  assert {
    condition     = toset([for a in aws_cloudwatch_metric_alarm.this : a.dimensions["CacheClusterId"] if a.namespace == "AWS/ElastiCache"]) == toset([for n in range(1, 1 + aws_elasticache_replication_group.this[0].num_cache_clusters) : format("atlas-%s-%03d", var.environment, n)])
    error_message = "alarms: a node of the cache without, and after a failover that is the primary"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 1 + length(toset([for a in aws_cloudwatch_metric_alarm.this : "${a.namespace} ${a.metric_name}"]))
    error_message = "dashboard: a metric with an alarm and without a chart"
  }
  assert {
    condition     = [for s in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : "${s.Effect} ${try(s.Condition.StringEquals["aws:SourceAccount"], s.Condition.Bool["aws:SecureTransport"])}"] == ["Allow 123456789012", "Deny false"]
    error_message = "alarms: anybody may publish, or in the clear"
  }
}
