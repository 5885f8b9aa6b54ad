variable "adopt" {
  type        = set(string)
  default     = []
  description = "Existing resources to import: database, rules, identity_platform, page_key, github. Entries can stay after the import"

  validation {
    condition     = length(setsubtract(var.adopt, ["database", "rules", "identity_platform", "page_key", "github"])) == 0
    error_message = "adopt must contain only database, rules, identity_platform, page_key and github."
  }
  validation {
    condition     = !contains(var.adopt, "github") || var.github != null
    error_message = "adopt must not contain github while github is null."
  }
}

variable "alert_email" {
  type        = string
  default     = null
  description = "E-mail address that alerts are sent to; null for none"

  validation {
    condition     = var.alert_email == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.alert_email))
    error_message = "alert_email must be an e-mail address."
  }
}

variable "alert_thresholds" {
  type = object({
    oldest_open_seconds     = optional(number, 3600)
    failed_ratio            = optional(number, 0.05)
    quota_refusals_per_hour = optional(number, 100)
    sweeper_silent_seconds  = optional(number, 300)
  })
  default     = {}
  description = "Thresholds of alerts: seconds that a request may be overdue, share of requests that fail, refusals in an hour, seconds without a finished sweep"

  validation {
    condition     = var.alert_thresholds.oldest_open_seconds >= 300
    error_message = "alert_thresholds.oldest_open_seconds must be at least 300: the sweeper starts after two minutes."
  }
  validation {
    condition     = var.alert_thresholds.failed_ratio > 0 && var.alert_thresholds.failed_ratio < 1
    error_message = "alert_thresholds.failed_ratio must be between 0 and 1."
  }
  validation {
    condition     = var.alert_thresholds.quota_refusals_per_hour >= 1
    error_message = "alert_thresholds.quota_refusals_per_hour must be at least 1."
  }
  validation {
    condition     = var.alert_thresholds.sweeper_silent_seconds >= 180 && var.alert_thresholds.sweeper_silent_seconds % 60 == 0
    error_message = "alert_thresholds.sweeper_silent_seconds must be a multiple of 60, at least 180: a sweep starts every 60 s."
  }
}

variable "allow_sign_up" {
  type        = bool
  default     = false
  description = "Whether anyone can create an account; otherwise only administrators can"
}

variable "api" {
  type = object({
    cpu           = optional(string, "1")
    memory        = optional(string, "512Mi")
    concurrency   = optional(number, 16)
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
  })
  default     = {}
  description = "Size of the function api. Instances in min_instances are billed while idle and avoid cold starts"

  validation {
    condition     = contains(["1", "2", "4"], var.api.cpu) && can(regex("^[1-9][0-9]*(Mi|Gi)$", var.api.memory))
    error_message = "api.cpu must be 1, 2 or 4 (less cannot serve concurrent calls), api.memory like 512Mi or 1Gi."
  }
  validation {
    condition     = var.api.concurrency >= 1 && var.api.concurrency <= 1000 && floor(var.api.concurrency) == var.api.concurrency
    error_message = "api.concurrency must be a whole number from 1 to 1000."
  }
  validation {
    condition     = var.api.min_instances >= 0 && var.api.min_instances <= var.api.max_instances && var.api.max_instances >= 1 && var.api.max_instances <= 1000
    error_message = "api must have 0 <= min_instances <= max_instances <= 1000."
  }
}

variable "archive" {
  type        = string
  default     = "../dist/functions.zip"
  description = "Path of the archive of the functions, which `make package` builds"

  validation {
    condition     = endswith(var.archive, ".zip")
    error_message = "archive must be the path of a .zip file."
  }
}

variable "database" {
  type        = string
  default     = "(default)"
  description = "Name of the Firestore database"

  validation {
    condition     = var.database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "database must be (default), or 4 to 63 lowercase letters, digits and hyphens, starting with a letter."
  }
}

variable "database_location" {
  type        = string
  default     = null
  description = "Location of the database, which cannot change: a region, nam5 or eur3; null for the value of region"

  validation {
    condition     = var.database_location == null || can(regex("^([a-z]+-[a-z]+[0-9]|nam[0-9]+|eur[0-9]+)$", var.database_location))
    error_message = "database_location must be a region, or a multi-region such as nam5 or eur3."
  }
}

