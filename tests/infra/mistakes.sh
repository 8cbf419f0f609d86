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
mistake 'a zone too many' 'environments prod' env/prod.tfvars \
    '"eu-west-1c"]' '"eu-west-1c", "eu-west-1d"]' 'three at most (Aurora spans no more)'
mistake 'Kafka in two zones' 'environments prod' env/prod.tfvars \
    ', "eu-west-1c"]' ']' 'cdc_mode debezium needs three zones'
mistake 'an apostrophe that EC2 refuses' 'everything prod' security.tf \
    '"The task of the agent"' $'"The agent\'s task"' 'groups: a description with characters that EC2 refuses'
mistake "a database in people's group" 'everything prod' aurora.tf \
    'aws_security_group.this["aurora"].id' 'aws_security_group.this["console"].id' 'groups: a part that carries another group than its own'
mistake "a connector in Kafka's group" 'everything prod' cdc.tf \
    'aws_security_group.this["connect"].id' 'aws_security_group.this["kafka"].id' 'groups: a part that carries another group than its own'
mistake 'a serverless warehouse in another group' 'debezium prod' redshift.tf \
    'security_group_ids   = [aws_security_group.this["redshift"].id]' 'security_group_ids = [aws_security_group.this["application"].id]' 'serverless: in another group or other subnets'
mistake 'a proxy among the services' 'everything prod' proxy.tf \
    'local.data_subnets' 'local.service_subnets' 'network: a store outside the data subnets'
mistake 'an agent among the data' 'everything prod' agent.tf \
    'local.service_subnets' 'local.data_subnets' 'network: what opens connections is not in the service subnets'
mistake 'a way from the data to S3' 'everything prod' network.tf \
    'route_table_ids   = [aws_route_table.this["service"].id]' 'route_table_ids = [for t in aws_route_table.this : t.id]' 'network: the data subnets have the route to S3'
mistake 'a rule that no test looks at' rules security.tf \
    'resource "aws_vpc_security_group_egress_rule" "s3" {' $'resource "aws_vpc_security_group_ingress_rule" "office" {\n}\n\nresource "aws_vpc_security_group_egress_rule" "s3" {' \
    'rules name groups, and are those that are tested: security.tf: aws_vpc_security_group_ingress_rule.office'
mistake 'a rule for addresses' rules security.tf \
    'referenced_security_group_id = aws_security_group.this[each.value.from].id' 'cidr_ipv4 = "10.0.0.0/8"' 'rules name groups, and are those that are tested: security.tf'
mistake 'a route' rules network.tf \
    $'for_each = toset(["data", "service"])\n' $'for_each = toset(["data", "service"])\n  route {\n    cidr_block = "10.0.0.0/8"\n  }\n' 'no way to another network: network.tf'
mistake 'a peering' rules network.tf \
    'resource "aws_flow_log" "this" {' $'resource "aws_vpc_peering_connection" "this" {\n}\n\nresource "aws_flow_log" "this" {' 'no way to another network: network.tf'
mistake 'a transit gateway' rules network.tf \
    'resource "aws_flow_log" "this" {' $'resource "aws_ec2_transit_gateway_vpc_attachment" "this" {\n}\n\nresource "aws_flow_log" "this" {' 'no way to another network: network.tf'
mistake 'flow logs that write everywhere' 'everything prod' network.tf \
    'Resource = ["${aws_cloudwatch_log_group.flow.arn}:*"]' 'Resource = ["*"]' "network: the flow logs' role may write elsewhere"

# The way in ------------------------------------------------------------------------------------------------------------
mistake 'a way in that nobody asked for' 'environments dev' env/dev.tfvars \
    'cdc_mode = "none"' $'cdc_mode = "none"\nadmin_access = true' 'a way in that nobody asked for'
mistake 'a way in to prod by whatever image is newest' 'environments prod' env/prod.tfvars \
    'cache_enabled = false' $'cache_enabled = false\nadmin_access = true' 'admin_access: in prod with an admin_image of your choice'
mistake 'a host with a public address' rules admin.tf \
    'associate_public_ip_address = false' 'associate_public_ip_address = true' 'no way in from the internet, none out: admin.tf'
mistake 'a host with a key pair' rules admin.tf \
    'ebs_optimized               = true' $'ebs_optimized = true\n  key_name = "mine"' 'nobody logs in to a host over the network: admin.tf'
