# ---- what is deployed ------------------------------------------------------------------------------------------------

variable "name" {
  description = "Prefix of every name. Two deployments in one account and region need two."
  type        = string
  default     = "sportello"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "Lower-case letters, digits and dashes, 2 to 20 characters: bucket names, role names (64) and function names (64) are made from it."
  }
}

variable "architecture" {
  description = "What the functions are compiled for. arm64 costs a fifth less; x86_64 for a local AWS on such a machine."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "arm64 or x86_64."
  }
}

variable "artifacts" {
  description = "Folder with <binary>/bootstrap.zip and <binary>/bootstrap.sha256, as infra/deploy leaves it. Null: ../target/lambda."
  type        = string
  default     = null
}

variable "operations_file" {
  description = "The generated table of operations, jobs and tables. Null: operations.json beside these files. Tests give their own."
  type        = string
  default     = null
}

variable "extra_environment" {
  description = "Further variables of every function. For a local AWS only (its address); never a secret: whoever may describe a function reads them."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of everything, besides `application`."
  type        = map(string)
  default     = {}
}

# ---- secrets ---------------------------------------------------------------------------------------------------------

variable "key_ring" {
  description = "The key ring's JSON (`cargo run -- keys new`), as TF_VAR_key_ring. Needed when it is first written and whenever key_ring_version changes. Ephemeral: neither plan nor state has it."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.key_ring == null || can(keys(jsondecode(var.key_ring)))
    error_message = "Not a JSON object. `cargo run -- keys new` makes a ring."
  }

  validation {
    condition     = var.key_ring == null || length(coalesce(var.key_ring, "-")) <= 4096
    error_message = "Over 4 KiB, the limit of a standard SSM parameter: take keys out that open nothing any more."
  }
}

variable "key_ring_version" {
  description = "Raise it by one with every new ring: that writes the ring and restarts the functions, which read it once at their start."
  type        = number
  default     = 1

  validation {
    condition     = var.key_ring_version >= 1 && floor(var.key_ring_version) == var.key_ring_version
    error_message = "A whole number from 1."
  }
}

# ---- the product -----------------------------------------------------------------------------------------------------

variable "selfcare_url" {
  description = "Address of the holders' front-end; links in mails begin with it."
  type        = string

  validation {
    condition     = can(regex("^https?://[^/?# ]+(/[^?# ]*)?$", var.selfcare_url)) && !endswith(var.selfcare_url, "/")
    error_message = "An address without a slash at its end, a query or a fragment."
  }
}

variable "customer_area_url" {
  description = "Address of the customers' front-end; links in mails begin with it."
  type        = string

  validation {
    condition     = can(regex("^https?://[^/?# ]+(/[^?# ]*)?$", var.customer_area_url)) && !endswith(var.customer_area_url, "/")
    error_message = "An address without a slash at its end, a query or a fragment."
  }
}

variable "provider_name" {
  description = "The provider's name as mails say it."
  type        = string
  default     = "Sportello ID"
}

variable "support" {
  description = "How to reach people: stands in mails and problem answers."
  type        = string
}

variable "support_mailbox" {
  description = "E-mail address of the support, which requests for help go to. Null: support itself, which then is one."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", coalesce(var.support_mailbox, var.support)))
    error_message = "Not an e-mail address; where support is none, name the mailbox of support."
  }
}

variable "policy" {
  description = "JSON of the policy's numbers that differ from the defaults, e.g. {\"throttle\":{\"address_tries\":200}}. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.policy == null || can(keys(jsondecode(var.policy)))
    error_message = "Not a JSON object."
  }
}

variable "schedule" {
  description = "When the hourly jobs run, in UTC. Less often than hourly and the alarm on jobs that did not run rings by itself."
  type        = string
  default     = "cron(0 * * * ? *)"

  validation {
    condition     = can(regex("^(cron\\([0-9*/,-]+ [0-9*/,-]+ [0-9?*/,LW-]+ [0-9A-Z*/,-]+ [0-9A-Z?*/,L#-]+ [0-9*/,-]+\\)|rate\\([1-9][0-9]* (minutes?|hours?)\\))$", var.schedule))
    error_message = "cron(minute hour day month weekday year), six fields, or rate(n minutes)."
  }

  validation {
    # EventBridge wants exactly one of day and weekday to be "?".
    condition     = !startswith(var.schedule, "cron(") || try((split(" ", var.schedule)[2] == "?") != (split(" ", var.schedule)[4] == "?"), false)
    error_message = "Exactly one of the day of the month and the day of the week must be \"?\"."
  }
}

# ---- mail ------------------------------------------------------------------------------------------------------------

variable "mail_from" {
  description = "Sender of the mails: an address, or \"Name <address>\"."
  type        = string

  validation {
    condition     = can(regex("^([^<>]+<[^<>@ ]+@[^<>@ ]+>|[^<>@ ]+@[^<>@ ]+)$", var.mail_from))
    error_message = "An address, or \"Name <address>\"."
  }
}

