# Mocked plans of imports. In a plan, only imported resources have the values that are overridden here; new resources have
# them after an apply.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id     = "practice-assets"
  project_number = "123456789012"
  region         = "europe-west1"
  github         = { owner = "clinic", repository = "assets", owner_id = "1", repository_id = "2" }
  adopt          = ["database", "rules", "identity_platform", "page_key", "github"]
}

override_resource {
  target = google_firestore_database.main
  values = { uid = "database" }
}

override_resource {
  target          = google_firebaserules_ruleset.main
  override_during = plan
  values          = { name = "projects/practice-assets/rulesets/new" }
}

override_resource {
  target = google_firebaserules_release.main
  values = { create_time = "rules" }
}

override_resource {
  target = google_identity_platform_config.main
  values = { name = "identity_platform" }
}

override_resource {
  target = google_apikeys_key.page
  values = { uid = "page_key" }
}

override_resource {
  target = google_project_iam_custom_role.settings_viewer[0]
  values = { name = "role" }
}

override_resource {
  target = google_iam_workload_identity_pool.github[0]
  values = { name = "pool" }
}

override_resource {
  target = google_iam_workload_identity_pool_provider.github
  values = { name = "provider" }
}

run "every_adoptable_resource_is_imported" {
  command = plan

  assert {
    condition = tolist(concat(
      [google_firestore_database.main.uid, google_firebaserules_release.main.create_time, google_identity_platform_config.main.name, google_apikeys_key.page.uid],
      [google_project_iam_custom_role.settings_viewer[0].name, google_iam_workload_identity_pool.github[0].name],
      [for provider in google_iam_workload_identity_pool_provider.github : provider.name],
    )) == tolist(["database", "rules", "identity_platform", "page_key", "role", "pool", "provider", "provider"])
    error_message = "Each resource that adopt can name must be imported."
  }
}
