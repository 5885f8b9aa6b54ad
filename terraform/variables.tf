variable "adopt" {
  type        = set(string)
  default     = []
  description = "What exists already and is taken over: database, rules, identity_platform, page_key, github. May stay"

  validation {
    condition     = length(setsubtract(var.adopt, ["database", "rules", "identity_platform", "page_key", "github"])) == 0
    error_message = "adopt may name database, rules, identity_platform, page_key and github."
  }
  validation {
    condition     = !contains(var.adopt, "github") || var.github != null
    error_message = "There is nothing to adopt of github without github."
  }
}

variable "alert_email" {
  type        = string
  default     = null
  description = "Whom alerts are mailed to; null for nobody"

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
  description = "When to wake somebody: seconds a request may be overdue, share of requests that fail, refusals in an hour, seconds without a sweep"

  validation {
    condition     = var.alert_thresholds.oldest_open_seconds >= 300
    error_message = "alert_thresholds.oldest_open_seconds must be at least 300: the sweeper itself waits for two minutes."
  }
  validation {
    condition     = var.alert_thresholds.failed_ratio > 0 && var.alert_thresholds.failed_ratio < 1
    error_message = "alert_thresholds.failed_ratio must lie between 0 and 1."
  }
  validation {
    condition     = var.alert_thresholds.quota_refusals_per_hour >= 1
    error_message = "alert_thresholds.quota_refusals_per_hour must be at least 1."
  }
  validation {
    condition     = var.alert_thresholds.sweeper_silent_seconds >= 180 && var.alert_thresholds.sweeper_silent_seconds % 60 == 0
    error_message = "alert_thresholds.sweeper_silent_seconds must be whole minutes, at least 180: a sweep comes every 60 s."
  }
}

variable "allow_sign_up" {
  type        = bool
  default     = false
  description = "Whether anyone may make an account, or only administrators may"
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
  description = "Size of the function api. min_instances above 0 are billed while idle, and spare callers the cold start"

  validation {
    condition     = contains(["1", "2", "4"], var.api.cpu) && can(regex("^[1-9][0-9]*(Mi|Gi)$", var.api.memory))
    error_message = "api.cpu must be 1, 2 or 4, since less cannot serve several callers at once; api.memory like 512Mi or 1Gi."
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
  description = "The archive of the functions, as `make package` builds it"

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
    error_message = "database must be (default), or 4 to 63 letters, digits and hyphens that begin with a letter."
  }
}

variable "database_location" {
  type        = string
  default     = null
  description = "Where the database is, for ever: a region, nam5 or eur3; null for the region"

  validation {
    condition     = var.database_location == null || can(regex("^([a-z]+-[a-z]+[0-9]|nam[0-9]+|eur[0-9]+)$", var.database_location))
    error_message = "database_location must be a region, or a multi-region such as nam5 or eur3."
  }
}

variable "deletion_protection" {
  type        = bool
  default     = true
  description = "Whether database, queues, secrets and assets refuse to be deleted. Takes effect with an apply of its own"
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
  description = "The repository that may deploy, by Workload Identity Federation; null for none. The numeric ids stay when names change hands. subject is how its tokens begin, if not with repo:OWNER/REPOSITORY"

  validation {
    condition = var.github == null || alltrue([
      for name in [try(var.github.owner, ""), try(var.github.repository, ""), try(var.github.environment, "")] :
      can(regex("^[A-Za-z0-9._-]{1,100}$", name))
    ])
    error_message = "github.owner, repository and environment must be plain names."
  }
  validation {
    condition = var.github == null || (
      can(regex("^[0-9]+$", try(var.github.owner_id, ""))) && can(regex("^[0-9]+$", try(var.github.repository_id, "")))
    )
    error_message = "github.owner_id and repository_id must be the numeric ids."
  }
  validation {
    condition     = try(var.github.subject, null) == null || can(regex("^repo:[A-Za-z0-9._-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$", try(var.github.subject, "")))
    error_message = "github.subject must be like repo:OWNER@ID/REPOSITORY@ID, without the environment."
  }
}

