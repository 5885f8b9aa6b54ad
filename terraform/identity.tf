# Sign-in. A tenant is a custom claim of a user, which an administrator sets.

resource "google_identity_platform_config" "main" {
  authorized_domains = [for origin in local.page_origins : regex("^https://([^/:]+)", origin)[0]]

  sign_in {
    allow_duplicate_emails = false
    email {
      enabled           = true
      password_required = true
    }
    anonymous {
      enabled = false
    }
  }

  client {
    permissions {
      disabled_user_signup   = !var.allow_sign_up
      disabled_user_deletion = true
    }
  }

  depends_on = [google_project_service.main]
}
