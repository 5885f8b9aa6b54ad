# A real plan, offline. It knows the emails of the service accounts, and so every grant.

variables {
  project_id     = "practice-assets"
  project_number = "123456789012"
  region         = "europe-west1"
}

run "each_identity_has_exactly_these_grants" {
  command = plan

  assert {
    condition = toset(concat(
      [for grant in google_project_iam_member.build_logs[*] : "project ${grant.role} ${grant.member}"],
      [
        for grant in [google_project_iam_member.build_copies, google_project_iam_member.api_documents, google_project_iam_member.process_documents, google_project_iam_member.sweep_documents] :
        "project ${grant.role} ${grant.member} if ${grant.condition[0].expression}"
      ],
      [for grant in google_project_iam_member.github : "project ${grant.role} ${grant.member}"], # the workflow's grants, none without github
      [
        for grant in concat(
          values(google_cloud_tasks_queue_iam_member.api_enqueues), values(google_cloud_tasks_queue_iam_member.api_cancels),
          values(google_cloud_tasks_queue_iam_member.process_enqueues), values(google_cloud_tasks_queue_iam_member.process_erases_tasks), values(google_cloud_tasks_queue_iam_member.sweep_enqueues),
          values(google_cloud_tasks_queue_iam_member.sweep_reads_tasks)
        ) : "queue ${grant.name} ${grant.role} ${grant.member}"
      ],
      [
        for grant in concat([google_storage_bucket_iam_member.build_source, google_storage_bucket_iam_member.api_reads_assets, google_storage_bucket_iam_member.process_creates_assets, google_storage_bucket_iam_member.process_reads_assets], values(google_storage_bucket_iam_member.planner_reads), values(google_storage_bucket_iam_member.deployer_manages)) :
        "bucket ${grant.bucket} ${grant.role} ${grant.member}"
      ],
      [
        for grant in concat([google_artifact_registry_repository_iam_member.build_images], google_artifact_registry_repository_iam_member.deployer_manages) :
        "repository ${grant.repository} ${grant.role} ${grant.member}"
      ],
      [
        for grant in concat([google_service_account_iam_member.api_signs], values(google_service_account_iam_member.github), values(google_service_account_iam_member.deployer_acts_as), google_service_account_iam_member.deployer_creates_id_tokens) :
        "account ${grant.service_account_id} ${grant.role} ${grant.member}"
      ],
      [
        for grant in concat(google_cloud_run_v2_service_iam_member.api_callers, [google_cloud_run_v2_service_iam_member.process_callers, google_cloud_run_v2_service_iam_member.sweep_callers]) :
        "service ${grant.name} ${grant.role} ${grant.member}"
      ],
      [for grant in google_secret_manager_secret_iam_member.reads : "secret ${grant.secret_id} ${grant.role} ${grant.member}"],
      )) == toset([
      "project roles/logging.logWriter serviceAccount:function-build@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-functions roles/storage.objectViewer serviceAccount:function-build@practice-assets.iam.gserviceaccount.com",
      "project roles/storage.objectViewer serviceAccount:function-build@practice-assets.iam.gserviceaccount.com if resource.type == \"storage.googleapis.com/Object\" && (resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\") || resource.name.startsWith(\"projects/_/buckets/gcf-v2-uploads-\") || resource.name.startsWith(\"projects/_/buckets/run-sources-\"))",
      "repository functions roles/artifactregistry.writer serviceAccount:function-build@practice-assets.iam.gserviceaccount.com",

      "project roles/datastore.user serviceAccount:api-function@practice-assets.iam.gserviceaccount.com if resource.name == \"projects/practice-assets/databases/(default)\"",
      "queue medical-asset-v1 roles/cloudtasks.enqueuer serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "queue erasure-v1 roles/cloudtasks.enqueuer serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "queue export-v1 roles/cloudtasks.enqueuer serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "queue purge-v1 roles/cloudtasks.enqueuer serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "queue medical-asset-v1 roles/cloudtasks.taskDeleter serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "queue erasure-v1 roles/cloudtasks.taskDeleter serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "queue export-v1 roles/cloudtasks.taskDeleter serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "queue purge-v1 roles/cloudtasks.taskDeleter serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-assets roles/storage.objectViewer serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
      "account projects/practice-assets/serviceAccounts/api-function@practice-assets.iam.gserviceaccount.com roles/iam.serviceAccountTokenCreator serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",

      "project roles/datastore.user serviceAccount:process-function@practice-assets.iam.gserviceaccount.com if resource.name == \"projects/practice-assets/databases/(default)\"",
      "queue medical-asset-v1 roles/cloudtasks.enqueuer serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "queue erasure-v1 roles/cloudtasks.enqueuer serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "queue export-v1 roles/cloudtasks.enqueuer serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "queue purge-v1 roles/cloudtasks.enqueuer serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "queue medical-asset-v1 roles/cloudtasks.taskDeleter serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "queue erasure-v1 roles/cloudtasks.taskDeleter serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "queue export-v1 roles/cloudtasks.taskDeleter serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "queue purge-v1 roles/cloudtasks.taskDeleter serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-assets roles/storage.legacyBucketWriter serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-assets roles/storage.legacyObjectReader serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",

      "project roles/datastore.user serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com if resource.name == \"projects/practice-assets/databases/(default)\"",
      "queue medical-asset-v1 roles/cloudtasks.enqueuer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",
      "queue erasure-v1 roles/cloudtasks.enqueuer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",
      "queue export-v1 roles/cloudtasks.enqueuer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",
      "queue purge-v1 roles/cloudtasks.enqueuer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",
      "queue medical-asset-v1 roles/cloudtasks.viewer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",
      "queue erasure-v1 roles/cloudtasks.viewer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",
      "queue export-v1 roles/cloudtasks.viewer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",
      "queue purge-v1 roles/cloudtasks.viewer serviceAccount:sweep-function@practice-assets.iam.gserviceaccount.com",

      "service api roles/run.invoker allUsers",
      "service process roles/run.invoker serviceAccount:tasks-invoker@practice-assets.iam.gserviceaccount.com",
      "service sweep roles/run.invoker serviceAccount:scheduler-invoker@practice-assets.iam.gserviceaccount.com",
    ])
    error_message = "The grants must be exactly these. Add an intended grant to this list."
  }
}