mistake 'a host that gives its credentials away' 'everything prod' admin.tf \
    'http_tokens                 = "required"' 'http_tokens = "optional"' "admin: its role's credentials for whoever can make it fetch an address"
mistake 'a host that may do anything' 'everything prod' admin.tf \
    'AmazonSSMManagedInstanceCore"' 'AdministratorAccess"' 'admin: its role may do more than answer SSM'
mistake "a host that reads the account's parameters" 'everything prod' network.tf \
    '"ssm:GetDocument"' '"ssm:GetDocument", "ssm:GetParameter"' "network: through SSM's endpoints more than sessions"
mistake 'a host without a key' 'everything prod' admin.tf \
    'kms_key_id  = aws_kms_key.this["admin"].arn' '' 'keys: the admin host without its customer key'
mistake 'a host that SSM cannot reach' 'admin prod' network.tf \
    '"ssmmessages" = {' '"sms" = {' "admin: SSM's agent finds nobody to register with"

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
mistake 'a log without a key' rules agent.tf \
    $'  kms_key_id        = aws_kms_key.this["logs"].arn\n' '' 'every log group has the key and an end: agent.tf: agent: kms_key_id'
mistake 'a log under a name that nothing writes to' 'everything prod' proxy.tf \
    '"/aws/rds/proxy/' '"/atlas/proxy/' 'logs: not the names that the services write to'
mistake 'an integration without a key' 'zero_etl prod' cdc.tf \
    'kms_key_id       = aws_kms_key.this["integration"].arn' '' 'not from Aurora to the warehouse with a key of its own'

# Secrets ---------------------------------------------------------------------------------------------------------------
mistake 'a secret in a variable' rules variables.tf \
    'variable "region" {' $'variable "master_password" {\n  type = string\n}\n\nvariable "region" {' \
    'no secret in a variable, an output or the state: variable master_password'
mistake 'a password in the module' rules aurora.tf \
    'manage_master_user_password   = true' 'master_password = "correct horse"' 'no secret in a variable, an output or the state: aurora.tf'
mistake 'a password in a file of values' rules env/dev.tfvars \
    'cdc_mode = "none"' $'cdc_mode = "none"\nmaster_password = "battery staple"' 'no secret in a variable, an output or the state: env/dev.tfvars'
mistake 'a secret in the state' rules security.tf \
    'resource "aws_secretsmanager_secret_policy" "login" {' $'resource "aws_secretsmanager_secret_version" "login" {\n}\n\nresource "aws_secretsmanager_secret_policy" "login" {' \
    'no secret in a variable, an output or the state: security.tf'
mistake 'a password in the environment' 'everything prod' agent.tf \
    '{ name = "PGPORT", value = "5432" },' '{ name = "PGPASSWORD", value = "staple" },' 'something in the environment that does not belong there'
mistake 'a password in the connector' 'everything prod' cdc.tf \
    '"$${secretsmanager:${aws_secretsmanager_secret.login["atlas_cdc"].name}:password}"' '"staple"' 'connector: a password instead of where it is'
mistake 'a secret that is read in the clear' 'everything prod' security.tf \
    '"aws:SecureTransport" = "false"' '"aws:SecureTransport" = "true"' 'secrets: may be read in the clear'
mistake 'a secret whose name stays taken' 'environments dev' security.tf \
    '? 30 : 0' '? 30 : 7' 'dev: its name is free at once'
mistake 'a connector that reads the whole bucket' 'everything prod' cdc.tf \
    'Resource = ["${aws_s3_bucket.plugins[0].arn}/${local.authorities_key}"]' 'Resource = ["${aws_s3_bucket.plugins[0].arn}/*"]' 'connector: a role that may do more than it needs'
mistake 'a warehouse that writes into Kafka' 'everything prod' redshift.tf \
    '"kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"]' '"kafka-cluster:DescribeTopic", "kafka-cluster:ReadData", "kafka-cluster:WriteData"]' 'redshift: its role may do more with Kafka'
mistake 'an agent that pulls any image' 'everything prod' agent.tf \
    'Resource = [aws_ecr_repository.agent.arn]' 'Resource = ["*"]' 'agent: its execution role may do more than start it'
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
mistake 'two configurations of one name' 'everything prod' cdc.tf \
    '"${local.name}-${replace(local.kafka_version, ".", "-")}"' 'local.name' 'kafka: a name that the next version could not have'
