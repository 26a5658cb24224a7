# 1.11 for write-only arguments (the key ring never enters the state), 5.100 because it has them for SSM.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Which bucket, key and region is the account's affair: infra/backend.hcl, git-ignored, see the README.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

# Region and credentials come from the environment, as everywhere else in this repository.
provider "aws" {
  default_tags {
    tags = merge({ application = var.name }, var.tags)
  }
}

# What CloudFront uses (certificate, WAF) lives in this region, wherever the rest is.
provider "aws" {
  alias  = "edge"
  region = "us-east-1"

  default_tags {
    tags = merge({ application = var.name }, var.tags)
  }
}