run "without_public_api_no_invoker_is_granted" {
  command = plan
  variables {
    public_api = false
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.api_callers) == 0
    error_message = "allUsers must be an invoker only if public_api is true."
  }
}

run "only_the_functions_of_a_secret_can_read_it" {
  command = plan
  variables {
    secrets = { smtp-password = { variable = "SMTP_PASSWORD", functions = ["process"], version = "3" }, later = { variable = "LATER", functions = ["api"] } }
  }

  assert {
    condition = toset([for grant in google_secret_manager_secret_iam_member.reads : "${grant.secret_id} ${grant.role} ${grant.member}"]) == toset([
      "smtp-password roles/secretmanager.secretAccessor serviceAccount:process-function@practice-assets.iam.gserviceaccount.com",
      "later roles/secretmanager.secretAccessor serviceAccount:api-function@practice-assets.iam.gserviceaccount.com",
    ])
    error_message = "A secret must be granted to exactly the functions in its entry."
  }

  assert {
    condition = (
      [for secret in google_cloudfunctions2_function.process.service_config[0].secret_environment_variables : "${secret.key} ${secret.secret} ${secret.version}"] == ["SMTP_PASSWORD smtp-password 3"]
      && length(google_cloudfunctions2_function.api.service_config[0].secret_environment_variables) == 0
      && length(google_cloudfunctions2_function.sweep.service_config[0].secret_environment_variables) == 0
    )
    error_message = "A function must get only its own secrets, and only those with a version."
  }
}

