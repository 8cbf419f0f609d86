# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016  # ${…} below is Terraform's
# What somebody may get wrong in infra/aws. Read by tst_terraform_mistakes.sh.
#   mistake NAME CHECK FILE FROM TO SAYS
# CHECK: fmt, validate, rules, or a file of tests and an environment. In FILE the first FROM becomes TO, literally.
# SAYS: what the check must say, with its lines joined.

# Terraform itself ------------------------------------------------------------------------------------------------------
mistake 'not formatted' fmt aurora.tf \
    '  engine_mode        = "provisioned"' '  engine_mode = "provisioned"' 'aurora.tf'
mistake 'a misspelt argument' validate aurora.tf \
    'storage_encrypted  ' 'storage_encypted  ' 'Unsupported argument'
mistake 'a wrong type' validate redshift.tf \
    'port                                 = 5439' 'port = "five"' 'a number is required'
mistake 'an argument that is missing' validate proxy.tf \
    'engine_family          = "POSTGRESQL"' '' 'Missing required argument'
mistake 'a block that there is not' validate proxy.tf \
    '  connection_pool_config {' '  pool {' 'Unsupported block type'
mistake 'two of a block that there is once' validate cdc.tf \
    '  client_authentication {' $'  configuration_info {\n    arn = "a"\n    revision = 1\n  }\n  client_authentication {' 'Too many configuration_info blocks'
mistake 'what only AWS decides' validate security.tf \
    'enable_key_rotation     = true' $'enable_key_rotation = true\n  arn = "arn"' 'unconfigurable attribute'
mistake 'a reference to nothing' validate proxy.tf \
    'aws_iam_role.proxy.arn' 'aws_iam_role.proxi.arn' 'Reference to undeclared resource'
mistake 'an attribute that there is not' validate outputs.tf \
    'aws_rds_cluster.this.endpoint' 'aws_rds_cluster.this.end_point' 'Unsupported attribute'
mistake 'a variable that is not declared' validate cache.tf \
    'var.cache_node_type' 'var.cache_type' 'Reference to undeclared input variable'
mistake 'a type that the schema lacks' validate network.tf \
    'resource "aws_flow_log" "this"' 'resource "aws_flow_logs" "this"' 'does not support resource type "aws_flow_logs"'
mistake 'a type that is used and not in schema.json' rules cache.tf \
    'resource "aws_elasticache_subnet_group"' $'resource "aws_elasticache_cluster" "old" {\n}\n\nresource "aws_elasticache_subnet_group"' \
    'aws_elasticache_cluster is missing: run infra/check/update-schema.sh'

# Network and groups ----------------------------------------------------------------------------------------------------
mistake 'an open ingress' 'everything prod' security.tf \
    'referenced_security_group_id = aws_security_group.this[each.value.from].id' 'cidr_ipv4 = "0.0.0.0/0"' \
    'groups: a rule that names addresses instead of a group'
mistake 'an open egress' rules security.tf \
    'prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id' 'cidr_ipv4 = "0.0.0.0/0"' 'no way in from the internet, none out: security.tf'
mistake 'a gateway to the internet' rules network.tf \
    'resource "aws_flow_log" "this" {' $'resource "aws_internet_gateway" "this" {\n}\n\nresource "aws_flow_log" "this" {' \
    'no way in from the internet, none out: network.tf'
mistake 'every port' 'everything prod' security.tf \
    'to_port                      = each.value.port' 'to_port = 65535' 'groups: a rule for more than one port of a service'
mistake 'a database that opens connections' 'everything prod' security.tf \
    'console-to-redshift  = {' $'aurora-to-kafka = { from = "aurora", to = "kafka", port = 9098 }\n console-to-redshift  = {' \
    'groups: a database opens connections'
mistake 'people past the proxy into Kafka' 'everything prod' security.tf \
    'console-to-redshift  = {' $'console-to-kafka = { from = "console", to = "kafka", port = 9098 }\n console-to-redshift  = {' \
    'groups: not the flows that are meant'
mistake 'the default group left open' 'everything prod' network.tf \
    'ingress = []' 'ingress = [{ from_port = 0, to_port = 0, protocol = "-1", self = true, cidr_blocks = [], ipv6_cidr_blocks = [], prefix_list_ids = [], security_groups = [], description = "" }]' \
    'network: the default group lets something through'
mistake 'public addresses' 'everything prod' network.tf \
    'map_public_ip_on_launch = false' 'map_public_ip_on_launch = true' 'none of which gives out public addresses'
