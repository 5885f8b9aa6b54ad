# What random strings of a mock would break: members of grants, full names, and addresses.

mock_resource "google_service_account" {
  defaults = {
    email  = "mocked@practice-assets.iam.gserviceaccount.com"
    member = "serviceAccount:mocked@practice-assets.iam.gserviceaccount.com"
  }
}

mock_resource "google_cloudfunctions2_function" {
  defaults = {
    service_config = { uri = "https://mock-abc-ew.a.run.app" }
  }
}
