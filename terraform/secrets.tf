# Secrets; there are none by default. A secret needs two applies, so that Terraform never sees its value:
# 1. An entry in `secrets` without a version creates the empty secret and grants its functions access. A project owner
#    applies this.
# 2. `gcloud secrets versions add NAME --data-file=-` adds a value. The number of this version in the entry passes it to
#    the functions.

locals {
  secret_readers = merge([
    for name, secret in var.secrets : { for function in secret.functions : "${name} ${function}" => {
      secret   = name
      function = function
    } }
  ]...)
  secrets_of = {
    for function in local.function_names : function => {
      for name, secret in var.secrets : name => secret if secret.version != null && contains(secret.functions, function)
    }
  }
  runtime_accounts = {
    api     = google_service_account.api
    process = google_service_account.process
    sweep   = google_service_account.sweep
  }
}

resource "google_secret_manager_secret" "main" {
  for_each = var.secrets

  secret_id           = each.key
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }

  depends_on = [google_project_service.main]
}

resource "google_secret_manager_secret_iam_member" "reads" {
  for_each = local.secret_readers

  secret_id = google_secret_manager_secret.main[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = local.runtime_accounts[each.value.function].member
}