mistake 'an endpoint for every secret' 'everything prod' network.tf \
    'resources = [for s in aws_secretsmanager_secret.login : s.arn]' 'resources = ["*"]' \
    "network: other secrets than the services' may be read through the endpoint"
mistake 'flow logs of what was refused only' 'everything dev' network.tf \
    'traffic_type             = "ALL"' 'traffic_type = "REJECT"' 'network: flow logs miss traffic'
mistake 'a missing zone' 'environments prod' env/prod.tfvars \
    '"eu-west-1b", "eu-west-1c"]' ']' 'availability_zones: two at least'
mistake 'Kafka in two zones' 'environments prod' env/prod.tfvars \
    ', "eu-west-1c"]' ']' 'cdc_mode debezium needs three zones'

# Keys ------------------------------------------------------------------------------------------------------------------
mistake 'a database without a key' 'everything prod' aurora.tf \
    'kms_key_id                          = aws_kms_key.this["aurora"].arn' '' 'keys: Aurora without its customer key'
mistake 'a database that is not encrypted' 'everything prod' aurora.tf \
    'storage_encrypted                   = true' 'storage_encrypted = false' 'aurora: storage is not encrypted'
mistake 'a warehouse without a key' 'everything prod' redshift.tf \
    'kms_key_id                           = aws_kms_key.this["redshift"].arn' '' 'keys: Redshift without its customer key'
mistake 'a topic without a key' 'everything prod' monitoring.tf \
    'kms_master_key_id = aws_kms_key.this["alarms"].arn' '' 'keys: the topic without its customer key'
mistake "a bucket with AWS's key" 'everything prod' cdc.tf \
    'kms_master_key_id = aws_kms_key.this["artifacts"].arn' 'kms_master_key_id = "alias/aws/s3"' 'keys: the bucket without its customer key'
mistake 'a key that is never rotated' 'everything prod' security.tf \
    'enable_key_rotation     = true' 'enable_key_rotation = false' 'keys: one is not rotated every year'
mistake 'a key that any service may use' 'everything prod' security.tf \
    'Condition = { StringEquals = { "aws:SourceAccount" = local.account } }' 'Condition = {}' 'keys: a service may use a key without a condition'
mistake 'a log without an end' 'everything prod' agent.tf \
    'retention_in_days = var.log_retention_days' 'retention_in_days = 0' 'logs: a group without key or end'
mistake 'an integration without a key' 'zero_etl prod' cdc.tf \
    'kms_key_id       = aws_kms_key.this["integration"].arn' '' 'not from Aurora to the warehouse with a key of its own'

# Secrets ---------------------------------------------------------------------------------------------------------------
mistake 'a secret in a variable' rules variables.tf \
    'variable "region" {' $'variable "master_password" {\n  type = string\n}\n\nvariable "region" {' \
    'no secret in a variable, an output or the state: variable master_password'
mistake 'a password in the module' rules aurora.tf \
    'manage_master_user_password   = true' 'master_password = "correct horse"' 'no secret in a variable, an output or the state: aurora.tf'
mistake 'a password in a file of values' rules env/dev.tfvars \
    'cdc_mode = "zero_etl"' $'cdc_mode = "zero_etl"\nmaster_password = "battery staple"' 'no secret in a variable, an output or the state: env/dev.tfvars'
mistake 'a secret in the state' rules security.tf \
    'resource "aws_secretsmanager_secret_policy" "login" {' $'resource "aws_secretsmanager_secret_version" "login" {\n}\n\nresource "aws_secretsmanager_secret_policy" "login" {' \
    'no secret in a variable, an output or the state: security.tf'
mistake 'a password in the environment' 'everything prod' agent.tf \
    '{ name = "PGPORT", value = "5432" },' '{ name = "PGPASSWORD", value = "staple" },' 'something in the environment that does not belong there'
mistake 'a password in the connector' 'everything prod' cdc.tf \
    '"$${secretsmanager:${aws_secretsmanager_secret.login["atlas_cdc"].name}:password}"' '"staple"' 'connector: a password instead of where it is'
mistake 'a role that reads every secret' 'everything prod' proxy.tf \
    'Resource = [aws_secretsmanager_secret.login["atlas_ingest"].arn]' 'Resource = ["*"]' 'proxy: its role reads more than one secret with one key'

# Transport and logins --------------------------------------------------------------------------------------------------
mistake 'a database without TLS' 'everything prod' aurora.tf \
    '"rds.force_ssl"                     = "1"' '"rds.force_ssl" = "0"' 'aurora: connections without TLS'
