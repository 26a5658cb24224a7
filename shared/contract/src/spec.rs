//! The declaration of an operation or a job: everything that its route, its role, its document and its tests are made from.

use serde::Serialize;
use sportello_rules::identity::Status;

use crate::problem::Code;

/// An HTTP method that an operation may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads; changes nothing.
    Get,
    /// Creates, charges, ends or checks.
    Post,
    /// Replaces.
    Put,
    /// Ends or removes.
    Delete,
}

impl Method {
    /// The method as it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a request of this method has a body.
    #[must_use]
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put)
    }
}

/// A DynamoDB table, named by what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// One item collection for each holder: identity, credentials, history, sessions, devices, used links, what is due.
    Identities,
    /// One item collection for each customer: account, sessions, services, orders.
    Orders,
    /// Notices to deliver.
    Outbox,
    /// First answers of idempotent requests, the tries of source addresses and the sign-ins that wait for an app.
    Requests,
    /// Whose identity a fiscal code or VAT number with a type is, and the physical tokens in stock.
    Lookups,
    /// Accesses to service providers, by identity and instant.
    Accesses,
    /// The register of invoices, by year and number.
    Invoices,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 7] = [Self::Identities, Self::Orders, Self::Outbox, Self::Requests, Self::Lookups, Self::Accesses, Self::Invoices];

    /// The table's name, to which a deployment adds its prefix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identities => "identities",
            Self::Orders => "orders",
            Self::Outbox => "outbox",
            Self::Requests => "requests",
            Self::Lookups => "lookups",
            Self::Accesses => "accesses",
            Self::Invoices => "invoices",
        }
    }
}

/// What is done to a table; the names are those of the IAM actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Action {
    /// `dynamodb:GetItem`
    GetItem,
    /// `dynamodb:Query` on the table
    Query,
    /// `dynamodb:Query` on the index of what is due
    QueryDue,
    /// `dynamodb:PutItem`, in transactions too
    PutItem,
    /// `dynamodb:UpdateItem`, in transactions too
    UpdateItem,
    /// `dynamodb:DeleteItem`, in transactions too
    DeleteItem,
    /// `dynamodb:ConditionCheckItem`
    ConditionCheckItem,
}

/// One action on one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Grant {
    /// The table.
    pub table: Table,
    /// What may be done to it.
    pub action: Action,
}

/// Shorthand for a [`Grant`].
#[must_use]
pub const fn grant(table: Table, action: Action) -> Grant {
    Grant { table, action }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nobody signs in for it.
    Anyone,
    /// A customer's session.
    Customer,
    /// A holder's session of any level.
    Holder,
    /// A holder's session of the highest level that is active (rule 18).
    HolderHighest,
    /// A service of the provider's own, whose signature the gateway has checked (IAM).
    Internal,
    /// The payment provider, by its signature over the body.
    PaymentProvider,
}

/// Memory class of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// Reads and writes records.
    Small,
    /// Runs Argon2: CPU comes with memory, and the hash takes 19 MiB.
    Hashing,
}

impl Memory {
    /// MiB to configure.
    #[must_use]
    pub const fn mib(self) -> u32 {
        match self {
            Self::Small => 256,
            Self::Hashing => 1024,
        }
    }
}

/// Seconds after which the answer to a request is given up: four calls of two seconds each fit in, and the gateway waits longer.
pub const OPERATION_TIMEOUT_SECONDS: u32 = 10;

/// How fast the gateway lets a route be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// Requests a second, steady.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
}

impl Limit {
    /// For routes of somebody who signed in.
    pub const ORDINARY: Self = Self { per_second: 200, burst: 400 };
    /// For routes that anyone may call or that hash a password.
    pub const GUARDED: Self = Self { per_second: 50, burst: 100 };
}

/// How often an operation goes to the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trips {
    /// Once to read and once to commit.
    Once,
    /// Once more to read where the records are more than a collection holds: a page of another table, or all its pages where the caller asks for that.
    Pages,
    /// Once to read and once to commit for each identity that the request names, and again where another request came first.
    Each,
    /// Once to write that the payment provider is about to be asked, and again to write what it said: whatever fails in between is known afterwards.
    Pays,
}

/// What a successful answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Produces {
    /// Nothing: 204.
    Nothing,
    /// JSON.
    Json,
    /// JSON, or an iCalendar file where the client asks for `text/calendar`.
    JsonOrCalendar,
    /// A PDF file.
    Pdf,
}

