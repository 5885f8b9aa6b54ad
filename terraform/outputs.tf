output "accounts" {
  description = "The identities by their task"
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
  description = "Address of the API"
  value       = google_cloudfunctions2_function.api.service_config[0].uri
}

output "assets_bucket" {
  description = "Where assets are"
  value       = google_storage_bucket.assets.name
}

output "deletion_protection" {
  description = "Whether a destroy would be refused half-way, which `make destroy` asks first"
  value       = var.deletion_protection
}

output "page" {
  description = "Address of the page"
  value       = local.hosting_origins[0]
}

output "page_config" {
  description = "What the page reads at its start, as config.json"
  value       = local.page_config
  sensitive   = true # only because the provider marks the key so: every browser gets it
}

output "public_api" {
  description = "Whether whoever tests the API must show Cloud Run an identity that may invoke it"
  value       = var.public_api
}

output "queues" {
  description = "Names of the queues by type of work"
  value       = { for type, queue in google_cloud_tasks_queue.main : type => queue.name }
}

output "require_tenant" {
  description = "Whether whoever tests the API needs a tenant claim, as everybody else does"
  value       = var.require_tenant
}

output "workload_identity_providers" {
  description = "What the workflow gives to google-github-actions/auth, by the job that uses it"
  value       = local.providers
}