mistake 'a warehouse without TLS' 'everything prod' redshift.tf \
    'require_ssl                  = "true"' 'require_ssl = "false"' 'redshift: connections without TLS'
mistake 'a proxy without TLS' 'everything prod' proxy.tf \
    'require_tls            = true' 'require_tls = false' 'proxy: takes connections without TLS'
mistake 'plaintext to Kafka' 'everything prod' cdc.tf \
    'client_broker = "TLS"' 'client_broker = "TLS_PLAINTEXT"' 'kafka: plaintext'
mistake 'plaintext to the cache' 'everything prod' cache.tf \
    'transit_encryption_enabled = true' 'transit_encryption_enabled = false' 'cache: plaintext'
mistake 'a certificate that nobody looks at' 'everything prod' agent.tf \
    '"verify-full"' '"require"' 'agent: not the writer, not with a verified certificate'
mistake 'a connector that talks to whatever answers' 'everything prod' cdc.tf \
    '"database.sslmode"     = "verify-full"' '"database.sslmode" = "require"' 'connector: talks to whatever calls itself the database'
mistake 'a bucket that is read in the clear' 'everything prod' cdc.tf \
    'Effect    = "Deny"' 'Effect    = "Allow"' 'bucket: may be read in the clear'
mistake 'Kafka for everybody' 'everything prod' cdc.tf \
    'unauthenticated = false' 'unauthenticated = true' 'kafka: takes others than those IAM knows'
mistake 'a proxy without IAM' 'everything prod' proxy.tf \
    'iam_auth                  = "REQUIRED"' 'iam_auth = "DISABLED"' 'proxy: not by IAM alone'
mistake 'a cache without a login' 'everything prod' cache.tf \
    'type = "iam"' 'type = "no-password-required"' 'cache: a password'
mistake 'a role for every account' 'everything prod' agent.tf \
    'StringEquals = { "aws:SourceAccount" = local.account }' 'StringEquals = { "aws:SourceAccount" = "*" }' 'trust: a role that a service may assume for another account'

mistake "somebody else's warehouse" 'everything prod' redshift.tf \
    ':dbuser:' ':*:' 'trust: Redshift may read Kafka for another account'
mistake "somebody else's integration" 'zero_etl prod' security.tf \
    'StringEquals                = { "kms:EncryptionContext:atlas" = local.name }' '' "zero_etl: Redshift cannot use the integration's key, or may use it for others"

# Public ----------------------------------------------------------------------------------------------------------------
mistake 'a public instance' 'everything prod' aurora.tf \
    'publicly_accessible  = false' 'publicly_accessible = true' 'aurora: an instance is public'
mistake 'public brokers' 'everything prod' cdc.tf \
    'type = "DISABLED"' 'type = "SERVICE_PROVIDED_EIPS"' 'kafka: public'
mistake 'a bucket that may be made public' 'everything prod' cdc.tf \
    'restrict_public_buckets = true' 'restrict_public_buckets = false' 'bucket: can be made public'
mistake 'a public warehouse' 'zero_etl dev' redshift.tf \
    $'publicly_accessible  = false\n  port                 = 5439' $'publicly_accessible = true\n  port = 5439' 'serverless: routed around the VPC, public'
mistake 'a task with a public address' 'everything prod' agent.tf \
    'assign_public_ip = false' 'assign_public_ip = true' 'agent: a public address'

# The change stream -----------------------------------------------------------------------------------------------------
mistake 'a proxied change stream' 'everything prod' cdc.tf \
    '"database.hostname" = aws_rds_cluster.this.endpoint' '"database.hostname" = aws_db_proxy.this.endpoint' 'connector: not at the writer itself'
mistake 'one stream per partition' 'everything prod' cdc.tf \
    '"publication.autocreate.mode" = "disabled"' '"publication.autocreate.mode" = "all_tables"' "connector: not the schema's publication"
mistake 'a stream without the heartbeat' 'everything prod' versions.tf \
    ', "heartbeat"]' ']' 'connector: without the heartbeat the slot stands still'
mistake 'brokers in four zones' 'none prod' cdc.tf \
    'slice(local.data_subnets, 0, 3)' 'local.data_subnets' 'debezium: brokers in another number of zones than three'
mistake 'confirmed by one broker' 'everything prod' cdc.tf \
    'min.insync.replicas=2' 'min.insync.replicas=1' 'kafka: may lose what it has confirmed'
mistake 'one node with zero-ETL' 'environments dev' env/dev.tfvars \
    'redshift_type          = "serverless"' $'redshift_type = "provisioned"\nredshift_node_count = 1' 'a cluster of two RA3 nodes at least'