variable "sms_sender" {
  description = "Name that text messages come from: up to 11 letters and digits, registered where the country wants it. Null: a number that the network chooses."
  type        = string
  default     = null

  validation {
    condition     = var.sms_sender == null || can(regex("^[A-Za-z0-9]{1,11}$", var.sms_sender))
    error_message = "1 to 11 letters and digits."
  }
}

variable "mail_domain" {
  description = "Domain that SES verifies and signs for. Null: that of mail_from. Give it when the sender is in a subdomain of it."
  type        = string
  default     = null
}

# ---- the API's addresses ---------------------------------------------------------------------------------------------

variable "cors_origins" {
  description = "Origins whose pages may call the API: the two front-ends' (scheme, host, port)."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "Each one scheme://host, without a path and without *: answers to signed-in people are not for everybody's pages."
  }
}

variable "domain_name" {
  description = "The API's own name. Null: the gateway's. With a name of its own the gateway's name is switched off."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "ACM certificate of domain_name, and of card_domain_name where that has none of its own, in this region."
  type        = string
  default     = null

  validation {
    condition     = (var.certificate_arn == null) == (var.domain_name == null)
    error_message = "domain_name and certificate_arn go together."
  }
}

variable "card_domain_name" {
  description = "A second name of the API on which the client must show a certificate (smart cards: mutual TLS). Needs domain_name: the gateway's own name, which asks for none, is switched off."
  type        = string
  default     = null

  validation {
    condition     = var.card_domain_name == null || (var.domain_name != null && var.card_domain_name != var.domain_name)
    error_message = "Needs domain_name, and must differ from it."
  }
}

variable "card_certificate_arn" {
  description = "ACM certificate of card_domain_name, issued by ACM itself (an imported one needs a second as proof of ownership with mutual TLS). Null: certificate_arn covers both names."
  type        = string
  default     = null
}

variable "card_truststore" {
  description = "PEM file with the certificates of the authorities whose cards are taken."
  type        = string
  default     = null

  validation {
    condition     = (var.card_truststore == null) == (var.card_domain_name == null)
    error_message = "card_domain_name and card_truststore go together."
  }
}

variable "edge" {
  description = "CloudFront and WAF in front of the API. Limits: the functions then see CloudFront's address as the caller's, so the limit of tries of one address must be raised in `policy` and counting by address is the WAF's; mutual TLS does not pass CloudFront, so card_domain_name stays beside it; domain_name stays reachable past it."
  type        = bool
  default     = false

  validation {
    condition     = !var.edge || try(jsondecode(var.policy).throttle.address_tries > 0, false)
    error_message = "Behind CloudFront many callers share one address: set {\"throttle\":{\"address_tries\":N}} in `policy`, well over the default of 100, or everybody is locked out by a few."
  }
}

variable "edge_domain_name" {
  description = "Name under which the edge is called."
  type        = string
  default     = null

  validation {
    condition     = (var.edge_domain_name == null) == !var.edge
    error_message = "edge and edge_domain_name go together."
  }
}

variable "edge_certificate_arn" {
  description = "ACM certificate of edge_domain_name; of us-east-1, as CloudFront wants it."
  type        = string
  default     = null

  validation {
    condition     = var.edge ? can(regex("^arn:aws[a-z-]*:acm:us-east-1:", var.edge_certificate_arn)) : var.edge_certificate_arn == null
    error_message = "edge needs a certificate of us-east-1; without edge there is none."
  }
}

# ---- keeping and watching --------------------------------------------------------------------------------------------

variable "table_prefix" {
  description = "Prefix of the tables' names. Null: `name` and a dash. Another one when restored tables take over, see the README."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Tables cannot be deleted, buckets not while they hold something. infra/destroy switches it off."
  type        = bool
  default     = true
}

variable "point_in_time_recovery" {
  description = "Every table can be restored to any second of the last 35 days."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 400

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "Not one of the numbers that CloudWatch Logs knows."
  }
}

variable "alarm_email" {
  description = "Who is told of alarms; confirms the subscription by a link. Null: nobody is, the topic remains."
  type        = string
  default     = null
}

variable "trust_layer_arn" {
  description = "Lambda layer with the folder trust: authorities.pem, the authorities of level 3, and one *.crl for each with its list of revoked certificates. Renew it before the lists are over, or nobody proves level 3. Null: no level 3."
  type        = string
  default     = null

  validation {
    condition     = var.trust_layer_arn == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.trust_layer_arn))
    error_message = "The ARN of a layer's version is needed: it ends in a number."
  }
}

variable "payments_url" {
  description = "Address of the payment provider. Null: Stripe's own. Its secrets stand in the key ring, under `payments`."
  type        = string
  default     = null

  validation {
    condition     = var.payments_url == null || can(regex("^https?://[^/?# ]+$", var.payments_url))
    error_message = "An address without path is needed, such as https://api.stripe.com."
  }
}

variable "seller" {
  description = "Who sells, on invoices: JSON with name, address (a list of lines), fiscalCode and vatNumber. Null: the provider's name alone."
  type        = string
  default     = null

  validation {
    condition     = var.seller == null || can(jsondecode(var.seller).name)
    error_message = "A JSON object with a name is needed."
  }
}
