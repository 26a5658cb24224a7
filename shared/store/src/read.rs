//! Reads: one Query of a collection, or one GetItem.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use sportello_contract::spec::{Action, Table, grant};

use crate::access::AccessCounters;
use crate::key::{self, Owner};
use crate::meter::Kind;
use crate::record::{
    AccountRecord, AuthRecord, CustomerRecords, DueMarks, History, HolderRecords, OrderRecord, PasswordDue, PayerRecord, PaymentMethodRecord, SealedProfile,
    ServiceDue, ServiceRecord, SessionRecord,
};
use crate::value::{Item, key as item_key, ms, n, s, text};
use crate::{Store, StoreError, unavailable};

/// What is due of one kind, found in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Partition key of the item.
    pub pk: String,
    /// Sort key of the item, in a table that has one.
    pub sk: String,
    /// When, in milliseconds.
    pub at: i64,
}

/// Where the next page of what is due begins.
#[derive(Debug, Clone)]
pub struct DuePage(Item);

pub(crate) fn parse<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let sk = text(&item, "sk").to_owned();
    serde_dynamo::from_item(item).map_err(|error| StoreError::Corrupt(format!("{sk}: {error}")))
}

impl Store {
    /// The whole collection of one holder, in one strongly consistent Query; none where there is no such holder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn holder(&self, owner: &Owner) -> Result<Option<HolderRecords>, StoreError> {
        let items = self.collection(owner).await?;
        let (mut auth, mut profile, mut history, mut password_due) = (None, None, History::default(), None);
        let (mut sessions, mut used, mut due, mut accesses) = (Vec::new(), BTreeSet::new(), BTreeMap::new(), None);
        for item in items {
            match text(&item, "sk") {
                key::AUTH if item.contains_key("identity_id") => auth = Some(parse::<AuthRecord>(item)?),
                key::PROFILE => profile = Some(parse::<SealedProfile>(item)?),
                key::HISTORY => history = parse(item)?,
                key::ACCESSES => accesses = Some(parse::<AccessCounters>(item)?),
                key::DUE_PASSWORD => password_due = Some(parse::<PasswordDue>(item)?),
                sk if sk.starts_with(key::DUE) => {
                    let kind = sk.trim_start_matches(key::DUE).to_owned();
                    due.insert(kind, parse::<DueMarks>(item)?);
                }
                sk if sk.starts_with(key::SESSION) => sessions.push(parse::<SessionRecord>(item)?),
                sk => used.extend(sk.strip_prefix(key::USED).map(ToOwned::to_owned)),
            }
        }
        match (auth, profile) {
            (Some(auth), Some(profile)) => Ok(Some(HolderRecords { auth, profile, history, password_due, due, sessions, used, accesses })),
            (None, _) => Ok(None),
            (Some(_), None) => Err(StoreError::Corrupt("a holder without profile".into())),
        }
    }

    /// The whole collection of one customer, in one strongly consistent Query; none where there is no such customer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn customer(&self, owner: &Owner) -> Result<Option<CustomerRecords>, StoreError> {
        let items = self.collection(owner).await?;
        let (mut account, mut profile, mut sessions, mut services) = (None, None, Vec::new(), Vec::new());
        let (mut orders, mut methods, mut payer, mut due, mut used) = (Vec::new(), Vec::new(), None, BTreeMap::new(), BTreeSet::new());
        for item in items {
            match text(&item, "sk") {
                key::AUTH if item.contains_key("customer_id") => account = Some(parse::<AccountRecord>(item)?),
                key::PROFILE => profile = Some(parse::<SealedProfile>(item)?),
                sk if sk.starts_with(key::SESSION) => sessions.push(parse::<SessionRecord>(item)?),
                sk if sk.starts_with(key::SERVICE) => services.push(parse::<ServiceRecord>(item)?),
                sk if sk.starts_with(key::ORDER) => orders.push(parse::<OrderRecord>(item)?),
                sk if sk.starts_with(key::METHOD) => methods.push(parse::<PaymentMethodRecord>(item)?),
                sk if sk.starts_with(key::DUE) => {
                    let of = sk.trim_start_matches(key::DUE).to_owned();
                    due.insert(of, parse::<ServiceDue>(item)?);
                }
                key::PAYER => payer = Some(parse::<PayerRecord>(item)?.payer),
                sk => used.extend(sk.strip_prefix(key::USED).map(ToOwned::to_owned)),
            }
        }
        match (account, profile) {
            (Some(account), Some(profile)) => Ok(Some(CustomerRecords { account, profile, sessions, services, orders, methods, payer, due, used })),
            (None, _) => Ok(None),
            (Some(_), None) => Err(StoreError::Corrupt("a customer without profile".into())),
        }
    }

    async fn collection(&self, owner: &Owner) -> Result<Vec<Item>, StoreError> {
        let table = owner.kind.table();
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let query = self.client.query().table_name(self.table(table)).key_condition_expression("pk = :pk");
            let answer = query
                .expression_attribute_values(":pk", s(owner.pk()))
                .consistent_read(true)
                .set_exclusive_start_key(start.take())
                .set_return_consumed_capacity(self.capacity())
                .send()
                .await
                .map_err(unavailable)?;
            self.note(Kind::Read, vec![grant(table, Action::Query)], answer.consumed_capacity().and_then(|c| c.capacity_units()));
            items.extend(answer.items.unwrap_or_default());
            // Only a collection over 1 MB has another page; none of ours comes near.
            match answer.last_evaluated_key {
                Some(last) if !last.is_empty() => start = Some(last),
                _ => return Ok(items),
            }
        }
    }

    /// What signing in needs of one holder; none where there is no such holder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn auth(&self, owner: &Owner) -> Result<Option<AuthRecord>, StoreError> {
        let item = self.item(owner.kind.table(), &owner.pk(), key::AUTH).await?;
        item.filter(|item| item.contains_key("identity_id")).map(parse).transpose()
    }

    /// The sealed personal data of one owner.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn profile(&self, owner: &Owner) -> Result<Option<SealedProfile>, StoreError> {
        self.item(owner.kind.table(), &owner.pk(), key::PROFILE).await?.map(parse).transpose()
    }

    pub(crate) async fn item(&self, table: Table, pk: &str, sk: &str) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(self.table(table)).set_key(Some(item_key(pk, sk)));
        let answer = get.consistent_read(true).set_return_consumed_capacity(self.capacity()).send().await.map_err(unavailable)?;
        self.note(Kind::Read, vec![grant(table, Action::GetItem)], answer.consumed_capacity().and_then(|c| c.capacity_units()));
        Ok(answer.item)
    }

    /// An item of a table without sort key.
    pub(crate) async fn plain(&self, table: Table, pk: &str) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(self.table(table)).key("pk", s(pk)).consistent_read(true);
        let answer = get.set_return_consumed_capacity(self.capacity()).send().await.map_err(unavailable)?;
        self.note(Kind::Read, vec![grant(table, Action::GetItem)], answer.consumed_capacity().and_then(|c| c.capacity_units()));
        Ok(answer.item)
    }

    /// What is due of one kind in one shard of a table's index, up to and including `until` where given, earliest first, a page at a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn due(
        &self,
        table: Table,
        kind: &str,
        shard: u32,
        until: Option<jiff::Timestamp>,
        limit: i32,
        page: Option<DuePage>,
    ) -> Result<(Vec<Due>, Option<DuePage>), StoreError> {
        let until = until.map_or_else(|| n(i64::MAX), ms);
        let answer = self
            .client
            .query()
            .table_name(self.table(table))
            .index_name(crate::schema::DUE_INDEX)
            .key_condition_expression("due_kind = :kind AND due_at <= :until")
            .expression_attribute_values(":kind", s(due_kind(kind, shard)))
            .expression_attribute_values(":until", until)
            .limit(limit)
            .set_exclusive_start_key(page.map(|page| page.0))
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await
            .map_err(unavailable)?;
        self.note(Kind::Read, vec![grant(table, Action::QueryDue)], answer.consumed_capacity().and_then(|c| c.capacity_units()));
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(DuePage);
        let at = |item: &Item| item.get("due_at").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok()).unwrap_or_default();
        let due =
            answer.items.unwrap_or_default().into_iter().map(|item| Due { pk: text(&item, "pk").to_owned(), sk: text(&item, "sk").to_owned(), at: at(&item) });
        Ok((due.collect(), next))
    }

    /// When the earliest thing of one kind falls due, in any shard.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next_due(&self, table: Table, kind: &str) -> Result<Option<jiff::Timestamp>, StoreError> {
        let mut earliest = None;
        for shard in 0..crate::schema::DUE_SHARDS {
            let (first, _) = self.due(table, kind, shard, None, 1, None).await?;
            earliest = first.first().map(|due| due.at).into_iter().chain(earliest).min();
        }
        Ok(earliest.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()))
    }

    pub(crate) fn note(&self, kind: Kind, grants: Vec<sportello_contract::spec::Grant>, capacity: Option<f64>) {
        if let Some(meter) = &self.meter {
            meter.note(kind, grants, capacity.unwrap_or_default());
        }
    }
}

/// Partition key of the index of what is due: spread over shards, so that a busy day is no hot partition.
#[must_use]
pub fn due_kind(kind: &str, shard: u32) -> String {
    format!("{kind}#{shard}")
}

/// The shard of an owner.
#[must_use]
pub fn shard_of(owner: &Owner) -> u32 {
    owner.hash.first().map_or(0, |byte| u32::from(*byte) % crate::schema::DUE_SHARDS)
}

impl Store {
    /// Opens the connection to the database, so that the first request need not; what it answers does not matter.
    pub async fn warm(&self) {
        let get = self.client.get_item().table_name(self.table(Table::Requests)).key("pk", s("WARM"));
        drop(get.send().await);
    }
}
