# SPDX-License-Identifier: GPL-3.0-or-later
# Every variable has a type, a description and a validation; none is a secret. Passwords are made by AWS (the two
# administrators) or put into Secrets Manager by hand (the logins of services): see README.md.

variable "environment" {
  type        = string
  description = "Which platform this is. prod gets deletion protection, final snapshots and the longer minima below."
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment is dev or prod."
  }
}

variable "region" {
  type        = string
  description = "AWS region of everything here."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-gov)?-[a-z]+-[1-9]$", var.region)) && !startswith(var.region, "cn-")
    error_message = "region is the name of a region, as eu-west-1. Not of China: services and endpoints have other names there."
  }
}

variable "availability_zones" {
  type        = list(string)
  description = "Two or three availability zones of the region: Aurora spans three at most. Three where Kafka or Redshift Serverless run."
  nullable    = false

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 3
    error_message = "availability_zones: two at least, three at most (Aurora spans no more)."
  }

  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones: the same zone twice is one zone."
  }

  validation {
    condition     = alltrue([for z in var.availability_zones : can(regex("^${var.region}[a-z]$", z))])
    error_message = "availability_zones: each is a zone of var.region."
  }
}

variable "vpc_cidr" {
  type        = string
  description = "Private address range of the VPC, /16 to /20. Nothing in it has a route to the internet."
  default     = "10.40.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 20, false)
    error_message = "vpc_cidr is an IPv4 range from /16 to /20."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.vpc_cidr))
    error_message = "vpc_cidr is private (RFC 1918)."
  }
}

variable "log_retention_days" {
  type        = number
  description = "How long CloudWatch keeps the logs. At least 90 days in prod."
  default     = 90
  nullable    = false

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827], var.log_retention_days)
    error_message = "log_retention_days is one of the numbers of days that CloudWatch offers, from a week to five years."
  }

  validation {
    condition     = var.environment != "prod" || var.log_retention_days >= 90
    error_message = "log_retention_days: prod keeps its logs for 90 days at least."
  }
}

variable "alarm_emails" {
  type        = list(string)
  description = "Who is sent the alarms. Each address confirms its subscription once. Others may subscribe to the topic."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for a in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", a))])
    error_message = "alarm_emails are addresses, as operations@example.com."
  }

  validation {
    condition     = var.environment != "prod" || length(var.alarm_emails) > 0
    error_message = "alarm_emails: somebody must hear of it in prod."
  }
}

# The way in ------------------------------------------------------------------------------------------------------------

variable "admin_access" {
  type        = bool
  description = "Whether there is a host that Session Manager forwards ports through, with the endpoints it needs: for who has no client VPN. README.md, step 2."
  default     = false
  nullable    = false

  validation {
    condition     = !var.admin_access || var.environment != "prod" || var.admin_image != null
    error_message = "admin_access: in prod with an admin_image of your choice, not with what is newest on the day of an apply."
  }
}

variable "admin_image" {
  type        = string
  description = "AMI of the host, for Graviton, with SSM's agent. Null: the newest Amazon Linux 2023, so that an apply after AWS published one makes the host anew. With admin_access only."
  default     = null

  validation {
    condition     = var.admin_image == null || can(regex("^ami-[0-9a-f]{8}([0-9a-f]{9})?$", var.admin_image))
    error_message = "admin_image is the id of an image, as ami-0123456789abcdef0."
  }
}

# Aurora ----------------------------------------------------------------------------------------------------------------

variable "aurora_engine_version" {
  type        = string
  description = "Aurora PostgreSQL 16.4 or later, or 17.4 or later. Raise it to the version that runs after AWS has applied a minor upgrade."
  default     = "16.8"
  nullable    = false

  validation {
    condition     = can(regex("^(16\\.([4-9]|[1-9][0-9])|17\\.([4-9]|[1-9][0-9]))$", var.aurora_engine_version))
    error_message = "aurora_engine_version is 16.4 or later, or 17.4 or later."
  }
}

variable "aurora_instance_class" {
  type        = string
  description = "Class of the writer and of every reader: a failover must not land on a smaller one."
  nullable    = false

  validation {
    condition     = can(regex("^db\\.(t4g\\.(medium|large)|r(6g|7g)\\.(large|(|2|4|8|12|16)xlarge)|r6i\\.(large|(|2|4|8|12|16|24|32)xlarge)|r(7i|8g)\\.(large|(|2|4|8|12|16|24|48)xlarge))$", var.aurora_instance_class))
    error_message = "aurora_instance_class is a class of Aurora PostgreSQL, as db.r7g.2xlarge; db.t4g for trying things out."
  }

  validation {
    condition     = var.environment != "prod" || !startswith(var.aurora_instance_class, "db.t")
    error_message = "aurora_instance_class: a burstable class runs out of credits under steady ingest; not for prod."
  }
}