/// The declaration of an operation. Its level is declared by the operation's `Auth` type.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Dotted name: area, resource, verb.
    pub id: &'static str,
    /// Method of the route.
    pub method: Method,
    /// Path of the route, with parameters in braces.
    pub path: &'static str,
    /// One line for the document and the table of operations.
    pub summary: &'static str,
    /// What it does to the tables, besides what its level and its idempotency bring along.
    pub grants: &'static [Grant],
    /// How fast it may be called.
    pub limit: Limit,
    /// Memory class.
    pub memory: Memory,
    /// Status of a successful answer.
    pub success: u16,
    /// What a successful answer carries.
    pub produces: Produces,
    /// Whether an `Idempotency-Key` is honoured.
    pub idempotent: bool,
    /// Whether it charges a try before it looks at a secret, which costs a write of its own.
    pub charges: bool,
    /// How often it goes to the tables.
    pub trips: Trips,
    /// Whether it verifies certificates, for which it needs the authorities of level 3.
    pub authorities: bool,
    /// Statuses of the identity in which a holder may call it.
    pub statuses: &'static [Status],
    /// How it can refuse, besides what every operation of its kind can.
    pub problems: &'static [Code],
}

/// Statuses of everyone who may sign in (rule 19).
pub const SIGNED_IN: &[Status] = &[Status::ToActivate, Status::Active, Status::Suspended];

impl Spec {
    const fn new(method: Method, id: &'static str, path: &'static str, success: u16) -> Self {
        Self {
            id,
            method,
            path,
            summary: "",
            grants: &[],
            limit: Limit { per_second: 0, burst: 0 },
            memory: Memory::Small,
            success,
            produces: Produces::Json,
            idempotent: false,
            charges: false,
            authorities: false,
            trips: Trips::Once,
            statuses: SIGNED_IN,
            problems: &[],
        }
    }

    /// A reading operation.
    #[must_use]
    pub const fn get(id: &'static str, path: &'static str) -> Self {
        Self::new(Method::Get, id, path, 200)
    }

    /// An operation by POST that answers 200.
    #[must_use]
    pub const fn post(id: &'static str, path: &'static str) -> Self {
        Self::new(Method::Post, id, path, 200)
    }

    /// An operation by POST that creates something: 201.
    #[must_use]
    pub const fn create(id: &'static str, path: &'static str) -> Self {
        Self::new(Method::Post, id, path, 201)
    }

    /// A replacing operation without an answer's body.
    #[must_use]
    pub const fn put(id: &'static str, path: &'static str) -> Self {
        Self::new(Method::Put, id, path, 204).nothing()
    }

    /// A removing operation without an answer's body.
    #[must_use]
    pub const fn delete(id: &'static str, path: &'static str) -> Self {
        Self::new(Method::Delete, id, path, 204).nothing()
    }

    /// One line about it.
    #[must_use]
    pub const fn summary(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    /// What it does to the tables.
    #[must_use]
    pub const fn grants(self, grants: &'static [Grant]) -> Self {
        Self { grants, ..self }
    }

    /// How fast it may be called.
    #[must_use]
    pub const fn limit(self, limit: Limit) -> Self {
        Self { limit, ..self }
    }

    /// Runs Argon2.
    #[must_use]
    pub const fn hashing(self) -> Self {
        Self { memory: Memory::Hashing, ..self }
    }

    /// Answers 204.
    #[must_use]
    pub const fn nothing(self) -> Self {
        Self { success: 204, produces: Produces::Nothing, ..self }
    }

    /// Answers JSON or an iCalendar file.
    #[must_use]
    pub const fn or_calendar(self) -> Self {
        Self { produces: Produces::JsonOrCalendar, ..self }
    }

    /// Answers a PDF file.
    #[must_use]
    pub const fn pdf(self) -> Self {
        Self { produces: Produces::Pdf, ..self }
    }

    /// Honours an `Idempotency-Key`.
    #[must_use]
    pub const fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }

    /// Charges a try before it looks at a secret.
    #[must_use]
    pub const fn charges(self) -> Self {
        Self { charges: true, ..self }
    }

    /// Reads a page of another table besides the caller's records, or all its pages.
    #[must_use]
    pub const fn pages(self) -> Self {
        Self { trips: Trips::Pages, ..self }
    }

    /// Reads and commits once for each identity that the request names.
    #[must_use]
    pub const fn each(self) -> Self {
        Self { trips: Trips::Each, ..self }
    }

    /// Brings a payment about, or hears of one.
    #[must_use]
    pub const fn pays(self) -> Self {
        Self { trips: Trips::Pays, ..self }
    }

