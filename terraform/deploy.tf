# The identities of the repository's workflow, by Workload Identity Federation: there is no key that could leak.
# The planner reads, the deployer changes what a release changes. Each belongs to one environment of the repository.
#
# A project owner makes the first apply, and every apply that changes identities, Workload Identity Federation, callers
# of the functions, project-level grants, secrets, APIs or the settings of the database: the deployer may not.
# The deployer is still powerful:
# - It can do everything that the code it deploys can do to documents and assets.
# - It manages all users: the smoke test needs identityplatform.admin, and no smaller role is enough.
# - It writes the state, which an owner's next apply trusts. An attacker with the deployer's rights could write a state
#   from which Terraform plans changes that only an owner may make. Read that plan; apply no change that no commit
#   explains.

locals {
  github = var.github == null ? {} : {
    planner  = { environment = "plan", roles = local.planner_roles }
    deployer = { environment = var.github.environment, roles = local.deployer_roles }
  }
  planner_roles = toset([ # none of these can read documents, assets, users or tasks, whose bodies contain requests
    "roles/artifactregistry.reader", "roles/browser", "roles/cloudfunctions.viewer", "roles/cloudscheduler.viewer",
    "roles/datastore.backupSchedulesViewer", "roles/firebaserules.viewer", "roles/iam.securityReviewer",
    "roles/iam.workloadIdentityPoolViewer", "roles/logging.viewer", "roles/monitoring.viewer", "roles/run.viewer",
    "roles/secretmanager.viewer", "roles/serviceusage.apiKeysViewer", "roles/serviceusage.serviceUsageConsumer",
    "roles/storage.bucketViewer", local.settings_viewer_role,
  ])
  deployer_roles = toset([
    "roles/cloudfunctions.developer", "roles/cloudscheduler.admin", "roles/cloudtasks.queueAdmin",
    "roles/datastore.backupSchedulesAdmin", "roles/datastore.indexAdmin", "roles/firebasehosting.admin",
    "roles/firebaserules.admin", "roles/identityplatform.admin", "roles/logging.configWriter", "roles/monitoring.editor",
    "roles/serviceusage.apiKeysAdmin", "roles/serviceusage.serviceUsageConsumer", "roles/storage.bucketViewer",
  ])
  deployer_buckets = var.github == null ? {} : { # legacyBucketOwner: settings and grants of the bucket of assets; it can also list and delete objects
    (local.assets_bucket)               = "roles/storage.legacyBucketOwner"
    (local.state_bucket)                = "roles/storage.objectUser"
    (google_storage_bucket.source.name) = "roles/storage.admin"
  }
  state_bucket         = "${var.project_id}-terraform"
  settings_viewer_role = "projects/${var.project_id}/roles/terraformPlanner"

  pool      = "projects/${coalesce(var.project_number, "0")}/locations/global/workloadIdentityPools/github"
  providers = { for name in keys(local.github) : name => "${local.pool}/providers/${name}" }

  # The identities that the deployer may attach to a function, a queue or a job.
  attached_accounts = var.github == null ? {} : {
    api               = google_service_account.api
    build             = google_service_account.build
    process           = google_service_account.process
    scheduler_invoker = google_service_account.scheduler_invoker
    sweep             = google_service_account.sweep
    tasks_invoker     = google_service_account.tasks_invoker
  }

  # Since July 2026 the subject of a new repository contains its ids: repo:OWNER@ID/REPOSITORY@ID.
  subject = var.github == null ? "" : coalesce(var.github.subject, "repo:${var.github.owner}/${var.github.repository}")
}

# Predefined roles with these permissions can also read documents, tasks or users, or change the settings.
resource "google_project_iam_custom_role" "settings_viewer" {
  count = var.github == null ? 0 : 1

  role_id = basename(local.settings_viewer_role)
  title   = "Reads the settings of Firestore, queues and sign-in"
  permissions = [
    "cloudtasks.queues.get", "datastore.databases.getMetadata", "datastore.databases.list", "datastore.schemas.get",
    "datastore.schemas.list", "firebaseauth.configs.get", "iam.roles.get",
  ]
  deletion_policy = local.abandoned

  depends_on = [google_project_service.main]
}

resource "google_iam_workload_identity_pool" "github" {
  count = var.github == null ? 0 : 1

  workload_identity_pool_id = "github"
  display_name              = "GitHub Actions"
  deletion_policy           = local.abandoned

  depends_on = [google_project_service.main]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  for_each = local.github

  workload_identity_pool_id          = google_iam_workload_identity_pool.github[0].workload_identity_pool_id
  workload_identity_pool_provider_id = each.key
  display_name                       = "GitHub Actions, ${each.key}"
  deletion_policy                    = local.abandoned

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }

  # Names of repositories can be registered again, ids cannot. The subject must match exactly, and only main deploys,
  # even if the environment allows other branches. The events are listed because a pull_request_target from a fork fulfils
  # all other conditions.
  attribute_condition = "assertion.sub == '${local.subject}:environment:${each.value.environment}' && assertion.ref == 'refs/heads/main' && assertion.event_name in ['push', 'workflow_dispatch'] && assertion.repository_owner_id == '${var.github.owner_id}' && assertion.repository_id == '${var.github.repository_id}'"
  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }
}

resource "google_service_account" "github" {
  for_each = local.github

  account_id   = "github-${each.key}"
  display_name = "GitHub Actions, ${each.key}"

  depends_on = [google_project_service.main]
}

resource "google_service_account_iam_member" "github" {
  for_each = local.github

  service_account_id = "projects/${var.project_id}/serviceAccounts/${google_service_account.github[each.key].email}"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${local.pool}/subject/${local.subject}:environment:${each.value.environment}"

  depends_on = [google_iam_workload_identity_pool.github]
}

resource "google_project_iam_member" "github" {
  for_each = merge([
    for name, account in local.github : { for role in account.roles : "${name} ${role}" => { name = name, role = role } }
  ]...)

  project = var.project_id
  role    = each.value.role
  member  = google_service_account.github[each.value.name].member

  depends_on = [google_project_iam_custom_role.settings_viewer]
}

resource "google_storage_bucket_iam_member" "planner_reads" {
  for_each = var.github == null ? toset([]) : toset([local.state_bucket, google_storage_bucket.source.name])

  bucket = each.key # the state, and the archives that are deployed
  role   = "roles/storage.objectViewer"
  member = google_service_account.github["planner"].member
}

resource "google_storage_bucket_iam_member" "deployer_manages" {
  for_each = local.deployer_buckets

  bucket = each.key
  role   = each.value
  member = google_service_account.github["deployer"].member

  depends_on = [google_storage_bucket.assets]
}

resource "google_artifact_registry_repository_iam_member" "deployer_manages" {
  count = var.github == null ? 0 : 1

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.functions.repository_id
  role       = "roles/artifactregistry.admin"
  member     = google_service_account.github["deployer"].member
}

resource "google_service_account_iam_member" "deployer_acts_as" {
  for_each = local.attached_accounts

  service_account_id = "projects/${var.project_id}/serviceAccounts/${each.value.email}"
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.github["deployer"].member
}

# Where the API is not public, the smoke test needs an ID token of an invoker. cloudfunctions.developer can invoke.
resource "google_service_account_iam_member" "deployer_creates_id_tokens" {
  count = var.github == null || var.public_api ? 0 : 1

  service_account_id = "projects/${var.project_id}/serviceAccounts/${google_service_account.github["deployer"].email}"
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = google_service_account.github["deployer"].member
}