variable "aurora_reader_count" {
  type        = number
  description = "Readers beside the writer. At least one in prod: it is also where a failover goes."
  nullable    = false

  validation {
    condition     = var.aurora_reader_count >= 0 && var.aurora_reader_count <= 15 && floor(var.aurora_reader_count) == var.aurora_reader_count
    error_message = "aurora_reader_count is 0 to 15."
  }

  validation {
    condition     = var.environment != "prod" || var.aurora_reader_count >= 1
    error_message = "aurora_reader_count: prod has one reader at least."
  }
}

variable "aurora_storage_type" {
  type        = string
  description = "standard (pay per I/O) or io_optimized (dearer instances and storage, no charge per I/O)."
  default     = "standard"
  nullable    = false

  validation {
    condition     = contains(["standard", "io_optimized"], var.aurora_storage_type)
    error_message = "aurora_storage_type is standard or io_optimized."
  }
}

variable "aurora_backup_days" {
  type        = number
  description = "Days that Aurora can be taken back to, second by second. At least 14 in prod."
  nullable    = false

  validation {
    condition     = var.aurora_backup_days >= 1 && var.aurora_backup_days <= 35
    error_message = "aurora_backup_days is 1 to 35."
  }

  validation {
    condition     = var.environment != "prod" || var.aurora_backup_days >= 14
    error_message = "aurora_backup_days: 14 at least in prod."
  }
}

variable "aurora_insights_days" {
  type        = number
  description = "Days that Performance Insights keeps. 7 is free."
  default     = 7
  nullable    = false

  validation {
    condition     = var.aurora_insights_days == 7 || var.aurora_insights_days == 731 || (var.aurora_insights_days >= 31 && var.aurora_insights_days <= 713 && var.aurora_insights_days % 31 == 0)
    error_message = "aurora_insights_days is 7, a multiple of 31, or 731."
  }
}

variable "aurora_slot_wal_keep_mb" {
  type        = number
  description = "WAL that a replication slot whose reader is away may hold back, in MB, before it is given up (max_slot_wal_keep_size). 0 leaves the parameter to AWS."
  default     = 51200
  nullable    = false

  validation {
    condition     = var.aurora_slot_wal_keep_mb == 0 || (var.aurora_slot_wal_keep_mb >= 1024 && var.aurora_slot_wal_keep_mb <= 2097151)
    error_message = "aurora_slot_wal_keep_mb is 0, or 1024 to 2097151. There is no value for unlimited: a forgotten slot would keep everything."
  }
}

# The change stream -----------------------------------------------------------------------------------------------------

variable "cdc_mode" {
  type        = string
  description = "How the warehouse is fed: debezium (MSK, MSK Connect, streaming ingestion), zero_etl (AWS's integration) or none. zero_etl is expected to bring the catalogue and no values."
  nullable    = false

  validation {
    condition     = contains(["debezium", "zero_etl", "none"], var.cdc_mode)
    error_message = "cdc_mode is debezium, zero_etl or none."
  }

  validation {
    condition     = var.cdc_mode != "debezium" || length(var.availability_zones) >= 3
    error_message = "cdc_mode debezium needs three zones: every topic has three copies, and two must have it."
  }

  validation {
    condition     = var.cdc_mode != "zero_etl" || var.redshift_type == "serverless" || var.redshift_node_count >= 2
    error_message = "cdc_mode zero_etl needs Redshift Serverless or a cluster of two RA3 nodes at least."
  }
}

variable "zero_etl_started" {
  type        = bool
  description = "Whether the integration runs. Once the schema is there (README.md, step 5): before it there is nothing to copy, and the alarm on its lag would never end. zero_etl only."
  default     = false
  nullable    = false

  validation {
    condition     = !var.zero_etl_started || var.cdc_mode == "zero_etl"
    error_message = "zero_etl_started: cdc_mode is not zero_etl."
  }
}

