//! Orders, services, payment methods and the register of invoices, as they are written (rules 59-65).

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Table, grant};
use sportello_rules::service::CredentialKind;

use crate::commit::{Commit, Over, Updating};
use crate::key::{self, Owner};
use crate::read::{due_kind, parse, shard_of};
use crate::record::{OrderRecord, PayerRecord, PaymentMethodRecord, ServiceCredential, ServiceDue, ServiceRecord};
use crate::value::{Item, ms, n, s, text};
use crate::{Store, StoreError};

/// Digits of a number in the register, so that they sort.
const DIGITS: usize = 9;

/// What the register of invoices says of one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredInvoice {
    /// The year in Rome.
    pub pk: String,
    /// The number in that year.
    pub sk: String,
    /// The customer's partition key.
    pub owner: String,
    /// The order.
    pub order_id: String,
    /// Its day in Rome.
    pub issued_on: Date,
    /// What was paid, in euro cents.
    pub gross_cents: u64,
}

/// A change of a service, decided on one version of it.
#[derive(Debug, Clone)]
pub struct ServiceUpdate(Updating);

impl ServiceUpdate {
    /// A change that is refused where the service has changed since it was read.
    #[must_use]
    pub fn of(service: &ServiceRecord) -> Self {
        let mut update = Updating::new(Table::Orders, service.pk.clone(), Some(service.sk.clone()));
        if service.version == 0 {
            update.conditions.push("attribute_exists(pk) AND (attribute_not_exists(version) OR version = :was_version)".to_owned());
        } else {
            update.conditions.push("version = :was_version".to_owned());
        }
        update.values.push((":was_version".to_owned(), n(service.version)));
        update.set("version", "", ":next_version", n(service.version + 1));
        Self(update)
    }

    /// Moves the last day (rule 61).
    #[must_use]
    pub fn expires_on(mut self, day: Date) -> Self {
        self.0.set("expires_on", "", ":expires_on", s(day.to_string()));
        self
    }

    /// Sets the credentials bought (rule 64), with the days that their renewals return to.
    #[must_use]
    pub fn credentials(mut self, credentials: &[ServiceCredential], anchors: &std::collections::BTreeMap<CredentialKind, i8>) -> Self {
        self.0.set_record("credentials", "", ":credentials", credentials);
        self.0.set_record("anchors", "", ":anchors", anchors);
        self
    }

    /// Switches the automatic renewal, and what it charges (rule 61).
    #[must_use]
    pub fn auto_renewal(mut self, on: bool, method: Option<&str>) -> Self {
        self.0.set("auto_renewal", "", ":auto_renewal", AttributeValue::Bool(on));
        self.0.set_record("renewal_method", "", ":renewal_method", &method);
        self
    }

    /// Keeps for which last days the automatic renewal was charged (rule 61).
    #[must_use]
    pub fn charged(mut self, charged: &std::collections::BTreeMap<String, Date>) -> Self {
        self.0.set_record("charged", "", ":charged", charged);
        self
    }
}

impl Commit {
    /// Changes a service; refused where somebody else did meanwhile.
    pub fn update_service(&mut self, update: ServiceUpdate) {
        self.update(update.0, Code::ChangedMeanwhile);
    }

    /// Creates a service; refused where there is one of its id.
    pub fn create_service(&mut self, service: &ServiceRecord) {
        self.put(Table::Orders, service, Over::Nothing, Code::ChangedMeanwhile);
    }

    /// Keeps what was done of one kind of work on a service, and sets when there is more; none takes it out of the index.
    pub fn service_due(&mut self, owner: &Owner, kind: &str, service_id: &str, marks: &ServiceDue, next: Option<Timestamp>) {
        self.indexed(owner, &format!("{}{kind}#{service_id}", key::DUE), kind, marks, (next, Over::Anything));
    }

    /// Creates an order, or replaces it where it still is of the version before; `next` is when there is something to do about it.
    pub fn put_order(&mut self, owner: &Owner, order: &OrderRecord, next: Option<Timestamp>) {
        let over = if order.version == 1 { Over::Nothing } else { Over::Version(order.version - 1) };
        self.indexed(owner, &order.sk, crate::schema::DUE_ORDER, order, (next, over));
    }

