# SPDX-License-Identifier: GPL-3.0-or-later
# For trying the platform out: small, may be destroyed, without a change stream. zero_etl would run nothing of its own either, but
# is expected to bring no values (README.md, "Where it breaks"); debezium brings them, and brokers that run all day.
environment        = "dev"
region             = "eu-west-1"
availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
vpc_cidr           = "10.41.0.0/16"
log_retention_days = 14

aurora_instance_class = "db.t4g.large"
aurora_reader_count   = 1
aurora_backup_days    = 1

cdc_mode = "none"

redshift_type              = "serverless"
redshift_base_capacity     = 8
redshift_max_capacity      = 16
redshift_monthly_rpu_hours = 200

agent_size = { cpu = 256, memory = 512 }
