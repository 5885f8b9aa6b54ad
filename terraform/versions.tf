terraform {
  required_version = ">= 1.11, < 2"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 8.0, < 9.0"
    }
  }

  backend "gcs" {} # bucket and prefix come with `init`, see deploy/
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true # some APIs bill quota to the caller's project otherwise, and a person has none
  billing_project       = var.project_id
  default_labels        = var.labels
}
