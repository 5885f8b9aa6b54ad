# Where the page lives. Its files go up with `make deploy`; Firebase Hosting itself is no resource of this provider.

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

# It names the project to Identity Platform and Firestore. Not a secret: rules and tokens decide what may be done.
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
