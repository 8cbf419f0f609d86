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
    admin_access             = true
    admin_image              = "ami-0123456789abcdef0"
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
    condition     = toset([for k, e in aws_vpc_endpoint.interface : k]) == toset(["ec2messages", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages", "sts"])
    error_message = "network: not the endpoints that are needed, or more"
  }
  assert {
    condition     = aws_db_subnet_group.this.subnet_ids == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"]) && aws_db_proxy.this.vpc_subnet_ids == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"]) && aws_msk_cluster.this[0].broker_node_group_info[0].client_subnets == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"]) && aws_redshift_subnet_group.this[0].subnet_ids == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"]) && aws_elasticache_subnet_group.this[0].subnet_ids == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"])
    error_message = "network: a store outside the data subnets, or not in every zone"
  }
  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.interface : e.subnet_ids == toset(["subnet-service-a", "subnet-service-b", "subnet-service-c"])]) && aws_ecs_service.agent[0].network_configuration[0].subnets == toset(["subnet-service-a", "subnet-service-b", "subnet-service-c"]) && aws_mskconnect_connector.this[0].kafka_cluster[0].apache_kafka_cluster[0].vpc[0].subnets == toset(["subnet-service-a", "subnet-service-b", "subnet-service-c"]) && contains(toset(["subnet-service-a", "subnet-service-b", "subnet-service-c"]), aws_instance.admin[0].subnet_id)
    error_message = "network: what opens connections is not in the service subnets"
  }
  assert {
    condition     = { for k, a in aws_route_table_association.this : k => "${a.subnet_id} ${a.route_table_id}" } == merge([for tier in ["data", "service"] : { for z in ["a", "b", "c"] : "${tier}-eu-west-1${z}" => "subnet-${tier}-${z} rtb-${tier}" }]...) && aws_vpc_endpoint.s3.route_table_ids == toset(["rtb-service"])
    error_message = "network: the data subnets have the route to S3, or a subnet the other tier's table"
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
    condition = { for k in ["ssm", "ssmmessages", "ec2messages"] : k => join(" ", sort([for a in jsondecode(aws_vpc_endpoint.interface[k].policy).Statement[0].Action : trimprefix(a, "${k}:")])) } == {
      ssm         = "DescribeAssociation DescribeDocument GetDocument ListAssociations ListInstanceAssociations UpdateAssociationStatus UpdateInstanceAssociationStatus UpdateInstanceInformation"
      ssmmessages = "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"
      ec2messages = "AcknowledgeMessage DeleteMessage FailMessage GetEndpoint GetMessages SendReply"
    }
    error_message = "network: through SSM's endpoints more than sessions, as parameters of the account"
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
      "application-to-proxy", "application-to-cache", "proxy-to-aurora", "console-to-aurora", "console-to-redshift", "console-to-endpoints", "agent-to-aurora", "agent-to-endpoints",
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
  assert {
    condition = alltrue([for d in concat([for g in aws_security_group.this : g.description], [for r in aws_vpc_security_group_ingress_rule.flow : r.description],
      [for r in aws_vpc_security_group_egress_rule.flow : r.description], [for r in aws_vpc_security_group_egress_rule.s3 : r.description]) :
    can(regex("^[a-zA-Z0-9. _:/()#,@\\[\\]+=&;{}!$*-]{1,255}$", d))])
    error_message = "groups: a description with characters that EC2 refuses, or of more than 255"
  }
  assert {
    condition = {
      aurora   = aws_rds_cluster.this.vpc_security_group_ids
      proxy    = aws_db_proxy.this.vpc_security_group_ids
      kafka    = aws_msk_cluster.this[0].broker_node_group_info[0].security_groups
      connect  = aws_mskconnect_connector.this[0].kafka_cluster[0].apache_kafka_cluster[0].vpc[0].security_groups
      redshift = aws_redshift_cluster.this[0].vpc_security_group_ids
      cache    = aws_elasticache_replication_group.this[0].security_group_ids
      agent    = aws_ecs_service.agent[0].network_configuration[0].security_groups
      console  = aws_instance.admin[0].vpc_security_group_ids
    } == { for g in ["aurora", "proxy", "kafka", "connect", "redshift", "cache", "agent", "console"] : g => toset(["sg-${g}"]) }
    error_message = "groups: a part that carries another group than its own"
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
    condition     = aws_instance.admin[0].root_block_device[0].encrypted && aws_instance.admin[0].root_block_device[0].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/admin"
    error_message = "keys: the admin host without its customer key"
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

  # Other names, and the services would make groups of their own.
  assert {
    condition = toset([for g in concat([aws_cloudwatch_log_group.flow, aws_cloudwatch_log_group.proxy, aws_cloudwatch_log_group.agent, aws_cloudwatch_log_group.insights], aws_cloudwatch_log_group.cache[*],
      values(aws_cloudwatch_log_group.aurora), values(aws_cloudwatch_log_group.kafka), values(aws_cloudwatch_log_group.redshift)) : g.name]) == toset([for n in [
      "/atlas/ENV/vpc-flow", "/atlas/ENV/agent", "/atlas/ENV/cache-engine", "/atlas/ENV/kafka-broker", "/atlas/ENV/kafka-connect",
      "/aws/ecs/containerinsights/atlas-ENV/performance", "/aws/rds/proxy/atlas-ENV", "/aws/rds/cluster/atlas-ENV/postgresql", "/aws/rds/cluster/atlas-ENV/iam-db-auth-error",
      "/aws/redshift/cluster/atlas-ENV/connectionlog", "/aws/redshift/cluster/atlas-ENV/useractivitylog", "/aws/redshift/cluster/atlas-ENV/userlog",
    ] : replace(n, "ENV", var.environment)])
    error_message = "logs: not the names that the services write to"
  }

  # Secrets -----------------------------------------------------------------------------------------------------------
  assert {
    condition     = toset(keys(aws_secretsmanager_secret.login)) == toset(["atlas_ingest", "atlas_agent", "atlas_cdc"])
    error_message = "secrets: not those of the services' logins"
  }
  assert {
    condition = alltrue([for p in aws_secretsmanager_secret_policy.login : p.block_public_policy && jsondecode(p.policy).Statement == [
    { Sid = "TlsOnly", Effect = "Deny", Principal = "*", Action = "secretsmanager:*", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "false" } } }]])
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
    condition     = { for p in aws_rds_cluster_parameter_group.this.parameter : p.name => p.value if startswith(p.name, "autovacuum") } == { "autovacuum_vacuum_cost_limit" = "2000" }
    error_message = "aurora: autovacuum is held back, or looks less often than Aurora's does by itself"
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
  # Each is replaced before the old one goes, and AWS has no two of one name.
  assert {
    condition     = aws_msk_configuration.this[0].name == "atlas-${var.environment}-3-8-x" && can(regex("-[0-9a-f]{8}$", aws_mskconnect_worker_configuration.this[0].name)) && can(regex("-[0-9a-f]{8}$", aws_mskconnect_custom_plugin.this[0].name))
    error_message = "kafka: a name that the next version could not have, too"
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
    condition = [for s in jsondecode(aws_iam_role_policy.connect[0].policy).Statement : "${s.Sid}: ${join(" ", s.Action)} on ${join(" ", s.Resource)} if ${try(s.Condition.StringEquals["kms:ViaService"], "-")}"] == [
      "Cluster: kafka-cluster:Connect kafka-cluster:DescribeCluster kafka-cluster:WriteDataIdempotently on arn:aws:kafka:eu-west-1:123456789012:cluster/atlas/5e6f if -",
      "Topics: kafka-cluster:CreateTopic kafka-cluster:DescribeTopic kafka-cluster:ReadData kafka-cluster:WriteData on arn:aws:kafka:eu-west-1:123456789012:topic/atlas/5e6f/atlas.* arn:aws:kafka:eu-west-1:123456789012:topic/atlas/5e6f/__debezium-heartbeat.atlas arn:aws:kafka:eu-west-1:123456789012:topic/atlas/5e6f/__amazon_msk_connect_* if -",
      "Groups: kafka-cluster:AlterGroup kafka-cluster:DescribeGroup on arn:aws:kafka:eu-west-1:123456789012:group/atlas/5e6f/__amazon_msk_connect_* arn:aws:kafka:eu-west-1:123456789012:group/atlas/5e6f/connect-* if -",
      "Secret: secretsmanager:GetSecretValue secretsmanager:DescribeSecret on arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_cdc if -",
      "SecretKey: kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/secrets if secretsmanager.eu-west-1.amazonaws.com",
      "Authorities: s3:GetObject on arn:aws:s3:::atlas-plugins/rds-global-bundle.pem if -",
      "AuthoritiesKey: kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/artifacts if s3.eu-west-1.amazonaws.com",
    ]
    error_message = "connector: a role that may do more than it needs, or less"
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.redshift[0].policy).Statement : "${join(" ", s.Action)} on ${join(" ", s.Resource)}"] == [
      "kafka-cluster:Connect kafka-cluster:DescribeCluster kafka:GetBootstrapBrokers on arn:aws:kafka:eu-west-1:123456789012:cluster/atlas/5e6f",
      "kafka-cluster:DescribeTopic kafka-cluster:ReadData on arn:aws:kafka:eu-west-1:123456789012:topic/atlas/5e6f/atlas.*",
    ]
    error_message = "redshift: its role may do more with Kafka than read the stream"
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.flow.policy).Statement : "${join(" ", s.Action)} on ${join(" ", s.Resource)}"] == [
      "logs:CreateLogStream logs:PutLogEvents logs:DescribeLogStreams on arn:aws:logs:eu-west-1:123456789012:log-group:flow:*",
      "logs:DescribeLogGroups on arn:aws:logs:eu-west-1:123456789012:log-group:*",
    ]
    error_message = "network: the flow logs' role may write elsewhere"
  }

  # The plugin's bucket -----------------------------------------------------------------------------------------------
  assert {
    condition = alltrue([aws_s3_bucket_public_access_block.plugins[0].block_public_acls, aws_s3_bucket_public_access_block.plugins[0].block_public_policy,
    aws_s3_bucket_public_access_block.plugins[0].ignore_public_acls, aws_s3_bucket_public_access_block.plugins[0].restrict_public_buckets])
    error_message = "bucket: can be made public"
  }
  assert {
    condition = jsondecode(aws_s3_bucket_policy.plugins[0].policy).Statement == [
      { Sid = "TlsOnly", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = ["arn:aws:s3:::atlas-plugins", "arn:aws:s3:::atlas-plugins/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }
    ]
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
    condition = [for s in jsondecode(aws_iam_role_policy.agent_execution.policy).Statement : "${s.Sid}: ${join(" ", s.Action)} on ${join(" ", flatten([s.Resource]))} if ${try(s.Condition.StringEquals["kms:ViaService"], "-")}"] == [
      "Login: ecr:GetAuthorizationToken on * if -",
      "Image: ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage on arn:aws:ecr:eu-west-1:123456789012:repository/agent if -",
      "Log: logs:CreateLogStream logs:PutLogEvents on arn:aws:logs:eu-west-1:123456789012:log-group:agent:* if -",
      "Secret: secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:123456789012:secret:atlas_agent if -",
      "SecretKey: kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/secrets if secretsmanager.eu-west-1.amazonaws.com",
    ]
    error_message = "agent: its execution role may do more than start it"
  }
  assert {
    condition     = aws_ecr_repository.agent.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.agent.image_scanning_configuration[0].scan_on_push && strcontains(jsondecode(aws_ecs_task_definition.agent[0].container_definitions)[0].image, "@sha256:")
    error_message = "agent: its image may be exchanged unseen"
  }

  # The way in --------------------------------------------------------------------------------------------------------
  assert {
    condition     = aws_instance.admin[0].associate_public_ip_address == false && aws_instance.admin[0].ami == "ami-0123456789abcdef0" && length(data.aws_ssm_parameter.image) == 0
    error_message = "admin: a public address, or another image than the one named"
  }
  assert {
    condition     = aws_instance.admin[0].metadata_options[0].http_tokens == "required" && aws_instance.admin[0].metadata_options[0].http_put_response_hop_limit == 1
    error_message = "admin: its role's credentials for whoever can make it fetch an address"
  }
  assert {
    condition     = aws_iam_role_policy_attachment.admin[0].policy_arn == "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" && aws_iam_instance_profile.admin[0].role == aws_iam_role.admin[0].name && jsondecode(aws_iam_role.admin[0].assume_role_policy).Statement == [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
    error_message = "admin: its role may do more than answer SSM"
  }
  assert {
    condition     = output.admin_instance == "i-admin" && output.vpc_id == "vpc-atlas" && output.vpc_cidr == var.vpc_cidr && output.route_table_ids == { data = "rtb-data", service = "rtb-service" } && toset(output.data_subnets) == toset(["subnet-data-a", "subnet-data-b", "subnet-data-c"]) && toset(output.service_subnets) == toset(["subnet-service-a", "subnet-service-b", "subnet-service-c"])
    error_message = "outputs: not what a way in of one's own needs"
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
    condition = toset([for a in aws_cloudwatch_metric_alarm.this : "${a.namespace} ${a.metric_name} by ${join(", ", keys(a.dimensions))} ${a.comparison_operator == "GreaterThanThreshold" ? ">" : a.comparison_operator == "LessThanThreshold" ? "<" : "?"}"]) == toset([
      "AWS/RDS CPUUtilization by DBInstanceIdentifier >", "AWS/RDS FreeableMemory by DBInstanceIdentifier <", "AWS/RDS FreeLocalStorage by DBInstanceIdentifier <",
      "AWS/RDS MaximumUsedTransactionIDs by DBClusterIdentifier, Role >", "AWS/RDS TransactionLogsDiskUsage by DBClusterIdentifier, Role >",
      "AWS/RDS AuroraReplicaLag by DBClusterIdentifier, Role >", "AWS/RDS OldestReplicationSlotLag by DBClusterIdentifier, Role >", "AWS/RDS ReplicationSlotDiskUsage by DBClusterIdentifier, Role >",
      "AWS/Kafka OfflinePartitionsCount by Cluster Name >", "AWS/Kafka UnderMinIsrPartitionCount by Broker ID, Cluster Name >", "AWS/Kafka KafkaDataLogsDiskUsed by Broker ID, Cluster Name >",
      "AWS/KafkaConnect ErroredTaskCount by ConnectorName >", "AWS/KafkaConnect RunningTaskCount by ConnectorName <",
      "AWS/Redshift HealthStatus by ClusterIdentifier <", "AWS/Redshift PercentageDiskSpaceUsed by ClusterIdentifier >", "AWS/Redshift CPUUtilization by ClusterIdentifier >",
      "AWS/ElastiCache DatabaseMemoryUsagePercentage by CacheClusterId >", "AWS/ElastiCache EngineCPUUtilization by CacheClusterId >",
      "ECS/ContainerInsights RunningTaskCount by ClusterName, ServiceName <",
    ])
    error_message = "alarms: not the metrics that are meant, or by other dimensions, or on the wrong side"
  }
  assert {
    condition = { for k, a in aws_cloudwatch_metric_alarm.this : k => "${join(" ", values(a.dimensions))} ${a.threshold}" if !can(regex("^(aurora|kafka|cache)-[0-9]+-", k)) } == { for k, v in {
      "aurora-transaction-ids"   = "atlas-ENV WRITER 1000000000"
      "aurora-transaction-logs"  = "atlas-ENV WRITER 26843545600"
      "aurora-replica-lag"       = "atlas-ENV READER 2000"
      "aurora-slot-lag"          = "atlas-ENV WRITER 3221225472"
      "aurora-slot-spill"        = "atlas-ENV WRITER 10737418240"
      "kafka-offline-partitions" = "atlas-ENV 0"
      "connector-errors"         = "atlas-ENV-debezium 0"
      "connector-running"        = "atlas-ENV-debezium 1"
      "redshift-health"          = "atlas-ENV 1"
      "redshift-disk"            = "atlas-ENV 80"
      "redshift-cpu"             = "atlas-ENV 90"
      "agent-running"            = "atlas-ENV agent 1"
    } : k => replace(v, "ENV", var.environment) }
    error_message = "alarms: on something else, or at another figure"
  }
  assert {
    condition = { for k, a in aws_cloudwatch_metric_alarm.this : k => "${join(" ", values(a.dimensions))} ${a.threshold}" if can(regex("^(aurora-01|kafka-1|cache-1)-", k)) } == { for k, v in {
      "aurora-01-cpu"           = "atlas-ENV-01 80"
      "aurora-01-memory"        = "atlas-ENV-01 ${floor((var.environment == "prod" ? 128 : 8) * 1024 * 1024 * 1024 / 20)}"
      "aurora-01-local-storage" = "atlas-ENV-01 ${(var.environment == "prod" ? 20 : 4) * 1024 * 1024 * 1024}"
      "kafka-1-disk"            = "1 atlas-ENV 75"
      "kafka-1-under-min-isr"   = "1 atlas-ENV 0"
      "cache-1-memory"          = "atlas-ENV-001 85"
      "cache-1-cpu"             = "atlas-ENV-001 85"
    } : k => replace(v, "ENV", var.environment) }
    error_message = "alarms: an instance's, a broker's or a node's at another figure"
  }
  assert {
    # Without it Kafka counts nothing by broker.
    condition     = aws_msk_cluster.this[0].enhanced_monitoring == "PER_BROKER"
    error_message = "alarms: Kafka does not measure what they look at"
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
