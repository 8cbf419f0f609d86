# SPDX-License-Identifier: GPL-3.0-or-later
# A way in for people who have no client VPN: a host that Session Manager forwards ports through. Nobody logs in to it over the
# network, no port of it is open, and it keeps nothing: another image is another host.

# The newest Amazon Linux. insecure_value is the same text, not marked as a secret: a plan should show which image it takes.
data "aws_ssm_parameter" "image" {
  count = var.admin_access && var.admin_image == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_iam_role" "admin" {
  count = var.admin_access ? 1 : 0

  name = "${local.name}-admin"
  # EC2 does not say for which account it asks; the instance profile below is how it gets the role.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# AWS's policy for SSM's agent, and nothing else. It also lets the role read parameters of the account: from the host the endpoint's
# policy (network.tf), its only way to SSM, does not; from elsewhere, with credentials carried off, nothing here would stop it.
resource "aws_iam_role_policy_attachment" "admin" {
  count = var.admin_access ? 1 : 0

  role       = aws_iam_role.admin[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "admin" {
  count = var.admin_access ? 1 : 0

  name = "${local.name}-admin"
  role = aws_iam_role.admin[0].name
}

resource "aws_instance" "admin" {
  count = var.admin_access ? 1 : 0

  ami                         = var.admin_image != null ? var.admin_image : data.aws_ssm_parameter.image[0].insecure_value
  instance_type               = "t4g.micro"
  subnet_id                   = local.service_subnets[0]
  vpc_security_group_ids      = [aws_security_group.this["console"].id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.admin[0].name
  ebs_optimized               = true

  # With a token only: a program that can merely be made to fetch an address gets no credentials. Who may start a session can get
  # them all the same, and do with them what AWS's policy above allows.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    encrypted   = true
    kms_key_id  = aws_kms_key.this["admin"].arn
  }

  tags = { Name = "${local.name}-admin" }

  # Without them SSM's agent finds nobody to register with.
  depends_on = [aws_vpc_endpoint.interface, aws_iam_role_policy_attachment.admin]
}
