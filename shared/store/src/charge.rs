//! Charging a try before a secret is looked at (rule 21): one conditional update, which is also the read that signing in needs.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use sportello_contract::spec::{Action, Table, grant};
use sportello_rules::policy::ThrottlePolicy;
use sportello_rules::throttle::pause;

use crate::key::{AUTH, Owner};
use crate::meter::Kind;
use crate::read::parse;
use crate::value::{Item, key, ms, n, text};
use crate::{Store, StoreError, unavailable};

/// Which secrets are about to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secrets {
    /// The password.
    pub password: bool,
    /// The second factor.
    pub otp: bool,
    /// The emergency code or the security answer.
    pub recovery: Recovery,
    /// The operation whose sent code is about to be looked at, which counts its own tries too (rule 31).
    pub code: Option<&'static str>,
}

impl Secrets {
    /// The password only.
    pub const PASSWORD: Self = Self { password: true, otp: false, recovery: Recovery::None, code: None };
    /// The second factor only.
    pub const OTP: Self = Self { password: false, otp: true, recovery: Recovery::None, code: None };
    /// Both.
    pub const BOTH: Self = Self { password: true, otp: true, recovery: Recovery::None, code: None };
    /// The emergency code only.
    pub const EMERGENCY: Self = Self { password: false, otp: false, recovery: Recovery::Counted, code: None };
    /// A code that was sent only: its own tries bound it, so that no other counter shuts the way back in.
    pub const SENT: Self = Self { password: false, otp: false, recovery: Recovery::None, code: None };
    /// The security answer only.
    pub const ANSWER: Self = Self { password: false, otp: false, recovery: Recovery::Gated, code: None };
    /// The password and the emergency code.
    pub const PASSWORD_AND_EMERGENCY: Self = Self { password: true, otp: false, recovery: Recovery::Counted, code: None };

    /// Each counter, whether it is charged, and whether it shuts.
    const fn counters(self) -> [(bool, bool, &'static str); 4] {
        let (code, answer) = (matches!(self.recovery, Recovery::Counted), matches!(self.recovery, Recovery::Gated));
        // Apart: whoever guesses at the code, which shuts nothing, must not shut the answer.
        [(self.password, true, "pt"), (self.otp, true, "ot"), (code, false, "et"), (answer, true, "st")]
    }

    /// The same, with a code that was sent for an operation.
    #[must_use]
    pub const fn with_code(self, operation: &'static str) -> Self {
        Self { code: Some(operation), ..self }
    }
}

/// How tries of what recovers are charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Not at all.
    None,
    /// Counted, so that the holder is told, and never shut: a code of eighty random bits is not guessed, and whoever tried to lock the holder out
    /// would close the last way of blocking the identity.
    Counted,
    /// Shut after too many: an answer can be guessed.
    Gated,
}

/// What a charge has come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Charged<T> {
    /// The try is charged; the record as it is now.
    Allowed(T),
    /// The gate is shut, nothing was charged.
    Shut(T),
    /// There is no such owner. Its placeholder counts the same, so that time and writes do not tell.
    Unknown {
        /// Whether the try was charged.
        allowed: bool,
        /// Tries so far of each secret that is charged.
        tries: Vec<u32>,
    },
}

/// What a count in windows of time has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many that makes in the present window.
    pub number: u32,
    /// Number of the window, from the epoch on.
    pub window: i64,
}

/// Longest a charge may take, times the patience: it has one attempt only.
const CHARGE_TIMEOUT: Duration = Duration::from_millis(1800);
/// How often a charge that met a transaction is sent again.
const CONFLICTS: u32 = 4;
/// Pause before that; it grows.
const CONFLICT_PAUSE: Duration = Duration::from_millis(15);
/// Hours for which the placeholder of an unknown username counts.
const PLACEHOLDER_HOURS: i64 = 24;

