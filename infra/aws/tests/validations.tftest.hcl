# SPDX-License-Identifier: GPL-3.0-or-later
# Every validation of every variable refuses what it should. From a platform that is right, each run changes variables, every one of
# them in one way, and every one of them must be refused.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  environment            = "prod"
  region                 = "eu-west-1"
  availability_zones     = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  log_retention_days     = 365
  alarm_emails           = ["operations@example.com"]
  aurora_instance_class  = "db.r7g.large"
  aurora_reader_count    = 1
  aurora_backup_days     = 14
  aurora_insights_days   = 7
  cdc_mode               = "debezium"
  redshift_type          = "provisioned"
  redshift_node_count    = 2
  redshift_base_capacity = 16
}

run "what_the_others_start_from" {
  command = plan
}

run "values_that_there_are_not" {
  command = plan

  variables {
    vpc_cidr                 = "10.40.0.0/24"
    log_retention_days       = 100
    alarm_emails             = ["operations"]
    aurora_engine_version    = "15.10"
    aurora_instance_class    = "db.m5.large"
    aurora_reader_count      = 16
    aurora_storage_type      = "gp3"
    aurora_backup_days       = 36
    aurora_insights_days     = 30
    aurora_slot_wal_keep_mb  = -1
    msk_broker_type          = "kafka.m4.large"
    msk_brokers_per_zone     = 0
    msk_volume_gb            = 1
    msk_retention_hours      = 1
    connector_plugin_version = "3sL4 kqtJ"
    connector_mcus           = 3
    redshift_node_type       = "dc2.large"
    redshift_snapshot_days   = 0
    redshift_base_capacity   = 12
    cache_node_type          = "cache.m3.medium"
    cache_replicas           = 6
    agent_image_digest       = "latest"
    agent_size               = { cpu = 256, memory = 4096 }
  }

  expect_failures = [
    var.vpc_cidr,
    var.log_retention_days,
    var.alarm_emails,
    var.aurora_engine_version,
    var.aurora_instance_class,
    var.aurora_reader_count,
    var.aurora_storage_type,
    var.aurora_backup_days,
    var.aurora_insights_days,
    var.aurora_slot_wal_keep_mb,
    var.msk_broker_type,
    var.msk_brokers_per_zone,
    var.msk_volume_gb,
    var.msk_retention_hours,
    var.connector_plugin_version,
    var.connector_mcus,
    var.redshift_node_type,
    var.redshift_snapshot_days,
    var.redshift_base_capacity,
    var.cache_node_type,
    var.cache_replicas,
    var.agent_image_digest,
    var.agent_size,
  ]
}

run "too_little_for_prod" {
  command = plan

  variables {
    cache_replicas        = 0
    log_retention_days    = 30
    alarm_emails          = []
    aurora_instance_class = "db.t4g.large"
    aurora_reader_count   = 0
    aurora_backup_days    = 7
    redshift_node_count   = 1
    cache_enabled         = true
  }

  expect_failures = [
    var.log_retention_days,
    var.alarm_emails,
    var.aurora_instance_class,
    var.aurora_reader_count,
    var.aurora_backup_days,
    var.redshift_node_count,
    var.cache_enabled,
  ]
}

run "almost_right" {
  command = plan

  variables {
    vpc_cidr                = "10.40.0.0"
    aurora_engine_version   = "16.3"
    aurora_reader_count     = 1.5
    redshift_max_capacity   = 8
    agent_image_digest      = "sha256:0123"
    msk_brokers_per_zone    = 1.5
    aurora_slot_wal_keep_mb = 512
  }

  expect_failures = [
    var.vpc_cidr,
    var.aurora_engine_version,
    var.aurora_reader_count,
    var.redshift_max_capacity,
    var.agent_image_digest,
    var.msk_brokers_per_zone,
    var.aurora_slot_wal_keep_mb,
  ]
}

run "a_public_range" {
  command = plan

  variables {
    vpc_cidr = "8.40.0.0/16"
  }

  expect_failures = [
    var.vpc_cidr,
  ]
}

run "another_environment" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [
    var.environment,
  ]
}

run "no_region" {
  command = plan

  variables {
    region = "europe-west"
  }

  expect_failures = [
    var.region,
  ]
}

run "a_region_of_china" {
  command = plan

  variables {
    region             = "cn-north-1"
    availability_zones = ["cn-north-1a", "cn-north-1b", "cn-north-1c"]
  }

  expect_failures = [
    var.region,
  ]
}

run "one_zone" {
  command = plan

  variables {
    cdc_mode           = "none"
    availability_zones = ["eu-west-1a"]
  }

  expect_failures = [
    var.availability_zones,
  ]
}

run "a_zone_twice" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1b"]
  }

  expect_failures = [
    var.availability_zones,
  ]
}

run "a_zone_of_another_region" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1b", "us-east-1a"]
  }

  expect_failures = [
    var.availability_zones,
  ]
}

run "another_stream" {
  command = plan

  variables {
    cdc_mode = "dms"
  }

  expect_failures = [
    var.cdc_mode,
  ]
}

run "another_warehouse" {
  command = plan

  variables {
    redshift_type = "spectrum"
  }

  expect_failures = [
    var.redshift_type,
  ]
}

run "debezium_in_two_zones" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1b"]
    cdc_mode           = "debezium"
  }

  expect_failures = [
    var.cdc_mode,
  ]
}

run "zero_etl_to_one_node" {
  command = plan

  variables {
    environment         = "dev"
    redshift_node_count = 1
    cdc_mode            = "zero_etl"
  }

  expect_failures = [
    var.cdc_mode,
  ]
}

run "serverless_in_two_zones" {
  command = plan

  variables {
    cdc_mode           = "none"
    availability_zones = ["eu-west-1a", "eu-west-1b"]
    redshift_type      = "serverless"
  }

  expect_failures = [
    var.redshift_type,
  ]
}

run "no_nodes" {
  command = plan

  variables {
    environment         = "dev"
    redshift_node_count = 0
  }

  expect_failures = [
    var.redshift_node_count,
  ]
}
