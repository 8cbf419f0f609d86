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
  redshift_node_type     = "ra3.xlplus"
  redshift_node_count    = 2
  redshift_base_capacity = 16
}

run "what_the_others_start_from" {
  command = plan
}

# What must be accepted: every kind of size, the ends of ranges.
run "one_xlarge" {
  command = plan

  variables {
    aurora_instance_class = "db.r7g.xlarge"
    msk_broker_type       = "kafka.m7g.xlarge"
    cache_enabled         = true
    cache_node_type       = "cache.r7g.xlarge"
  }

  assert {
    condition     = toset([for a in aws_cloudwatch_metric_alarm.this : a.threshold if a.metric_name == "FreeableMemory"]) == toset([floor(32 * 1024 * 1024 * 1024 / 20)])
    error_message = "alarms: memory is not a twentieth of the class's"
  }
}

run "the_largest" {
  command = plan

  variables {
    vpc_cidr              = "172.16.0.0/16"
    aurora_engine_version = "17.4"
    aurora_instance_class = "db.r8g.48xlarge"
    aurora_insights_days  = 713
    msk_broker_type       = "kafka.m5.24xlarge"
    msk_brokers_per_zone  = 5
    cache_enabled         = true
    cache_node_type       = "cache.m7g.16xlarge"
    cache_replicas        = 5
    redshift_node_type    = "ra3.16xlarge"
    redshift_node_count   = 32
    admin_access          = true
    admin_image           = "ami-01234567"
  }

  assert {
    condition     = toset([for a in aws_cloudwatch_metric_alarm.this : a.threshold if a.metric_name == "FreeableMemory"]) == toset([floor(1536 * 1024 * 1024 * 1024 / 20)])
    error_message = "alarms: memory is not a twentieth of the class's"
  }
}

run "the_smallest" {
  command = plan

  variables {
    environment                = "dev"
    alarm_emails               = []
    availability_zones         = ["eu-west-1a", "eu-west-1b"]
    vpc_cidr                   = "192.168.16.0/20"
    aurora_instance_class      = "db.t4g.medium"
    aurora_reader_count        = 0
    aurora_backup_days         = 1
    aurora_slot_wal_keep_mb    = 0
    cdc_mode                   = "none"
    cache_enabled              = true
    cache_node_type            = "cache.t4g.micro"
    cache_replicas             = 0
    redshift_node_type         = "ra3.large"
    redshift_node_count        = 1
    redshift_monthly_rpu_hours = null
  }

  assert {
    condition     = toset([for a in aws_cloudwatch_metric_alarm.this : a.threshold if a.metric_name == "FreeableMemory"]) == toset([floor(4 * 1024 * 1024 * 1024 / 20)])
    error_message = "alarms: memory is not a twentieth of the class's"
  }
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
    admin_image              = "al2023"

    redshift_monthly_rpu_hours = 0
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
    var.admin_image,
    var.redshift_monthly_rpu_hours,
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
    admin_access          = true
  }

  expect_failures = [
    var.log_retention_days,
    var.alarm_emails,
    var.aurora_instance_class,
    var.aurora_reader_count,
    var.aurora_backup_days,
    var.redshift_node_count,
    var.cache_enabled,
    var.admin_access,
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

run "beyond_the_ends" {
  command = plan

  variables {
    vpc_cidr                   = "10.40.0.0/15"
    aurora_engine_version      = "17.3"
    aurora_instance_class      = "db.r7g.24xlarge"
    aurora_reader_count        = -1
    aurora_backup_days         = 0
    aurora_insights_days       = 744
    aurora_slot_wal_keep_mb    = 2097152
    msk_broker_type            = "kafka.m7g.24xlarge"
    msk_brokers_per_zone       = 6
    msk_volume_gb              = 16385
    msk_retention_hours        = 745
    redshift_node_count        = 33
    redshift_snapshot_days     = 36
    redshift_base_capacity     = 520
    redshift_monthly_rpu_hours = 1.5
    cache_node_type            = "cache.r7g.24xlarge"
    cache_replicas             = -1
    admin_image                = "ami-0123456789"
  }

  expect_failures = [
    var.vpc_cidr,
    var.aurora_engine_version,
    var.aurora_instance_class,
    var.aurora_reader_count,
    var.aurora_backup_days,
    var.aurora_insights_days,
    var.aurora_slot_wal_keep_mb,
    var.msk_broker_type,
    var.msk_brokers_per_zone,
    var.msk_volume_gb,
    var.msk_retention_hours,
    var.redshift_node_count,
    var.redshift_snapshot_days,
    var.redshift_base_capacity,
    var.redshift_monthly_rpu_hours,
    var.cache_node_type,
    var.cache_replicas,
    var.admin_image,
  ]
}

run "between_the_steps" {
  command = plan

  variables {
    redshift_node_count   = 2.5
    redshift_max_capacity = 36
    cache_replicas        = 1.5
  }

  expect_failures = [
    var.redshift_node_count,
    var.redshift_max_capacity,
    var.cache_replicas,
  ]
}

run "more_than_there_is" {
  command = plan

  variables {
    redshift_max_capacity = 1032
  }

  expect_failures = [
    var.redshift_max_capacity,
  ]
}

run "nothing_at_all" {
  command = plan

  variables {
    redshift_base_capacity = 0
  }

  expect_failures = [
    var.redshift_base_capacity,
  ]
}

run "one_large_node" {
  command = plan

  variables {
    environment         = "dev"
    redshift_node_type  = "ra3.4xlarge"
    redshift_node_count = 1
  }

  expect_failures = [
    var.redshift_node_count,
  ]
}

run "many_small_nodes" {
  command = plan

  variables {
    redshift_node_type  = "ra3.large"
    redshift_node_count = 17
  }

  expect_failures = [
    var.redshift_node_count,
  ]
}

run "an_integration_of_another_stream" {
  command = plan

  variables {
    zero_etl_started = true
  }

  expect_failures = [
    var.zero_etl_started,
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

run "four_zones" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"]
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
