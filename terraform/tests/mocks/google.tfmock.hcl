# Values that must have a valid format, unlike the random strings of a mock: emails, members and URLs.

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
