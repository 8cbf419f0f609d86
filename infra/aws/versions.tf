# SPDX-License-Identifier: GPL-3.0-or-later
terraform {
  # Conditions of a variable that name other variables need 1.9; S3 state locks without a table need 1.10.
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }

  # Bucket, key, region and KMS key come from `terraform init -backend-config=…`: see README.md.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "atlas"
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  name       = "atlas-${var.environment}"
  production = var.environment == "prod"
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  root       = "arn:${local.partition}:iam::${local.account}:root"

  # Names that the product's own schema uses: schema/postgres/bootstrap.sql and 0006_publication.sql.
  database    = "atlas"
  publication = "atlas_warehouse"
  tables      = ["tenants", "tenant_access", "entities", "attributes", "attribute_values", "attribute_events", "heartbeat"]

  debezium = var.cdc_mode == "debezium"
  zero_etl = var.cdc_mode == "zero_etl"
}
