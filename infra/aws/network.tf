# SPDX-License-Identifier: GPL-3.0-or-later
# A VPC without a way to the internet: no internet gateway, no NAT. What the services need of AWS comes through endpoints,
# each with a policy of its own. People come in by what carries the group "console": a client VPN's interfaces, or the host of
# admin.tf. What has no group of this VPC (a transit gateway, a peering) is let in by nothing here.

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

# AWS makes this group and puts into it whatever names no other. It lets nothing in or out.
resource "aws_default_security_group" "this" {
  vpc_id  = aws_vpc.this.id
  ingress = []
  egress  = []

  tags = { Name = "${local.name}-default-closed" }
}

locals {
  # Sixteenths of the range: the data tier from its start, the services from its middle.
  subnets = merge([for tier, first in { data = 0, service = 8 } : {
    for i, zone in var.availability_zones : "${tier}-${zone}" => {
      tier = tier
      zone = zone
      cidr = cidrsubnet(var.vpc_cidr, 4, first + i)
    }
  }]...)
  data_subnets    = [for zone in var.availability_zones : aws_subnet.this["data-${zone}"].id]
  service_subnets = [for zone in var.availability_zones : aws_subnet.this["service-${zone}"].id]
}

resource "aws_subnet" "this" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.value.zone
  cidr_block              = each.value.cidr
  map_public_ip_on_launch = false

  tags = {
    Name = "${local.name}-${each.key}"
    Tier = each.value.tier
  }
}

# Without routes but those within the VPC and to S3 (the gateway endpoint below adds itself to the services').
resource "aws_route_table" "this" {
  for_each = toset(["data", "service"])

  vpc_id = aws_vpc.this.id

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_route_table_association" "this" {
  for_each = local.subnets

  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = aws_route_table.this[each.value.tier].id
}

# Endpoints -------------------------------------------------------------------------------------------------------------

locals {
  # Who uses them: the agent pulls its image (ecr, s3), writes its log and is given its secret; the connector reads its
  # secret; Redshift proves to Kafka who it is (sts); the admin host is reached by SSM. Secrets Manager talks to KMS on its own side.
  endpoints = merge(
    {
      "ecr.api" = {
        actions   = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
        resources = ["*"]
      }
      "ecr.dkr" = {
        actions   = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
        resources = [aws_ecr_repository.agent.arn]
      }
      "logs" = {
        actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        resources = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/atlas/${var.environment}/*"]
      }
      "secretsmanager" = {
        actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        resources = [for s in aws_secretsmanager_secret.login : s.arn]
      }
    },
    # What a session needs: nothing of SSM's parameters, inventory or patches. ec2messages is what agents before 3.3.40 use.
    var.admin_access ? {
      "ssm" = {
        actions   = ["ssm:UpdateInstanceInformation", "ssm:ListInstanceAssociations", "ssm:ListAssociations", "ssm:DescribeAssociation", "ssm:GetDocument", "ssm:DescribeDocument", "ssm:UpdateAssociationStatus", "ssm:UpdateInstanceAssociationStatus"]
        resources = ["*"]
      }
      "ssmmessages" = {
        actions   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
        resources = ["*"]
      }
      "ec2messages" = {
        actions   = ["ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply"]
        resources = ["*"]
      }
    } : {},
    local.debezium ? {
      "sts" = {
        actions   = ["sts:AssumeRole", "sts:GetCallerIdentity"]
        resources = [for r in aws_iam_role.redshift : r.arn]
      }
    } : {}
  )
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = local.service_subnets
  security_group_ids  = [aws_security_group.this["endpoints"].id]

  # The caller's own policy decides who; this one decides what may leave through here, and to whom.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = each.value.actions
      Resource  = each.value.resources
      # Redshift assumes its role as a service, not as a principal of the account.
      Condition = each.key == "sts" ? {} : { StringEquals = { "aws:PrincipalAccount" = local.account } }
    }]
  })

  tags = { Name = "${local.name}-${each.key}" }
}

# Layers of images lie in a bucket of AWS's; the connector fetches certificate authorities from ours.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.this["service"].id]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = ["s3:GetObject"]
      Resource = concat(
        ["arn:${local.partition}:s3:::prod-${var.region}-starport-layer-bucket/*"],
        [for b in aws_s3_bucket.plugins : "${b.arn}/${local.authorities_key}"],
      )
    }]
  })

  tags = { Name = "${local.name}-s3" }
}

# Flow logs -------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "flow" {
  name              = "/atlas/${var.environment}/vpc-flow"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

resource "aws_iam_role" "flow" {
  name = "${local.name}-vpc-flow"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "flow" {
  name = "write"
  role = aws_iam_role.flow.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = ["${aws_cloudwatch_log_group.flow.arn}:*"]
      },
      {
        Effect   = "Allow"
        Action   = ["logs:DescribeLogGroups"]
        Resource = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:*"]
      },
    ]
  })
}

resource "aws_flow_log" "this" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow.arn
  iam_role_arn             = aws_iam_role.flow.arn
  max_aggregation_interval = 60

  tags = { Name = local.name }
}