    fn indexed(&mut self, owner: &Owner, sk: &str, kind: &str, record: &impl Serialize, (next, over): (Option<Timestamp>, Over)) {
        let Ok(mut item) = serde_dynamo::to_item::<_, Item>(record) else {
            self.fail(&format!("what is due: {kind}"));
            return;
        };
        item.extend(crate::value::key(&owner.pk(), sk));
        if let Some(next) = next {
            item.insert("due_kind".to_owned(), s(due_kind(kind, shard_of(owner))));
            item.insert("due_at".to_owned(), ms(next));
        }
        self.put_item(Table::Orders, item, over, Code::ChangedMeanwhile);
    }

    /// Keeps a payment method.
    pub fn put_method(&mut self, method: &PaymentMethodRecord) {
        self.put(Table::Orders, method, Over::Anything, Code::ChangedMeanwhile);
    }

    /// Notes that a payment method is about to be used: refused where it is gone, or is being removed.
    pub fn use_method(&mut self, method: &PaymentMethodRecord) {
        let mut update = Updating::new(Table::Orders, method.pk.clone(), Some(method.sk.clone()));
        update.conditions.push("attribute_exists(pk)".to_owned());
        update.next_version();
        self.update(update, Code::ChangedMeanwhile);
    }

    /// Forgets a payment method; refused where something has begun to use it since it was read.
    pub fn remove_method(&mut self, method: &PaymentMethodRecord) {
        self.delete_version(Table::Orders, (&method.pk, &method.sk), method.version, Code::ChangedMeanwhile);
    }

    /// Keeps who the customer is to the payment provider.
    pub fn put_payer(&mut self, owner: &Owner, payer: &str) {
        let record = PayerRecord { pk: owner.pk(), sk: key::PAYER.to_owned(), payer: payer.to_owned() };
        self.put(Table::Orders, &record, Over::Anything, Code::ChangedMeanwhile);
    }

    /// Takes the number after `last` from the register of a year: refused where another invoice took it meanwhile, so that there is no gap.
    pub fn register_invoice(&mut self, invoice: &RegisteredInvoice, last: u64) {
        let mut update = Updating::new(Table::Invoices, invoice.pk.clone(), Some(key::LAST_INVOICE.to_owned()));
        let condition = if last == 0 { "attribute_not_exists(#last)" } else { "#last = :was" };
        update.conditions.push(condition.to_owned());
        if last > 0 {
            update.values.push((":was".to_owned(), n(last)));
        }
        update.set("#last", "last", ":last", n(last + 1));
        update.set("#on", "last_on", ":on", s(invoice.issued_on.to_string()));
        self.update(update, Code::ChangedMeanwhile);
        self.put(Table::Invoices, invoice, Over::Nothing, Code::ChangedMeanwhile);
    }
}

/// The sort key of a number in the register.
#[must_use]
pub fn invoice_sk(number: u64) -> String {
    format!("{number:0DIGITS$}")
}

/// Where a year's register of invoices stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastInvoice {
    /// The last number that it gave; 0 where none.
    pub number: u64,
    /// The date of that invoice, in Rome.
    pub issued_on: Option<Date>,
}

impl Store {
    /// The last number that a year's register has given, and its date.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_invoice(&self, year: &str) -> Result<LastInvoice, StoreError> {
        let item = self.item(Table::Invoices, year, key::LAST_INVOICE).await?.unwrap_or_default();
        let number = item.get("last").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok()).unwrap_or_default();
        Ok(LastInvoice { number, issued_on: text(&item, "last_on").parse().ok() })
    }

    /// A year's register of invoices, by number; for the books, and for tests.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn invoices(&self, year: &str) -> Result<Vec<RegisteredInvoice>, StoreError> {
        let (mut all, mut start) = (Vec::new(), None);
        loop {
            let query = self.client.query().table_name(self.table(Table::Invoices)).key_condition_expression("pk = :pk");
            let answer = query.expression_attribute_values(":pk", s(year)).set_exclusive_start_key(start.take()).send().await.map_err(crate::unavailable)?;
            self.note(crate::meter::Kind::Read, vec![grant(Table::Invoices, Action::Query)], None);
            for item in answer.items.unwrap_or_default().into_iter().filter(|item| text(item, "sk") != key::LAST_INVOICE) {
                all.push(parse(item)?);
            }
            match answer.last_evaluated_key {
                Some(last) if !last.is_empty() => start = Some(last),
                _ => return Ok(all),
            }
        }
    }
}
