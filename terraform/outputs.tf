output "accounts" {
  description = "Service accounts by purpose"
  value = {
    api               = google_service_account.api.email
    process           = google_service_account.process.email
    sweep             = google_service_account.sweep.email
    build             = google_service_account.build.email
    tasks_invoker     = google_service_account.tasks_invoker.email
    scheduler_invoker = google_service_account.scheduler_invoker.email
  }
}

output "api" {
  description = "URL of the API"
  value       = google_cloudfunctions2_function.api.service_config[0].uri
}

output "assets_bucket" {
  description = "Name of the bucket of assets"
  value       = google_storage_bucket.assets.name
}

output "deletion_protection" {
  description = "Whether Google Cloud would refuse to delete the resources that hold data; `make destroy` reads it first"
  value       = var.deletion_protection
}

output "page" {
  description = "URL of the page"
  value       = local.hosting_origins[0]
}

output "page_config" {
  description = "Content of config.json, which the page reads when it starts"
  value       = local.page_config
  sensitive   = true # the provider marks the key as sensitive; every browser gets it
}

output "public_api" {
  description = "Whether everyone can reach the API; if not, the smoke test needs an identity that can invoke it"
  value       = var.public_api
}

output "queues" {
  description = "Names of the queues by type of work"
  value       = { for type, queue in google_cloud_tasks_queue.main : type => queue.name }
}

output "require_tenant" {
  description = "Whether callers, including the smoke test, need a tenant claim"
  value       = var.require_tenant
}

output "workload_identity_providers" {
  description = "Values of workload_identity_provider for google-github-actions/auth, by job"
  value       = local.providers
}