variable "deletion_protection" {
  type        = bool
  default     = true
  description = "Whether database, queues, secrets and assets are protected from deletion. A change needs an apply of its own"
}

variable "github" {
  type = object({
    owner         = string
    repository    = string
    owner_id      = string
    repository_id = string
    environment   = optional(string, "production")
    subject       = optional(string)
  })
  default     = null
  description = "The repository that can deploy, by Workload Identity Federation; null for none. Ids are numeric. subject is the start of the subject of its tokens, if that is not repo:OWNER/REPOSITORY"

  validation {
    condition = var.github == null || alltrue([
      for name in [try(var.github.owner, ""), try(var.github.repository, ""), try(var.github.environment, "")] :
      can(regex("^[A-Za-z0-9._-]{1,100}$", name))
    ])
    error_message = "github.owner, repository and environment must be 1 to 100 letters, digits, dots, underscores and hyphens."
  }
  validation {
    condition = var.github == null || (
      can(regex("^[0-9]+$", try(var.github.owner_id, ""))) && can(regex("^[0-9]+$", try(var.github.repository_id, "")))
    )
    error_message = "github.owner_id and repository_id must be numeric ids."
  }
  validation {
    condition     = try(var.github.subject, null) == null || can(regex("^repo:[A-Za-z0-9._-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$", try(var.github.subject, "")))
    error_message = "github.subject must be like repo:OWNER@ID/REPOSITORY@ID, without the environment."
  }
}

variable "labels" {
  type        = map(string)
  default     = { service = "asset-requests" }
  description = "Labels of every resource that supports labels"

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "Keys and values of labels must be at most 63 lowercase letters, digits, _ and -; keys must start with a letter."
  }
}

variable "open_requests_per_tenant" {
  type        = number
  default     = 100
  description = "Number of open requests that a tenant can have"

  validation {
    condition     = var.open_requests_per_tenant >= 1 && var.open_requests_per_tenant <= 1000 && floor(var.open_requests_per_tenant) == var.open_requests_per_tenant
    error_message = "open_requests_per_tenant must be a whole number from 1 to 1000."
  }
}

variable "page_origins" {
  type        = list(string)
  default     = []
  description = "Additional origins of the page, like https://assets.example.org; those of Firebase Hosting are always included"

  validation {
    condition     = alltrue([for origin in var.page_origins : can(regex("^https://[a-z0-9.-]+\\.[a-z]{2,}(:[0-9]+)?$", origin))])
    error_message = "page_origins must be https origins without a path: no * and no /."
  }
}

variable "process" {
  type = object({
    cpu           = optional(string, "1")
    memory        = optional(string, "1Gi")
    concurrency   = optional(number, 4)
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
  })
  default     = {}
  description = "Size of the function process. max_instances x concurrency must be at least the sum of max_concurrent_dispatches of the queues"

  validation {
    condition     = contains(["1", "2", "4", "8"], var.process.cpu) && can(regex("^[1-9][0-9]*(Mi|Gi)$", var.process.memory))
    error_message = "process.cpu must be 1, 2, 4 or 8; process.memory like 512Mi or 1Gi."
  }
  validation {
    condition     = var.process.concurrency >= 1 && var.process.concurrency <= 1000 && floor(var.process.concurrency) == var.process.concurrency
    error_message = "process.concurrency must be a whole number from 1 to 1000."
  }
  validation {
    condition     = var.process.min_instances >= 0 && var.process.min_instances <= var.process.max_instances && var.process.max_instances >= 1 && var.process.max_instances <= 1000
    error_message = "process must have 0 <= min_instances <= max_instances <= 1000."
  }
}

variable "project_id" {
  type        = string
  description = "Id of the Google Cloud project, one for each environment"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lowercase letters, digits and hyphens."
  }
}

variable "project_number" {
  type        = string
  default     = null
  description = "The number of the project. github needs it: names of workload identities contain it"

  validation {
    condition     = var.project_number == null || can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number must consist of digits."
  }
  validation {
    condition     = var.github == null || var.project_number != null
    error_message = "project_number is needed with github."
  }
}

variable "public_api" {
  type        = bool
  default     = true
  description = "Whether everyone can reach api, which verifies the ID token of each caller itself. If false, grant run.invoker yourself"
}

