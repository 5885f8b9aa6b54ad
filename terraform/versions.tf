terraform {
  required_version = ">= 1.11, < 2"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 8.0, < 9.0"
    }
  }

  backend "gcs" {} # deploy/ passes bucket and prefix to `init`
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true # without it, some APIs need a quota project, which a person's credentials lack
  billing_project       = var.project_id
  default_labels        = var.labels
}
