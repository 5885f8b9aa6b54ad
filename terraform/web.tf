# The page. `make deploy` uploads its files: this provider has no resource for Firebase Hosting.

locals {
  page_key        = "page"
  hosting_origins = ["https://${var.project_id}.web.app", "https://${var.project_id}.firebaseapp.com"]
  page_origins    = concat(local.hosting_origins, var.page_origins)

  page_config = {
    api = google_cloudfunctions2_function.api.service_config[0].uri
    firebase = {
      projectId  = var.project_id
      apiKey     = google_apikeys_key.page.key_string
      authDomain = "${var.project_id}.firebaseapp.com"
    }
    database = var.database
    signIn   = ["password"]
  }
}

# Identifies the project to Identity Platform and Firestore. It is public: rules and tokens decide about access.
resource "google_apikeys_key" "page" {
  name            = local.page_key
  display_name    = "The page"
  deletion_policy = local.abandoned

  restrictions {
    browser_key_restrictions {
      allowed_referrers = [for origin in local.page_origins : "${origin}/*"]
    }
    api_targets {
      service = "identitytoolkit.googleapis.com"
    }
    api_targets {
      service = "securetoken.googleapis.com"
    }
    api_targets {
      service = "firestore.googleapis.com"
    }
  }

  depends_on = [google_project_service.main]
}