variable "msk_broker_type" {
  type        = string
  description = "Class of a Kafka broker. debezium only."
  default     = "kafka.m7g.large"
  nullable    = false

  validation {
    condition     = can(regex("^kafka\\.(t3\\.small|m5\\.(large|(|2|4|8|12|16|24)xlarge)|m7g\\.(large|(|2|4|8|12|16)xlarge))$", var.msk_broker_type))
    error_message = "msk_broker_type is a class of standard brokers, as kafka.m7g.large."
  }
}

variable "msk_brokers_per_zone" {
  type        = number
  description = "Kafka brokers in each zone. debezium only."
  default     = 1
  nullable    = false

  validation {
    condition     = var.msk_brokers_per_zone >= 1 && var.msk_brokers_per_zone <= 5 && floor(var.msk_brokers_per_zone) == var.msk_brokers_per_zone
    error_message = "msk_brokers_per_zone is 1 to 5."
  }
}

variable "msk_volume_gb" {
  type        = number
  description = "Disk of a broker in GB. debezium only. Rate in bytes × retention × 3 copies / brokers, and a third of room."
  default     = 500
  nullable    = false

  validation {
    condition     = var.msk_volume_gb >= 10 && var.msk_volume_gb <= 16384
    error_message = "msk_volume_gb is 10 to 16384."
  }
}

variable "msk_retention_hours" {
  type        = number
  description = "How long Kafka keeps changes: how long the warehouse may be away without a new first copy. debezium only."
  default     = 168
  nullable    = false

  validation {
    condition     = var.msk_retention_hours >= 24 && var.msk_retention_hours <= 744
    error_message = "msk_retention_hours is 24 to 744."
  }
}

variable "connector_plugin_version" {
  type        = string
  description = "Version of the S3 object with the connector's plugin, once it is uploaded (README.md, step 5). Null: everything but the connector. debezium only."
  default     = null

  validation {
    condition     = var.connector_plugin_version == null || can(regex("^[A-Za-z0-9._-]+$", var.connector_plugin_version))
    error_message = "connector_plugin_version is the version id that S3 answered the upload with."
  }
}

variable "connector_mcus" {
  type        = number
  description = "Size of the connector's worker: 1 MCU is a vCPU and 4 GB. A slot is read by one task; more workers would idle. debezium only."
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 4, 8], var.connector_mcus)
    error_message = "connector_mcus is 1, 2, 4 or 8."
  }
}

# The warehouse ---------------------------------------------------------------------------------------------------------

variable "redshift_type" {
  type        = string
  description = "provisioned (RA3 nodes that always run) or serverless (pays per second of use)."
  nullable    = false

  validation {
    condition     = contains(["provisioned", "serverless"], var.redshift_type)
    error_message = "redshift_type is provisioned or serverless."
  }

  validation {
    condition     = var.redshift_type != "serverless" || length(var.availability_zones) >= 3
    error_message = "redshift_type serverless needs subnets in three zones."
  }
}

variable "redshift_node_type" {
  type        = string
  description = "RA3 node type: storage apart from compute, encrypted, may be relocated; zero-ETL takes no other. provisioned only."
  default     = "ra3.xlplus"
  nullable    = false

  validation {
    condition     = contains(["ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"], var.redshift_node_type)
    error_message = "redshift_node_type is ra3.large, ra3.xlplus, ra3.4xlarge or ra3.16xlarge; dc2 is no longer sold."
  }
}

variable "redshift_node_count" {
  type        = number
  description = "Nodes of the cluster. provisioned only. Two at least in prod, for zero_etl, and of ra3.4xlarge and ra3.16xlarge; of ra3.large sixteen at most."
  default     = 2
  nullable    = false

  validation {
    condition     = var.redshift_node_count >= 1 && var.redshift_node_count <= 32 && floor(var.redshift_node_count) == var.redshift_node_count
    error_message = "redshift_node_count is 1 to 32."
  }

  validation {
    condition     = var.environment != "prod" || var.redshift_type == "serverless" || var.redshift_node_count >= 2
    error_message = "redshift_node_count: a single node has no second copy of what it has not written out yet; two at least in prod."
  }

  validation {
    condition     = var.redshift_type == "serverless" || !contains(["ra3.4xlarge", "ra3.16xlarge"], var.redshift_node_type) || var.redshift_node_count >= 2
    error_message = "redshift_node_count: of ra3.4xlarge and ra3.16xlarge two at least."
  }

  validation {
    condition     = var.redshift_type == "serverless" || var.redshift_node_type != "ra3.large" || var.redshift_node_count <= 16
    error_message = "redshift_node_count: of ra3.large sixteen at most."
  }
}

