resource "google_project_service" "main" {
  for_each = toset([
    "apikeys", "artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler",
    "cloudtasks", "firebase", "firebasehosting", "firebaserules", "firestore", "iam", "iamcredentials", "identitytoolkit",
    "logging", "monitoring", "run", "secretmanager", "securetoken", "serviceusage", "storage", "sts",
  ])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false # other services of the project may use it
}