mistake 'confirmed by one broker' 'everything prod' cdc.tf \
    'min.insync.replicas=2' 'min.insync.replicas=1' 'kafka: may lose what it has confirmed'
mistake 'one node with zero-ETL' 'environments dev' env/dev.tfvars \
    $'cdc_mode = "none"\n\nredshift_type              = "serverless"' $'cdc_mode = "zero_etl"\nredshift_type = "provisioned"\nredshift_node_count = 1' 'a cluster of two RA3 nodes at least'
mistake 'dc2' 'environments prod' env/prod.tfvars \
    '"ra3.4xlarge"' '"dc2.8xlarge"' 'dc2 is no longer sold'
mistake 'zero-ETL without its parameter' 'zero_etl prod' aurora.tf \
    '"aurora.enhanced_logical_replication" = "1"' '"aurora.enhanced_logical_replication" = "0"' 'zero_etl: not the parameters'
mistake 'zero-ETL to a warehouse that folds names' 'zero_etl prod' redshift.tf \
    'enable_case_sensitive_identifier = "true"' 'enable_case_sensitive_identifier = "false"' 'zero_etl: case-sensitive identifiers'
mistake 'an integration before there are tables' 'zero_etl prod' cdc.tf \
    'local.zero_etl && var.zero_etl_started ? 1 : 0' 'local.zero_etl ? 1 : 0' 'zero_etl: an integration without tables'
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
mistake 'an alarm on the writer instead of the readers' 'everything prod' monitoring.tf \
    'dimensions = local.readers' 'dimensions = local.writer' 'alarms: on something else, or at another figure'
mistake 'an alarm by a dimension that there is not' 'everything prod' monitoring.tf \
    '{ ConnectorName = ' '{ Connector = ' 'alarms: not the metrics that are meant, or by other dimensions'
mistake 'an alarm on the wrong side' 'everything prod' monitoring.tf \
    'below = 1, minutes = 3' 'above = 1, minutes = 3' 'or on the wrong side'
mistake 'an alarm at four gigabytes for every class' 'everything prod' monitoring.tf \
    'below = floor(local.aurora_memory_gib * local.gib / 20)' 'below = 4 * local.gib' "alarms: an instance's, a broker's or a node's at another figure"
mistake 'brokers that measure nothing' 'everything prod' cdc.tf \
    '"PER_BROKER"' '"DEFAULT"' 'alarms: Kafka does not measure what they look at'
mistake 'autovacuum that looks less often' 'everything prod' aurora.tf \
    '"autovacuum_vacuum_cost_limit" = "2000"' $'"autovacuum_vacuum_cost_limit" = "2000"\n      "autovacuum_naptime" = "60"' 'aurora: autovacuum is held back'
mistake 'a month without a bound' 'environments dev' env/dev.tfvars \
    'redshift_monthly_rpu_hours = 200' '' 'sizes: what Redshift Serverless may cost in a month'
mistake 'a bound that only counts' 'environments dev' redshift.tf \
    '"deactivate"' '"log"' 'sizes: what Redshift Serverless may cost in a month'
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
mistake 'a class that is refused' 'validations prod' variables.tf \
    'r(6g|7g)\\.(large|(|2|' 'r(6g|7g)\\.(large|(2|' 'aurora_instance_class is a class of Aurora PostgreSQL'
mistake 'brokers that are refused' 'validations prod' variables.tf \
    'm7g\\.(large|(|2|' 'm7g\\.(large|(2|' 'msk_broker_type is a class of standard brokers'
mistake 'a cache that is refused' 'validations prod' variables.tf \
    '[mr]7g\\.(large|(|2|' '[mr]7g\\.(large|(2|' 'cache_node_type is a Graviton class'
mistake 'a class that there is not' 'validations prod' variables.tf \
    'r(6g|7g)\\.(large|(|2|4|8|12|16)' 'r(6g|7g)\\.(large|(|2|4|8|12|16|24)' 'var.aurora_instance_class, was expected to report an error but did not'
mistake 'steps that nobody looks at' 'validations prod' variables.tf \
    ' && var.redshift_max_capacity % 8 == 0' '' 'var.redshift_max_capacity, was expected to report an error but did not'
