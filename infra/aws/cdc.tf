# SPDX-License-Identifier: GPL-3.0-or-later
# How the warehouse is fed: cdc_mode. What each costs and where it breaks is in README.md.

# debezium: Aurora's log → Debezium on MSK Connect → Kafka → streaming ingestion in Redshift ----------------------------

resource "aws_cloudwatch_log_group" "kafka" {
  for_each = toset(local.debezium ? ["broker", "connect"] : [])

  name              = "/atlas/${var.environment}/kafka-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

resource "aws_msk_configuration" "this" {
  count = local.debezium ? 1 : 0

  # Another version is another configuration, made before the old one goes: two of one name cannot be.
  name           = "${local.name}-${replace(local.kafka_version, ".", "-")}"
  kafka_versions = [local.kafka_version]
  # A change counts as written when two of three brokers have it; a broker that was behind never leads.
  server_properties = <<-END
    auto.create.topics.enable=false
    default.replication.factor=3
    min.insync.replicas=2
    unclean.leader.election.enable=false
    log.retention.hours=${var.msk_retention_hours}
    message.max.bytes=1048588
  END

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_msk_cluster" "this" {
  count = local.debezium ? 1 : 0

  cluster_name           = local.name
  kafka_version          = local.kafka_version
  number_of_broker_nodes = local.brokers
  enhanced_monitoring    = "PER_BROKER"

  broker_node_group_info {
    instance_type   = var.msk_broker_type
    az_distribution = "DEFAULT"
    client_subnets  = local.data_subnets
    security_groups = [aws_security_group.this["kafka"].id]

    storage_info {
      ebs_storage_info {
        volume_size = var.msk_volume_gb
      }
    }

    connectivity_info {
      public_access {
        type = "DISABLED"
      }
    }
  }

  client_authentication {
    unauthenticated = false

    sasl {
      iam   = true
      scram = false
    }
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = aws_kms_key.this["kafka"].arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this[0].arn
    revision = aws_msk_configuration.this[0].latest_revision
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.kafka["broker"].name
      }
    }
  }
}

# The plugin (Debezium's PostgreSQL connector and AWS's config providers, one zip) and the certificate authorities of RDS,
# uploaded by hand.
resource "aws_s3_bucket" "plugins" {
  count = local.debezium ? 1 : 0

  bucket_prefix = "${local.name}-plugins-"
  force_destroy = !local.production
}

