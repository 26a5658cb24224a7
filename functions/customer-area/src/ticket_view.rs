//! A request for help as its customer sees it (rule 65).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ticket_open::Topic;

/// Name of the sealed field.
pub const FIELD: &str = "ticket";

/// A ticket.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Public id.
    ticket_id: String,
    /// When it was opened.
    #[schemars(with = "String", extend("format" = "date-time"))]
    opened_at: Timestamp,
    /// What it is about.
    topic: Topic,
    /// The service that it is about.
    service: Option<String>,
    /// What the customer wrote.
    text: String,
}

impl Ticket {
    /// The view of a ticket.
    #[must_use]
    pub const fn new(ticket_id: String, opened_at: Timestamp, topic: Topic, service: Option<String>, text: String) -> Self {
        Self { ticket_id, opened_at, topic, service, text }
    }
}