run "the_repository_deploys_only_from_its_environments" {
  command = plan
  variables {
    github = { owner = "clinic", repository = "assets", owner_id = "11", repository_id = "22" }
  }

  assert {
    condition = { for name, provider in google_iam_workload_identity_pool_provider.github : name => provider.attribute_condition } == {
      planner  = "assertion.sub == 'repo:clinic/assets:environment:plan' && assertion.ref == 'refs/heads/main' && assertion.event_name in ['push', 'workflow_dispatch'] && assertion.repository_owner_id == '11' && assertion.repository_id == '22'"
      deployer = "assertion.sub == 'repo:clinic/assets:environment:production' && assertion.ref == 'refs/heads/main' && assertion.event_name in ['push', 'workflow_dispatch'] && assertion.repository_owner_id == '11' && assertion.repository_id == '22'"
    }
    error_message = "A provider must accept only the main branch of one repository in one environment."
  }

  assert {
    condition = toset([for grant in google_service_account_iam_member.github : "${grant.service_account_id} ${grant.role} ${grant.member}"]) == toset([
      "projects/practice-assets/serviceAccounts/github-planner@practice-assets.iam.gserviceaccount.com roles/iam.workloadIdentityUser principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github/subject/repo:clinic/assets:environment:plan",
      "projects/practice-assets/serviceAccounts/github-deployer@practice-assets.iam.gserviceaccount.com roles/iam.workloadIdentityUser principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github/subject/repo:clinic/assets:environment:production",
    ])
    error_message = "Each identity must be granted to the subject of its environment."
  }

  assert {
    condition = toset(concat(
      [for grant in google_project_iam_member.github : "project ${grant.role} ${trimprefix(grant.member, "serviceAccount:")}"],
      [
        for grant in concat(values(google_storage_bucket_iam_member.planner_reads), values(google_storage_bucket_iam_member.deployer_manages)) :
        "bucket ${grant.bucket} ${grant.role} ${trimprefix(grant.member, "serviceAccount:")}"
      ],
      [
        for grant in google_artifact_registry_repository_iam_member.deployer_manages :
        "repository ${grant.repository} ${grant.role} ${trimprefix(grant.member, "serviceAccount:")}"
      ],
      )) == toset([
      "project projects/practice-assets/roles/terraformPlanner github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/artifactregistry.reader github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/browser github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/cloudfunctions.viewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/cloudscheduler.viewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/datastore.backupSchedulesViewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/firebaserules.viewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/iam.securityReviewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/iam.workloadIdentityPoolViewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/logging.viewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/monitoring.viewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/run.viewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/secretmanager.viewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/serviceusage.apiKeysViewer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/serviceusage.serviceUsageConsumer github-planner@practice-assets.iam.gserviceaccount.com",
      "project roles/storage.bucketViewer github-planner@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-functions roles/storage.objectViewer github-planner@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-terraform roles/storage.objectViewer github-planner@practice-assets.iam.gserviceaccount.com",

      "project roles/cloudfunctions.developer github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/cloudscheduler.admin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/cloudtasks.queueAdmin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/datastore.backupSchedulesAdmin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/datastore.indexAdmin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/firebasehosting.admin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/firebaserules.admin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/identityplatform.admin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/logging.configWriter github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/monitoring.editor github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/serviceusage.apiKeysAdmin github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/serviceusage.serviceUsageConsumer github-deployer@practice-assets.iam.gserviceaccount.com",
      "project roles/storage.bucketViewer github-deployer@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-assets roles/storage.legacyBucketOwner github-deployer@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-functions roles/storage.admin github-deployer@practice-assets.iam.gserviceaccount.com",
      "bucket practice-assets-terraform roles/storage.objectUser github-deployer@practice-assets.iam.gserviceaccount.com",
      "repository functions roles/artifactregistry.admin github-deployer@practice-assets.iam.gserviceaccount.com",
    ])
    error_message = "The grants of planner and deployer must be exactly these."
  }

  assert {
    condition = google_project_iam_custom_role.settings_viewer[0].permissions == toset([
      "cloudtasks.queues.get",
      "datastore.databases.getMetadata",
      "datastore.databases.list",
      "datastore.schemas.get",
      "datastore.schemas.list",
      "firebaseauth.configs.get",
      "iam.roles.get",
    ])
    error_message = "The custom role of the planner must show settings only: no document, no task, no user."
  }

  assert {
    condition = toset([for grant in google_service_account_iam_member.deployer_acts_as : grant.service_account_id]) == toset([
      for account in ["api-function", "process-function", "sweep-function", "function-build", "tasks-invoker", "scheduler-invoker"] :
      "projects/practice-assets/serviceAccounts/${account}@practice-assets.iam.gserviceaccount.com"
    ]) && toset([for grant in google_service_account_iam_member.deployer_acts_as : grant.member]) == toset(["serviceAccount:github-deployer@practice-assets.iam.gserviceaccount.com"]) && length(google_service_account_iam_member.deployer_creates_id_tokens) == 0
    error_message = "The deployer must act as exactly the identities that it attaches, the planner as none."
  }

  assert {
    condition = length(setintersection([for grant in google_project_iam_member.github : grant.role if strcontains(grant.member, "planner")], [
      "roles/viewer", "roles/cloudtasks.viewer", "roles/datastore.viewer", "roles/firebase.viewer", "roles/firebaseauth.viewer",
      "roles/identityplatform.viewer", "roles/logging.privateLogViewer", "roles/storage.objectViewer",
    ])) == 0
    error_message = "The planner must have none of these roles: they show requests or users."
  }

  assert {
    condition     = alltrue([for grant in google_project_iam_member.github : !can(regex("(?i)(admin|owner|editor|developer|writer)$", grant.role)) if strcontains(grant.member, "planner")])
    error_message = "The planner must have no role that can change anything."
  }
}

run "without_public_api_the_deployer_can_create_id_tokens" {
  command = plan
  variables {
    github     = { owner = "clinic", repository = "assets", owner_id = "11", repository_id = "22" }
    public_api = false
  }

  assert {
    condition = [for grant in google_service_account_iam_member.deployer_creates_id_tokens : "${grant.service_account_id} ${grant.role} ${grant.member}"] == [
      "projects/practice-assets/serviceAccounts/github-deployer@practice-assets.iam.gserviceaccount.com roles/iam.serviceAccountOpenIdTokenCreator serviceAccount:github-deployer@practice-assets.iam.gserviceaccount.com"
    ] && !output.public_api
    error_message = "The deployer must be able to create ID tokens of itself only."
  }
}

run "a_subject_with_ids_is_accepted" {
  command = plan
  variables {
    github = { owner = "clinic", repository = "assets", owner_id = "11", repository_id = "22", subject = "repo:clinic@11/assets@22" }
  }

  assert {
    condition = (
      startswith(google_iam_workload_identity_pool_provider.github["deployer"].attribute_condition, "assertion.sub == 'repo:clinic@11/assets@22:environment:production' && ")
      && endswith(google_service_account_iam_member.github["deployer"].member, "/subject/repo:clinic@11/assets@22:environment:production")
    )
    error_message = "Condition and grant must contain the subject of the tokens."
  }
}
