# SPDX-License-Identifier: GPL-3.0-or-later
# Planning size: 200 M assets, 10,000 inserts a second. Measure before you believe it, and see "Costs" in README.md.
environment        = "prod"
region             = "eu-west-1"
availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
vpc_cidr           = "10.40.0.0/16"
log_retention_days = 365
alarm_emails       = ["operations@example.com"]

aurora_instance_class = "db.r7g.4xlarge"
aurora_reader_count   = 2
aurora_storage_type   = "io_optimized"
aurora_backup_days    = 35
aurora_insights_days  = 465

# zero_etl would bring no values: README.md, "Where it breaks".
cdc_mode             = "debezium"
msk_broker_type      = "kafka.m7g.large"
msk_brokers_per_zone = 1
msk_volume_gb        = 2000

redshift_type          = "provisioned"
redshift_node_type     = "ra3.4xlarge"
redshift_node_count    = 3
redshift_snapshot_days = 35

cache_enabled = false