variable "queue_log_ratio" {
  type        = number
  default     = 0.1
  description = "Share of the operations of Cloud Tasks that are logged, from 0 to 1"

  validation {
    condition     = var.queue_log_ratio >= 0 && var.queue_log_ratio <= 1
    error_message = "queue_log_ratio must be between 0 and 1."
  }
}

variable "queues_file" {
  type        = string
  default     = "../common/queues.json"
  description = "Path of the policies of the types of work; tests use other files"
}

variable "queues_version" {
  type        = number
  default     = 1
  description = "Suffix of the names of the queues. Raise it to recreate an environment within a week of its deletion"

  validation {
    condition     = var.queues_version >= 1 && floor(var.queues_version) == var.queues_version
    error_message = "queues_version must be a whole number, at least 1."
  }
}

variable "recurring" {
  type        = any # a map whose inputs have different types
  default     = {}
  description = "Requests that are submitted on a schedule, as tenant t:system: { NAME = { schedule = cron, time_zone = optional, submit = { type, input } } }"

  validation {
    condition     = alltrue([for name, job in var.recurring : can(regex("^[a-z][a-z0-9-]{0,99}$", name)) && name != "sweep"])
    error_message = "The name of a recurring request must be lowercase letters, digits and hyphens, and not sweep."
  }
  validation {
    condition     = alltrue([for job in values(var.recurring) : can(regex("^[^[:space:]]+( [^[:space:]]+){4}$", job.schedule))])
    error_message = "A recurring request needs a schedule of five fields, like \"0 7 * * 1\"."
  }
  validation {
    condition = alltrue([
      for job in values(var.recurring) : can(job.submit.type) && can(keys(job.submit.input)) && length(setsubtract(keys(job.submit), ["type", "input"])) == 0
    ])
    error_message = "A recurring request needs submit = { type, input }."
  }
  validation {
    condition     = alltrue([for job in values(var.recurring) : length(setsubtract(keys(job), ["schedule", "time_zone", "submit"])) == 0])
    error_message = "A recurring request must have no attributes but schedule, time_zone and submit."
  }
}

variable "region" {
  type        = string
  description = "Region of functions, queues and buckets"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region must be a region such as europe-west1."
  }
}

variable "require_tenant" {
  type        = bool
  default     = false
  description = "Whether callers need a tenant claim"
}

variable "secrets" {
  type = map(object({
    variable  = string
    functions = set(string)
    version   = optional(string)
  }))
  default     = {}
  description = "Secrets by name: the environment variable, the functions that read it, and the number of the version; see secrets.tf"

  validation {
    condition     = alltrue([for name, secret in var.secrets : can(regex("^[a-z][a-z0-9-]{0,99}$", name)) && can(regex("^[A-Z][A-Z0-9_]{0,99}$", secret.variable))])
    error_message = "The name of a secret must be lowercase letters, digits and hyphens, its variable uppercase letters, digits and _."
  }
  validation {
    condition     = alltrue([for secret in values(var.secrets) : length(secret.functions) > 0 && length(setsubtract(secret.functions, ["api", "process", "sweep"])) == 0])
    error_message = "The functions of a secret must be one or more of api, process and sweep."
  }
  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[1-9][0-9]*$", coalesce(secret.version, "1")))])
    error_message = "The version of a secret must be a number, not latest: a rollback needs the value that it was tested with."
  }
}

variable "sweep" {
  type = object({
    cpu           = optional(string, "1")
    memory        = optional(string, "512Mi")
    concurrency   = optional(number, 4)
    min_instances = optional(number, 0)
    max_instances = optional(number, 3)
  })
  default     = {}
  description = "Size of the function sweep"

  validation {
    condition     = contains(["1", "2", "4"], var.sweep.cpu) && can(regex("^[1-9][0-9]*(Mi|Gi)$", var.sweep.memory))
    error_message = "sweep.cpu must be 1, 2 or 4; sweep.memory like 512Mi or 1Gi."
  }
  validation {
    condition     = var.sweep.concurrency >= 1 && var.sweep.concurrency <= 1000 && floor(var.sweep.concurrency) == var.sweep.concurrency
    error_message = "sweep.concurrency must be a whole number from 1 to 1000."
  }
  validation {
    condition     = var.sweep.min_instances >= 0 && var.sweep.min_instances <= var.sweep.max_instances && var.sweep.max_instances >= 1 && var.sweep.max_instances <= 1000
    error_message = "sweep must have 0 <= min_instances <= max_instances <= 1000."
  }
}