impl Store {
    /// Charges one try for each secret named. Parallel tries are counted one by one: none is looked at beyond the limit.
    ///
    /// # Errors
    /// [`StoreError`]; without the count nobody signs in.
    pub async fn charge<T: DeserializeOwned>(
        &self,
        owner: &Owner,
        secrets: Secrets,
        policy: &ThrottlePolicy,
        now: Timestamp,
    ) -> Result<Charged<T>, StoreError> {
        let table = owner.kind.table();
        let (mut sets, mut conditions) = (vec!["#ttl = if_not_exists(#ttl, :ttl)".to_owned()], Vec::new());
        for (charged, gated, count) in secrets.counters() {
            if charged {
                sets.push(format!("{count} = if_not_exists({count}, :zero) + :one, {count}_at = :now"));
            }
            if charged && gated {
                conditions.push(format!("(attribute_not_exists({count}) OR ({count} < :locked AND ({count} <> :paused OR {count}_at <= :since)))"));
            }
        }
        if secrets.code.is_some() {
            // Without a code there is nothing to look at: the try is refused, not counted.
            sets.push("codes.#code.tries = codes.#code.tries + :one".to_owned());
            conditions.push("attribute_exists(codes.#code)".to_owned());
        }
        let since = now.saturating_sub(pause(policy)).unwrap_or(Timestamp::MIN);
        let ttl = now.saturating_add(SignedDuration::from_hours(PLACEHOLDER_HOURS)).unwrap_or(Timestamp::MAX);
        let text = format!("{} {}", sets.join(" "), conditions.join(" "));
        let all = [
            (":ttl", n(ttl.as_second())),
            (":zero", n(0)),
            (":one", n(1)),
            (":now", ms(now)),
            (":since", ms(since)),
            (":paused", n(policy.tries_before_pause)),
            (":locked", n(policy.tries_before_pause + policy.tries_before_lock)),
        ];
        // A value that no expression names is refused.
        let values: Item = all.into_iter().filter(|(name, _)| text.contains(name)).map(|(name, value)| (name.to_owned(), value)).collect();
        let request = self
            .client
            .update_item()
            .table_name(self.table(table))
            .set_key(Some(key(&owner.pk(), AUTH)))
            .update_expression(format!("SET {}", sets.join(", ")))
            .set_condition_expression((!conditions.is_empty()).then(|| conditions.join(" AND ")))
            .expression_attribute_names("#ttl", "ttl")
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(self.capacity());
        let request = match secrets.code {
            Some(operation) => request.expression_attribute_names("#code", operation),
            None => request,
        };
        let (item, allowed) = self.charge_once(request, table).await?;
        outcome(item, allowed, secrets)
    }

    /// Sends a charge. It is not repeated when its answer is lost, which would count one try twice; a conflict with a transaction has counted nothing.
    async fn charge_once(&self, request: UpdateItemFluentBuilder, table: Table) -> Result<(Item, bool), StoreError> {
        let mut conflicts = 0;
        loop {
            let once = aws_sdk_dynamodb::Config::builder()
                .retry_config(RetryConfig::disabled())
                .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(CHARGE_TIMEOUT * self.patience).build());
            let answer = request.clone().customize().config_override(once).send().await;
            let capacity = answer.as_ref().ok().and_then(|a| a.consumed_capacity()).and_then(|c| c.capacity_units());
            let error = match answer {
                Ok(answer) => {
                    self.note(Kind::Charge, vec![grant(table, Action::UpdateItem)], capacity);
                    return Ok((answer.attributes.unwrap_or_default(), true));
                }
                Err(error) => error.into_service_error(),
            };
            match error {
                UpdateItemError::ConditionalCheckFailedException(failed) => {
                    self.note(Kind::Charge, vec![grant(table, Action::UpdateItem)], None);
                    return Ok((failed.item.unwrap_or_default(), false));
                }
                UpdateItemError::TransactionConflictException(_) if conflicts < CONFLICTS => {
                    conflicts += 1;
                    tokio::time::sleep(CONFLICT_PAUSE * conflicts).await;
                }
                other => return Err(unavailable(other)),
            }
        }
    }

    /// Counts one more secret tried from a source address in the current window, and answers how many that makes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn charge_address(&self, address: &str, policy: &ThrottlePolicy, now: Timestamp) -> Result<u32, StoreError> {
        Ok(self.count(address, policy.address_window_minutes, now).await?.number)
    }

    /// Counts one more of anything in the current window of so many minutes, and answers how many that makes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count(&self, address: &str, minutes: u32, now: Timestamp) -> Result<Counted, StoreError> {
        let seconds = i64::from(minutes.max(1)) * 60;
        let window = now.as_second().div_euclid(seconds);
        let started = window * seconds;
        let answer = self
            .client
            .update_item()
            .table_name(self.table(Table::Requests))
            .key("pk", crate::value::s(format!("{}{address}#{started}", crate::key::ADDRESS)))
            .update_expression("SET tries = if_not_exists(tries, :zero) + :one, #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":ttl", n(started + 2 * seconds))
            .return_values(ReturnValue::UpdatedNew)
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await
            .map_err(unavailable)?;
        self.note(Kind::Charge, vec![grant(Table::Requests, Action::UpdateItem)], answer.consumed_capacity().and_then(|c| c.capacity_units()));
        Ok(Counted { number: number(&answer.attributes.unwrap_or_default(), "tries"), window })
    }
}

fn outcome<T: DeserializeOwned>(item: Item, allowed: bool, secrets: Secrets) -> Result<Charged<T>, StoreError> {
    let known = !text(&item, "identity_id").is_empty() || !text(&item, "customer_id").is_empty();
    if !known {
        let tries = secrets.counters().into_iter().filter(|(charged, ..)| *charged).map(|(.., counter)| number(&item, counter));
        return Ok(Charged::Unknown { allowed, tries: tries.collect() });
    }
    let record = parse(item)?;
    Ok(if allowed { Charged::Allowed(record) } else { Charged::Shut(record) })
}

fn number(item: &Item, name: &str) -> u32 {
    item.get(name).and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok()).unwrap_or_default()
}