variable "redshift_snapshot_days" {
  type        = number
  description = "Days that automatic snapshots are kept. provisioned only; Serverless keeps recovery points for a day."
  default     = 7
  nullable    = false

  validation {
    condition     = var.redshift_snapshot_days >= 1 && var.redshift_snapshot_days <= 35
    error_message = "redshift_snapshot_days is 1 to 35."
  }
}

variable "redshift_base_capacity" {
  type        = number
  description = "Capacity in RPUs that a query finds. serverless only."
  default     = 16
  nullable    = false

  validation {
    condition     = var.redshift_base_capacity >= 8 && var.redshift_base_capacity <= 512 && var.redshift_base_capacity % 8 == 0
    error_message = "redshift_base_capacity is 8 to 512, in steps of 8."
  }
}

variable "redshift_max_capacity" {
  type        = number
  description = "RPUs that it may grow to: what bounds how fast the bill grows. serverless only."
  default     = 64
  nullable    = false

  validation {
    condition     = var.redshift_max_capacity >= var.redshift_base_capacity && var.redshift_max_capacity <= 1024 && var.redshift_max_capacity % 8 == 0
    error_message = "redshift_max_capacity is redshift_base_capacity to 1024, in steps of 8."
  }
}

variable "redshift_monthly_rpu_hours" {
  type        = number
  description = "RPU-hours a month, after which Redshift answers no more queries until the next: what bounds the bill. Null: nothing does. serverless only."
  default     = null

  validation {
    condition     = var.redshift_monthly_rpu_hours == null || (coalesce(var.redshift_monthly_rpu_hours, 1) >= 1 && floor(coalesce(var.redshift_monthly_rpu_hours, 1)) == coalesce(var.redshift_monthly_rpu_hours, 1))
    error_message = "redshift_monthly_rpu_hours is a whole number from 1, or null."
  }
}

# The cache -------------------------------------------------------------------------------------------------------------

variable "cache_enabled" {
  type        = bool
  description = "Whether there is an ElastiCache (Valkey). The console and atlasctl do not use one; applications of yours may."
  default     = false
  nullable    = false

  validation {
    condition     = !var.cache_enabled || var.environment != "prod" || var.cache_replicas >= 1
    error_message = "cache_enabled: in prod with one replica at least, or a lost node is a cold cache and an outage."
  }
}

variable "cache_node_type" {
  type        = string
  description = "Class of a cache node. With cache_enabled only."
  default     = "cache.t4g.small"
  nullable    = false

  validation {
    condition     = can(regex("^cache\\.(t4g\\.(micro|small|medium)|[mr]7g\\.(large|(|2|4|8|12|16)xlarge))$", var.cache_node_type))
    error_message = "cache_node_type is a Graviton class, as cache.r7g.large."
  }
}

variable "cache_replicas" {
  type        = number
  description = "Replicas of the cache's primary, each in another zone. With cache_enabled only."
  default     = 1
  nullable    = false

  validation {
    condition     = var.cache_replicas >= 0 && var.cache_replicas <= 5 && floor(var.cache_replicas) == var.cache_replicas
    error_message = "cache_replicas is 0 to 5."
  }
}

# The agent -------------------------------------------------------------------------------------------------------------

variable "agent_image_digest" {
  type        = string
  description = "Digest of the agent's image in the repository that this module makes, once it is pushed (README.md, step 4). Null: everything but the service."
  default     = null

  validation {
    condition     = var.agent_image_digest == null || can(regex("^sha256:[0-9a-f]{64}$", var.agent_image_digest))
    error_message = "agent_image_digest is sha256: and 64 hexadecimal digits. A tag can be moved to something else; a digest cannot."
  }
}

variable "agent_size" {
  type        = object({ cpu = number, memory = number })
  description = "CPU units (1024 are a vCPU) and MB of the agent's task. It needs little: most of its work happens in the database."
  default     = { cpu = 512, memory = 1024 }
  nullable    = false

  validation {
    condition = contains([
      "256/512", "256/1024", "256/2048", "512/1024", "512/2048", "512/3072", "512/4096", "1024/2048", "1024/4096", "1024/8192",
    ], "${var.agent_size.cpu}/${var.agent_size.memory}")
    error_message = "agent_size is a pair that Fargate offers, as { cpu = 512, memory = 1024 }."
  }
}