    /// Verifies certificates.
    #[must_use]
    pub const fn authorities(self) -> Self {
        Self { authorities: true, ..self }
    }

    /// Statuses of the identity in which it may be called.
    #[must_use]
    pub const fn statuses(self, statuses: &'static [Status]) -> Self {
        Self { statuses, ..self }
    }

    /// How it can refuse.
    #[must_use]
    pub const fn problems(self, problems: &'static [Code]) -> Self {
        Self { problems, ..self }
    }

    /// Fails the build of an operation that declares no limit, no summary, no id or no path. Its level is a type, without which it does not build either.
    pub const fn check(self) {
        assert!(self.limit.per_second > 0 && self.limit.burst >= self.limit.per_second, "an operation declares its limit");
        assert!(!self.summary.is_empty(), "an operation declares its summary");
        assert!(!self.id.is_empty() && !self.path.is_empty(), "an operation has an id and a path");
    }

    /// Everything that it does to the tables: what it declares and what its level, its charging and its idempotency bring along.
    #[must_use]
    pub fn all_grants(&self, level: Level) -> Vec<Grant> {
        let mut all = self.grants.to_vec();
        match level {
            Level::Anyone | Level::Internal | Level::PaymentProvider => {}
            Level::Customer => all.push(grant(Table::Orders, Action::Query)),
            Level::Holder | Level::HolderHighest => all.push(grant(Table::Identities, Action::Query)),
        }
        if self.idempotent {
            all.push(grant(Table::Requests, Action::GetItem));
            all.push(grant(Table::Requests, Action::PutItem));
        }
        if self.charges {
            all.push(grant(Table::Requests, Action::UpdateItem));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Every way in which it can refuse, with what the gateway, its level and its idempotency bring along.
    #[must_use]
    pub fn all_problems(&self, level: Level) -> Vec<Code> {
        let mut all = vec![Code::InvalidField, Code::UnknownField, Code::Internal, Code::Unavailable, Code::MethodNotAllowed];
        if self.method.has_body() {
            all.extend([Code::BodyTooLarge, Code::UnsupportedMediaType, Code::MalformedJson, Code::JsonTooDeep, Code::DuplicateField, Code::MissingField]);
        } else {
            all.extend([Code::DuplicateField, Code::BodyNotAllowed]);
        }
        if self.path.contains('{') {
            all.push(Code::NotFound);
        }
        if matches!(self.produces, Produces::JsonOrCalendar) {
            all.push(Code::NotAcceptable);
        }
        match level {
            Level::Anyone => {}
            Level::Customer | Level::Internal => all.push(Code::Unauthenticated),
            Level::PaymentProvider => all.push(Code::WebhookRefused),
            Level::Holder | Level::HolderHighest => all.extend([Code::Unauthenticated, Code::StatusNotAllowed]),
        }
        if level == Level::HolderHighest {
            all.push(Code::LevelTooLow);
        }
        if self.idempotent {
            all.extend([Code::IdempotencyKeyInvalid, Code::IdempotencyInFlight, Code::IdempotencyMismatch]);
        }
        if self.charges {
            all.push(Code::TooManyRequests);
        }
        if !self.grants.is_empty() || self.idempotent {
            all.push(Code::ChangedMeanwhile);
        }
        all.extend_from_slice(self.problems);
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What starts a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Trigger {
    /// The scheduler, at minute 0 of every hour.
    Hourly,
    /// New items of a table's stream, with partial-batch answers.
    #[serde(rename_all = "camelCase")]
    Stream {
        /// The table.
        table: Table,
        /// Most records of a batch.
        batch: u32,
    },
    /// Messages of a queue, with partial-batch answers.
    #[serde(rename_all = "camelCase")]
    Queue {
        /// The queue, to which a deployment adds its prefix.
        queue: &'static str,
        /// Most messages of a batch.
        batch: u32,
    },
}

impl Trigger {
    /// Seconds after which a run is given up.
    #[must_use]
    pub const fn timeout_seconds(self) -> u32 {
        match self {
            Self::Hourly => 600,
            Self::Stream { .. } => 120,
            Self::Queue { .. } => 30,
        }
    }
}

/// The declaration of a job.
#[derive(Debug, Clone, Copy)]
pub struct JobSpec {
    /// Dotted name.
    pub id: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// What starts it.
    pub trigger: Trigger,
    /// What it does to the tables.
    pub grants: &'static [Grant],
    /// Kinds of the index of what is due that it reads.
    pub due: &'static [&'static str],
    /// Memory class.
    pub memory: Memory,
    /// Whether it may send mail.
    pub sends_mail: bool,
}