resource "aws_s3_bucket_ownership_controls" "plugins" {
  count = local.debezium ? 1 : 0

  bucket = aws_s3_bucket.plugins[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "plugins" {
  count = local.debezium ? 1 : 0

  bucket                  = aws_s3_bucket.plugins[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "plugins" {
  count = local.debezium ? 1 : 0

  bucket = aws_s3_bucket.plugins[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "plugins" {
  count = local.debezium ? 1 : 0

  bucket = aws_s3_bucket.plugins[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this["artifacts"].arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "plugins" {
  count = local.debezium ? 1 : 0

  bucket = aws_s3_bucket.plugins[0].id

  rule {
    id     = "leftovers"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 365
    }
  }

  depends_on = [aws_s3_bucket_versioning.plugins]
}

resource "aws_s3_bucket_policy" "plugins" {
  count = local.debezium ? 1 : 0

  bucket = aws_s3_bucket.plugins[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.plugins[0].arn, "${aws_s3_bucket.plugins[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.plugins]
}

locals {
  kafka_version = "3.8.x"
  # With references to where passwords are. Kafka's own client settings (SASL_SSL, AWS_MSK_IAM) are set by MSK Connect from
  # kafka_cluster_client_authentication.
  worker_properties = <<-END
    key.converter=org.apache.kafka.connect.json.JsonConverter
    key.converter.schemas.enable=false
    value.converter=org.apache.kafka.connect.json.JsonConverter
    value.converter.schemas.enable=false
    offset.storage.topic=__amazon_msk_connect_offsets_${local.name}
    config.providers=secretsmanager,s3import
    config.providers.secretsmanager.class=com.amazonaws.kafka.config.providers.SecretsManagerConfigProvider
    config.providers.secretsmanager.param.region=${var.region}
    config.providers.s3import.class=com.amazonaws.kafka.config.providers.S3ImportConfigProvider
    config.providers.s3import.param.region=${var.region}
  END
  brokers           = 3 * var.msk_brokers_per_zone
  plugin_key        = "debezium-connector-postgresql.zip"
  # Of RDS's certificates.
  authorities_key = "rds-global-bundle.pem"
  connector       = local.debezium && var.connector_plugin_version != null ? 1 : 0

  # arn:…:cluster/NAME/UUID → arn:…:topic/NAME/UUID, group/NAME/UUID
  kafka_arn    = local.debezium ? aws_msk_cluster.this[0].arn : ""
  kafka_topics = replace(local.kafka_arn, ":cluster/", ":topic/")
  kafka_groups = replace(local.kafka_arn, ":cluster/", ":group/")
}

resource "aws_mskconnect_custom_plugin" "this" {
  count = local.connector

  # A plugin cannot be changed: another version of the object is another plugin.
  name         = "${local.name}-debezium-${substr(sha256(var.connector_plugin_version), 0, 8)}"
  content_type = "ZIP"

  location {
    s3 {
      bucket_arn     = aws_s3_bucket.plugins[0].arn
      file_key       = local.plugin_key
      object_version = var.connector_plugin_version
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_mskconnect_worker_configuration" "this" {
  count = local.connector

  # Like the plugin: what it says cannot be changed.
  name                    = "${local.name}-worker-${substr(sha256(local.worker_properties), 0, 8)}"
  properties_file_content = local.worker_properties

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "connect" {
  count = local.debezium ? 1 : 0

  name = "${local.name}-connect"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "kafkaconnect.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "connect" {
  count = local.debezium ? 1 : 0

  name = "stream"
  role = aws_iam_role.connect[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Cluster"
        Effect   = "Allow"
        Action   = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"]
        Resource = [local.kafka_arn]
      },
      {
        Sid    = "Topics"
        Effect = "Allow"
        Action = ["kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData", "kafka-cluster:WriteData"]
        Resource = [
          "${local.kafka_topics}/${local.database}.*",
          "${local.kafka_topics}/__debezium-heartbeat.${local.database}",
          "${local.kafka_topics}/__amazon_msk_connect_*",
        ]
      },
      {
        Sid      = "Groups"
        Effect   = "Allow"
        Action   = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
        Resource = ["${local.kafka_groups}/__amazon_msk_connect_*", "${local.kafka_groups}/connect-*"]
      },
      {
        Sid      = "Secret"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = [aws_secretsmanager_secret.login["atlas_cdc"].arn]
      },
      {
        Sid       = "SecretKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this["secrets"].arn]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
      },
      {
        Sid      = "Authorities"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["${aws_s3_bucket.plugins[0].arn}/${local.authorities_key}"]
      },
      {
        Sid       = "AuthoritiesKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this["artifacts"].arn]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_mskconnect_connector" "this" {
  count = local.connector

  name                       = "${local.name}-debezium"
  kafkaconnect_version       = "3.7.x"
  service_execution_role_arn = aws_iam_role.connect[0].arn

  capacity {
    provisioned_capacity {
      mcu_count    = var.connector_mcus
      worker_count = 1
    }
  }

  connector_configuration = {
    "connector.class" = "io.debezium.connector.postgresql.PostgresConnector"
    "tasks.max"       = "1"

    # The writer itself: the proxy refuses the replication protocol, a reader has no slots.
    "database.hostname" = aws_rds_cluster.this.endpoint
    "database.port"     = "5432"
    "database.dbname"   = local.database
    "database.user"     = "atlas_cdc"
    "database.password" = "$${secretsmanager:${aws_secretsmanager_secret.login["atlas_cdc"].name}:password}"
    # The authorities of RDS, which Java does not know; s3import puts the file beside the worker.
    "database.sslmode"     = "verify-full"
    "database.sslrootcert" = "$${s3import:${var.region}:${aws_s3_bucket.plugins[0].id}/${local.authorities_key}}"
    # Or MSK Connect restarts a connector with such references again and again.
    "config.action.reload" = "none"

    # Made by the schema (0006_publication.sql), heartbeat included; the connector makes none of its own, which would be
    # one stream per partition.
    "plugin.name"                 = "pgoutput"
    "slot.name"                   = local.publication
    "publication.name"            = local.publication
    "publication.autocreate.mode" = "disabled"
    "publish.via.partition.root"  = "true"
    "table.include.list"          = join(",", [for t in local.tables : "atlas.${t}"])
    "snapshot.mode"               = "initial"

    # The agent's beat, every second, is a change like any other: the slot moves on when nothing else is written.
    "heartbeat.interval.ms" = "10000"

    "topic.prefix"                              = local.database
    "topic.creation.default.replication.factor" = "3"
    "topic.creation.default.partitions"         = "12"
    "topic.creation.default.cleanup.policy"     = "delete"

    # One flat document a change, deletions as documents: what infra/aws/redshift/debezium.sql reads.
    "transforms"                                       = "unwrap"
    "transforms.unwrap.type"                           = "io.debezium.transforms.ExtractNewRecordState"
    "transforms.unwrap.delete.tombstone.handling.mode" = "rewrite"
    "transforms.unwrap.add.fields"                     = "op,lsn,source.ts_ms"
    "decimal.handling.mode"                            = "string"
    "time.precision.mode"                              = "adaptive_time_microseconds"
    "errors.tolerance"                                 = "none"
  }

  kafka_cluster {
    apache_kafka_cluster {
      bootstrap_servers = aws_msk_cluster.this[0].bootstrap_brokers_sasl_iam

      vpc {
        security_groups = [aws_security_group.this["connect"].id]
        subnets         = local.service_subnets
      }
    }
  }

  kafka_cluster_client_authentication {
    authentication_type = "IAM"
  }

  kafka_cluster_encryption_in_transit {
    encryption_type = "TLS"
  }

  plugin {
    custom_plugin {
      arn      = aws_mskconnect_custom_plugin.this[0].arn
      revision = aws_mskconnect_custom_plugin.this[0].latest_revision
    }
  }

  worker_configuration {
    arn      = aws_mskconnect_worker_configuration.this[0].arn
    revision = aws_mskconnect_worker_configuration.this[0].latest_revision
  }

  log_delivery {
    worker_log_delivery {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.kafka["connect"].name
      }
    }
  }

  depends_on = [aws_iam_role_policy.connect, aws_rds_cluster_instance.this]
}

# zero_etl: AWS copies the tables itself --------------------------------------------------------------------------------
#
# It brings tenants, attributes, entities and the heartbeat. Of values and history it is expected to bring nothing: AWS's map of types
# asks every numeric for a precision (38 digits at most, 37 of them behind the point), and value_exact has none, since a number is
# kept exactly as it was sent. Such a leaf fails alone, the others go on. The two tables stay in the filter: what the alarm
# integration-failed counts is then what is missing, and the day AWS takes such a column, it arrives.

locals {
  integration = local.zero_etl && var.zero_etl_started ? 1 : 0
}

resource "aws_rds_integration" "this" {
  count = local.integration

  integration_name = local.name
  source_arn       = aws_rds_cluster.this.arn
  target_arn       = local.redshift_namespace_arn
  kms_key_id       = aws_kms_key.this["integration"].arn
  # The key's policy asks for it: Redshift may use the key for this integration, not for somebody else's.
  additional_encryption_context = { atlas = local.name }

  # Leaf partitions, whatever their number: the parents hold no rows. entity_hot is left out, it repeats attribute_values.
  data_filter = join(", ", concat(
    [for t in ["tenants", "tenant_access", "attributes", "heartbeat"] : "include: ${local.database}.atlas.${t}"],
    [for t in ["entities", "attribute_values", "attribute_events"] : "include: ${local.database}.atlas./${t}_.*/"],
  ))

  depends_on = [aws_redshift_resource_policy.this, aws_redshiftserverless_workgroup.this, aws_rds_cluster_instance.this]
}
