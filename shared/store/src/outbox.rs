//! Notices to deliver: written with the change they tell of, delivered by a stream consumer.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Table, grant};
use sportello_rules::policy::NoticePolicy;

use crate::commit::Commit;
use crate::key::Owner;
use crate::meter::Kind;
use crate::read::{due_kind, parse, shard_of};
use crate::schema::DUE_NOTICE;
use crate::value::{Item, ms, n, s};
use crate::{Store, StoreError, unavailable};

/// How far a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeState {
    /// To be delivered.
    Pending,
    /// Handed to the mail service.
    Sent,
    /// Given up: somebody must look.
    Dead,
    /// Taken by the mail service, and told of as not delivered or not wanted: somebody must look.
    Returned,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// Its key, made from what it tells: the same news is never written twice.
    pub pk: String,
    /// Partition key of whom it is for; the address is looked up when it is delivered.
    pub owner: String,
    /// The notice, as the `notify` room writes it.
    pub notice: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// How far it is.
    pub state: NoticeState,
    /// Deliveries begun.
    pub attempts: u32,
    /// Until when one consumer holds it, in milliseconds.
    #[serde(default)]
    pub lease_until: i64,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The mail service took it.
    Sent,
    /// Given up.
    Dead,
    /// To be tried again from this instant on.
    Again(Timestamp),
}

/// What a consumer that wants to deliver finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It may deliver, until the lease ends.
    Taken(NoticeRecord),
    /// Delivered or given up already.
    Settled,
    /// Another consumer holds it.
    Held,
}

impl Commit {
    /// Writes a notice with the change it tells of. The key makes it unique: a second one is refused with `refused`.
    ///
    /// It is in the index of what is due until it is settled: what the stream could not deliver, the hourly job does.
    pub fn notice(&mut self, id: &str, owner: &Owner, notice: String, now: Timestamp, refused: Code) {
        let state = NoticeState::Pending;
        // Due from the beginning: the hourly job finds what the stream has not delivered, and the lease keeps the two apart.
        let due_at = now.as_millisecond();
        let due_kind = due_kind(DUE_NOTICE, shard_of(owner));
        let record = NoticeRecord { pk: id.to_owned(), owner: owner.pk(), notice, created_at: now, state, attempts: 0, lease_until: 0 };
        self.create(Table::Outbox, &Indexed { record, due_kind, due_at }, refused);
    }
}

#[derive(Serialize)]
struct Indexed {
    #[serde(flatten)]
    record: NoticeRecord,
    due_kind: String,
    due_at: i64,
}

impl Store {
    /// Takes a notice for delivery, so that no other consumer delivers it meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease_notice(&self, id: &str, policy: &NoticePolicy, now: Timestamp) -> Result<Lease, StoreError> {
        let until = now.saturating_add(SignedDuration::from_secs(i64::from(policy.lease_seconds))).unwrap_or(Timestamp::MAX);
        let answer = self
            .client
            .update_item()
            .table_name(self.table(Table::Outbox))
            .key("pk", s(id))
            .update_expression("SET lease_until = :until, attempts = attempts + :one")
            .condition_expression("#state = :pending AND lease_until <= :now")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":until", ms(until))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":now", ms(now))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await;
        self.note(Kind::Charge, vec![grant(Table::Outbox, Action::UpdateItem)], None);
        match answer {
            Ok(answer) => Ok(Lease::Taken(parse(answer.attributes.unwrap_or_default())?)),
            Err(error) => match error.into_service_error() {
                UpdateItemError::ConditionalCheckFailedException(failed) => {
                    let pending = failed.item.as_ref().is_some_and(|item| crate::value::text(item, "state") == "pending");
                    Ok(if pending { Lease::Held } else { Lease::Settled })
                }
                other => Err(unavailable(other)),
            },
        }
    }

    /// Settles a notice that was taken: delivered, given up, or to be tried again by the hourly job from an instant on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle_notice(&self, notice: &NoticeRecord, outcome: Outcome, policy: &NoticePolicy, now: Timestamp) -> Result<(), StoreError> {
        let keep = now.saturating_add(SignedDuration::from_hours(24 * i64::from(policy.keep_days))).unwrap_or(Timestamp::MAX);
        let update = self.client.update_item().table_name(self.table(Table::Outbox)).key("pk", s(&notice.pk)).expression_attribute_values(":none", n(0));
        // Whoever took the notice after this lease was over settles it.
        let update = update
            .condition_expression("#state = :pending AND attempts = :attempts")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":attempts", n(notice.attempts));
        // What is sealed in a notice is for its delivery only: a code that was sent must not lie here for months.
        let over = !matches!(outcome, Outcome::Again(_));
        let sealed = over && notice.notice.contains("\"sealed\":");
        let forget = if sealed { ", notice = :forgotten" } else { "" };
        let update = if sealed { update.expression_attribute_values(":forgotten", s("")) } else { update };
        let update = match outcome {
            Outcome::Sent => update
                .update_expression(format!("SET #state = :state, lease_until = :none, #ttl = :ttl{forget} REMOVE due_kind, due_at"))
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":state", s("sent"))
                .expression_attribute_values(":ttl", n(keep.as_second())),
            // A dead letter stays until somebody has looked.
            Outcome::Dead => {
                let set = format!("SET #state = :state, lease_until = :none{forget} REMOVE due_kind, due_at");
                update.update_expression(set).expression_attribute_values(":state", s("dead"))
            }
            Outcome::Again(at) => update.update_expression("SET due_at = :at, lease_until = :none").expression_attribute_values(":at", ms(at)),
        };
        let answer = update.set_return_consumed_capacity(self.capacity()).send().await;
        self.note(Kind::Commit, vec![grant(Table::Outbox, Action::UpdateItem)], None);
        match answer.map_err(|error| error.into_service_error()) {
            Ok(_) | Err(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(other) => Err(unavailable(other)),
        }
    }

    /// Notes that the mail of a notice came back, so that it stays until somebody has looked; answers whether this is news.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn return_notice(&self, id: &str, what: &str, now: Timestamp) -> Result<bool, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(self.table(Table::Outbox))
            .key("pk", s(id))
            // The mail service may tell of a mail before whoever sent it has settled the notice; what is settled later finds it returned.
            .update_expression("SET #state = :returned, returned = :what, returned_at = :now REMOVE due_kind, due_at, #ttl")
            .condition_expression("#state IN (:pending, :sent)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":returned", s("returned"))
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":sent", s("sent"))
            .expression_attribute_values(":what", s(what))
            .expression_attribute_values(":now", ms(now))
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await;
        self.note(Kind::Commit, vec![grant(Table::Outbox, Action::UpdateItem)], None);
        match answer.map_err(|error| error.into_service_error()) {
            Ok(_) => Ok(true),
            Err(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            Err(other) => Err(unavailable(other)),
        }
    }

    /// One notice, for the local stack's pages and the tests.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn notice(&self, id: &str) -> Result<Option<NoticeRecord>, StoreError> {
        let get = self.client.get_item().table_name(self.table(Table::Outbox)).key("pk", s(id)).consistent_read(true);
        let item: Option<Item> = get.send().await.map_err(unavailable)?.item;
        item.map(parse).transpose()
    }
}