mistake 'dc2' 'environments prod' env/prod.tfvars \
    '"ra3.4xlarge"' '"dc2.8xlarge"' 'dc2 is no longer sold'
mistake 'zero-ETL without its parameter' 'zero_etl prod' aurora.tf \
    '"aurora.enhanced_logical_replication" = "1"' '"aurora.enhanced_logical_replication" = "0"' 'zero_etl: not the parameters'
mistake 'zero-ETL to a warehouse that folds names' 'zero_etl prod' redshift.tf \
    'enable_case_sensitive_identifier = "true"' 'enable_case_sensitive_identifier = "false"' 'zero_etl: case-sensitive identifiers'
mistake 'an integration from anywhere' 'zero_etl prod' redshift.tf \
    'StringEquals = { "aws:SourceArn" = aws_rds_cluster.this.arn }' 'StringEquals = { "aws:SourceArn" = "*" }' 'zero_etl: the warehouse takes in what comes from elsewhere'
mistake 'an engine from before zero-ETL' 'environments prod' env/prod.tfvars \
    'aurora_reader_count   = 2' $'aurora_reader_count = 2\naurora_engine_version = "15.10"' 'aurora_engine_version is 16.4 or later'

# Running it ------------------------------------------------------------------------------------------------------------
mistake 'prod that may be deleted' 'environments prod' aurora.tf \
    'deletion_protection          = local.production' 'deletion_protection = false' 'prod: Aurora may be deleted'
mistake 'prod without a last snapshot' 'environments prod' redshift.tf \
    'skip_final_snapshot                 = !local.production' 'skip_final_snapshot = true' 'prod: Redshift may be deleted without a last snapshot'
mistake 'too few days of backup' 'environments prod' env/prod.tfvars \
    'aurora_backup_days    = 35' 'aurora_backup_days = 3' 'aurora_backup_days: 14 at least in prod'
mistake 'a container that writes into its image' 'everything prod' agent.tf \
    'readonlyRootFilesystem = true' 'readonlyRootFilesystem = false' 'agent: may write into its image'
mistake 'a container as root' 'everything prod' agent.tf \
    '"10001:10001"' '"0:0"' 'agent: root, or with capabilities'
mistake 'two agents' 'everything prod' agent.tf \
    'deployment_maximum_percent         = 100' 'deployment_maximum_percent = 200' 'agent: two at a time'
mistake 'an image that may be exchanged' 'everything prod' agent.tf \
    '"IMMUTABLE"' '"MUTABLE"' 'agent: its image may be exchanged unseen'
mistake 'an agent that is moved to another zone' 'everything prod' agent.tf \
    '"DISABLED"' '"ENABLED"' 'agent: two at a time'
mistake 'a cache of which one node is watched' 'everything prod' monitoring.tf \
    'range(1, var.cache_enabled ? 2 + var.cache_replicas : 1)' 'range(1, var.cache_enabled ? 2 : 1)' 'alarms: a node of the cache without'
mistake 'an alarm that tells nobody' 'everything prod' monitoring.tf \
    'alarm_actions       = [aws_sns_topic.alarms.arn]' 'alarm_actions = []' 'alarms: one that tells nobody'
mistake 'a misspelt metric' 'everything prod' monitoring.tf \
    '"AuroraReplicaLag"' '"AuroraReplicationLag"' 'alarms: not the metrics that are meant'
mistake 'silence that passes for health' 'everything prod' monitoring.tf \
    '? "breaching"' '? "notBreaching"' 'alarms: silence passes for health'

# What is said of variables ---------------------------------------------------------------------------------------------
mistake 'a variable without a description' rules variables.tf \
    'description = "AWS region of everything here."' '' 'region has no description'
mistake 'a variable without a validation' rules variables.tf \
    'variable "region" {' $'variable "anything" {\n  type        = string\n  description = "Anything."\n}\n\nvariable "region" {' 'anything has no validation'
mistake 'a validation without a test' rules variables.tf \
    '  validation {' $'  validation {\n    condition     = var.environment != "test"\n    error_message = "No."\n  }\n\n  validation {' 'every validation has an expect_failures: environment'
mistake 'a validation that lets everything through' 'validations prod' variables.tf \
    'can(regex("^sha256:[0-9a-f]{64}$", var.agent_image_digest))' 'true' 'var.agent_image_digest, was expected to report an error but did not'
mistake 'an output without a description' rules outputs.tf \
    'description = "Topic of the alarms."' '' 'outputs are described: alarm_topic_arn'
