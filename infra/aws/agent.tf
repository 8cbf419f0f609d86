# SPDX-License-Identifier: GPL-3.0-or-later
# atlasctl agent: heartbeat, staging flush, lag samples, partitions. One per database (a second one ends with status 1),
# restarted when it ends.

resource "aws_ecr_repository" "agent" {
  name                 = "${local.name}/agent"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !local.production

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.this["artifacts"].arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "agent" {
  repository = aws_ecr_repository.agent.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "The last twenty"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 20 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_cloudwatch_log_group" "agent" {
  name              = "/atlas/${var.environment}/agent"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

locals {
  trust_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${var.region}:${local.account}:*" }
      }
    }]
  })
}

# What ECS does for the task before it starts.
resource "aws_iam_role" "agent_execution" {
  name               = "${local.name}-agent-execution"
  assume_role_policy = local.trust_tasks
}

resource "aws_iam_role_policy" "agent_execution" {
  name = "start"
  role = aws_iam_role.agent_execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Knows no resource.
        Sid      = "Login"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = "*"
      },
      {
        Sid      = "Image"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
        Resource = [aws_ecr_repository.agent.arn]
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.agent.arn}:*"]
      },
      {
        Sid      = "Secret"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [aws_secretsmanager_secret.login["atlas_agent"].arn]
      },
      {
        Sid       = "SecretKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this["secrets"].arn]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
      },
    ]
  })
}

# What the agent itself may do in AWS: nothing. It speaks PostgreSQL only, so it has a role without a policy.
resource "aws_iam_role" "agent_task" {
  name               = "${local.name}-agent-task"
  assume_role_policy = local.trust_tasks
}

# Made here, or Container Insights makes it: without a key, and for ever.
resource "aws_cloudwatch_log_group" "insights" {
  name              = "/aws/ecs/containerinsights/${local.name}/performance"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}

resource "aws_ecs_cluster" "this" {
  name = local.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  depends_on = [aws_cloudwatch_log_group.insights]
}

resource "aws_ecs_task_definition" "agent" {
  count = var.agent_image_digest == null ? 0 : 1

  family                   = "${local.name}-agent"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = tostring(var.agent_size.cpu)
  memory                   = tostring(var.agent_size.memory)
  execution_role_arn       = aws_iam_role.agent_execution.arn
  task_role_arn            = aws_iam_role.agent_task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([{
    name                   = "agent"
    image                  = "${aws_ecr_repository.agent.repository_url}@${var.agent_image_digest}"
    command                = ["atlasctl", "agent"]
    essential              = true
    user                   = "10001:10001"
    privileged             = false
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    # It lets a transaction end before it goes.
    stopTimeout = 60

    # libpq's own names. An IAM token would do for the first connection and be stale (15 minutes) for the next.
    environment = [
      { name = "PGHOST", value = aws_rds_cluster.this.endpoint },
      { name = "PGPORT", value = "5432" },
      { name = "PGDATABASE", value = local.database },
      { name = "PGUSER", value = "atlas_agent" },
      { name = "PGSSLMODE", value = "verify-full" },
      { name = "PGSSLROOTCERT", value = "/etc/ssl/certs/rds-global-bundle.pem" },
    ]
    secrets = [
      { name = "PGPASSWORD", valueFrom = "${aws_secretsmanager_secret.login["atlas_agent"].arn}:password::" },
    ]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.agent.name
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "agent"
        "mode"                  = "non-blocking"
      }
    }
  }])
}

resource "aws_ecs_service" "agent" {
  count = var.agent_image_digest == null ? 0 : 1

  name                   = "agent"
  cluster                = aws_ecs_cluster.this.id
  task_definition        = aws_ecs_task_definition.agent[0].arn
  launch_type            = "FARGATE"
  platform_version       = "1.4.0"
  desired_count          = 1
  enable_execute_command = false
  propagate_tags         = "SERVICE"

  # The old one goes before the new one comes: there can be only one.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  # It would start a second one beside the first.
  availability_zone_rebalancing = "DISABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = local.service_subnets
    security_groups  = [aws_security_group.this["agent"].id]
    assign_public_ip = false
  }

  depends_on = [aws_iam_role_policy.agent_execution, aws_vpc_endpoint.interface, aws_vpc_endpoint.s3, aws_rds_cluster_instance.this]
}