variable "labels" {
  type        = map(string)
  default     = { service = "asset-requests" }
  description = "Labels of everything that takes labels"

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "Labels consist of small letters, digits, _ and -, at most 63."
  }
}

variable "open_requests_per_tenant" {
  type        = number
  default     = 100
  description = "How many requests a tenant may have open at once"

  validation {
    condition     = var.open_requests_per_tenant >= 1 && var.open_requests_per_tenant <= 1000 && floor(var.open_requests_per_tenant) == var.open_requests_per_tenant
    error_message = "open_requests_per_tenant must be a whole number from 1 to 1000."
  }
}

variable "page_origins" {
  type        = list(string)
  default     = []
  description = "Where else the page is served from, like https://assets.example.org; Firebase Hosting's own addresses are known"

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
  description = "Size of the function process. max_instances x concurrency must hold what the queues may send at once"

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
  description = "The Google Cloud project, one for each environment"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 small letters, digits and hyphens."
  }
}

variable "project_number" {
  type        = string
  default     = null
  description = "The project's number; needed with github, since the names of workload identities hold it"

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
  description = "Whether anyone may reach api, which verifies each caller's ID token itself. false leaves invokers to you"
}

variable "queue_log_ratio" {
  type        = number
  default     = 0.1
  description = "Share of Cloud Tasks' own operations that are logged, 0 to 1"

  validation {
    condition     = var.queue_log_ratio >= 0 && var.queue_log_ratio <= 1
    error_message = "queue_log_ratio must lie between 0 and 1."
  }
}

variable "queues_file" {
  type        = string
  default     = "../common/queues.json"
  description = "The policies of the types of work; another file is for tests"
}

variable "queues_version" {
  type        = number
  default     = 1
  description = "Ends the queues' names. Raise it to make an environment anew within a week of its deletion"

  validation {
    condition     = var.queues_version >= 1 && floor(var.queues_version) == var.queues_version
    error_message = "queues_version must be a whole number from 1 on."
  }
}

variable "recurring" {
  type        = any # a map whose inputs have different shapes, which no other type can say
  default     = {}
  description = "Requests that are asked again and again, as tenant t:system: { NAME = { schedule = cron, time_zone = optional, submit = { type, input } } }"

  validation {
    condition     = alltrue([for name, job in var.recurring : can(regex("^[a-z][a-z0-9-]{0,99}$", name)) && name != "sweep"])
    error_message = "A recurring request's name has small letters, digits and hyphens, and is not sweep."
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
    error_message = "A recurring request has schedule, time_zone and submit only."
  }
}

variable "region" {
  type        = string
  description = "Where functions, queues and buckets are"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region must be a region such as europe-west1."
  }
}

variable "require_tenant" {
  type        = bool
  default     = false
  description = "Whether only users with a tenant claim may call"
}

variable "secrets" {
  type = map(object({
    variable  = string
    functions = set(string)
    version   = optional(string)
  }))
  default     = {}
  description = "Secrets by name: the variable that holds one, the functions that read it, and the number of the version they get; see secrets.tf"

  validation {
    condition     = alltrue([for name, secret in var.secrets : can(regex("^[a-z][a-z0-9-]{0,99}$", name)) && can(regex("^[A-Z][A-Z0-9_]{0,99}$", secret.variable))])
    error_message = "A secret's name has small letters, digits and hyphens, its variable capitals, digits and _."
  }
  validation {
    condition     = alltrue([for secret in values(var.secrets) : length(secret.functions) > 0 && length(setsubtract(secret.functions, ["api", "process", "sweep"])) == 0])
    error_message = "A secret is read by api, process or sweep."
  }
  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[1-9][0-9]*$", coalesce(secret.version, "1")))])
    error_message = "A secret's version is a number, never latest: a roll-back must find what it was tested with."
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
