# How the repository's workflow deploys: by Workload Identity Federation, so that there is no key to lose.
# The planner looks, the deployer changes what a release changes. Each is for one environment of the repository.
#
# A person, as an owner, makes the first apply, and each one that touches identities, whom they are believed as, who
# may call the functions, what anybody is granted on the project, secrets, APIs, or the database's own settings: the
# deployer cannot. It is strong all the same: it can do what the code that it deploys can do, to documents and assets, and
# with identityplatform.admin, which no smaller role is for the user of the smoke test, it holds all users. It also writes
# the state, which an owner's next apply believes: whoever could take the deployer over could leave a state from which
# Terraform plans what an owner alone may do. Read that plan, and apply nothing in it that no commit explains.

locals {
  github = var.github == null ? {} : {
    planner  = { environment = "plan", roles = local.planner_roles }
    deployer = { environment = var.github.environment, roles = local.deployer_roles }
  }
  planner_roles = toset([ # nothing that shows documents, assets, tasks (their bodies are requests) or users
    "roles/artifactregistry.reader", "roles/browser", "roles/cloudfunctions.viewer", "roles/cloudscheduler.viewer",
    "roles/datastore.backupSchedulesViewer", "roles/firebaserules.viewer", "roles/iam.securityReviewer",
    "roles/iam.workloadIdentityPoolViewer", "roles/logging.viewer", "roles/monitoring.viewer", "roles/run.viewer",
    "roles/secretmanager.viewer", "roles/serviceusage.apiKeysViewer", "roles/serviceusage.serviceUsageConsumer",
    "roles/storage.bucketViewer", local.sees_settings,
  ])
  deployer_roles = toset([
    "roles/cloudfunctions.developer", "roles/cloudscheduler.admin", "roles/cloudtasks.queueAdmin",
    "roles/datastore.backupSchedulesAdmin", "roles/datastore.indexAdmin", "roles/firebasehosting.admin",
    "roles/firebaserules.admin", "roles/identityplatform.admin", "roles/logging.configWriter", "roles/monitoring.editor",
    "roles/serviceusage.apiKeysAdmin", "roles/serviceusage.serviceUsageConsumer", "roles/storage.bucketViewer",
  ])
  deployer_buckets = var.github == null ? {} : { # of the assets the settings and grants; that role also lists and deletes them
    (local.assets_bucket)               = "roles/storage.legacyBucketOwner"
    (local.state_bucket)                = "roles/storage.objectUser"
    (google_storage_bucket.source.name) = "roles/storage.admin"
  }
  state_bucket  = "${var.project_id}-terraform"
  sees_settings = "projects/${var.project_id}/roles/terraformPlanner"

  pool      = "projects/${coalesce(var.project_number, "0")}/locations/global/workloadIdentityPools/github"
  providers = { for name in keys(local.github) : name => "${local.pool}/providers/${name}" }

  # Whom the deployer may put into a function, a queue or a job.
  acted_as = var.github == null ? {} : {
    api               = google_service_account.api
    build             = google_service_account.build
    process           = google_service_account.process
    scheduler_invoker = google_service_account.scheduler_invoker
    sweep             = google_service_account.sweep
    tasks_invoker     = google_service_account.tasks_invoker
  }

  # Repositories since July 2026 have their ids in it: repo:OWNER@ID/REPOSITORY@ID.
  subject = var.github == null ? "" : coalesce(var.github.subject, "repo:${var.github.owner}/${var.github.repository}")
}

# The predefined roles that see these settings show documents, tasks or users too, or can change what they see.
resource "google_project_iam_custom_role" "sees_settings" {
  count = var.github == null ? 0 : 1

  role_id = basename(local.sees_settings)
  title   = "Sees how Firestore, queues and sign-in are set up"
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

  # The ids cannot be registered again by somebody else, the subject is exact, and no branch but main is believed,
  # whatever the environment's own rules are. A pull_request_target of a fork runs with all of these, so the events that
  # deploy are named.
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

  depends_on = [google_project_iam_custom_role.sees_settings]
}

resource "google_storage_bucket_iam_member" "planner_reads" {
  for_each = var.github == null ? toset([]) : toset([local.state_bucket, google_storage_bucket.source.name])

  bucket = each.key # the state, and which archive is deployed
  role   = "roles/storage.objectViewer"
  member = google_service_account.github["planner"].member
}

resource "google_storage_bucket_iam_member" "deployer_holds" {
  for_each = local.deployer_buckets

  bucket = each.key
  role   = each.value
  member = google_service_account.github["deployer"].member

  depends_on = [google_storage_bucket.assets]
}

resource "google_artifact_registry_repository_iam_member" "deployer_holds" {
  count = var.github == null ? 0 : 1

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.functions.repository_id
  role       = "roles/artifactregistry.admin"
  member     = google_service_account.github["deployer"].member
}

resource "google_service_account_iam_member" "deployer_acts_as" {
  for_each = local.acted_as

  service_account_id = "projects/${var.project_id}/serviceAccounts/${each.value.email}"
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.github["deployer"].member
}

# Its smoke request must show who sends it, where not everybody may. cloudfunctions.developer may invoke.
resource "google_service_account_iam_member" "deployer_shows_itself" {
  count = var.github == null || var.public_api ? 0 : 1

  service_account_id = "projects/${var.project_id}/serviceAccounts/${google_service_account.github["deployer"].email}"
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = google_service_account.github["deployer"].member
}
