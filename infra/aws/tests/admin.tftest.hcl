# SPDX-License-Identifier: GPL-3.0-or-later
# The way in, where everything.tftest.hcl does not go: with the newest image, and nothing else that is optional.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "newest_image" {
  command = plan

  variables {
    environment  = "dev"
    cdc_mode     = "none"
    admin_access = true
  }

  assert {
    condition     = aws_instance.admin[0].ami == "ami-00000000000000023" && data.aws_ssm_parameter.image[0].name == "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64" && startswith(aws_instance.admin[0].instance_type, "t4g.")
    error_message = "admin: not Amazon Linux for the class's processor"
  }
  assert {
    condition     = toset([for k, r in aws_vpc_security_group_egress_rule.flow : k if r.security_group_id == "sg-console"]) == toset(["console-to-aurora", "console-to-redshift", "console-to-endpoints"]) && length([for r in aws_vpc_security_group_ingress_rule.flow : r if r.security_group_id == "sg-console"]) == 0
    error_message = "admin: reaches something else than the stores and SSM, or is reached"
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ec2messages", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages"])
    error_message = "admin: SSM's agent finds nobody to register with"
  }
}
