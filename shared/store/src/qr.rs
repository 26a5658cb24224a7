//! Sign-ins that wait for an app (rule 20): made by a page, approved once by a device, read by the page that asked.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::Table;

use crate::commit::Commit;
use crate::key::{Owner, QR_SIGN_IN};
use crate::read::parse;
use crate::record::Bytes;
use crate::{Store, StoreError};

/// A sign-in that waits for an app. It is tidied away late: whether it is over is a matter of its instant (rule 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrSignIn {
    /// Partition key.
    pub pk: String,
    /// SHA-256 of the secret that only the page has; the session that is approved has it too.
    pub page: Bytes,
    /// What the page's device is, in a word.
    pub device: String,
    /// The token that an earlier sign-in gave the page's device, sealed under the ring.
    #[serde(default)]
    pub device_token: Option<Bytes>,
    /// From this instant on it is over.
    pub over_at: Timestamp,
    /// Partition key of the identity that approved it.
    #[serde(default)]
    pub identity: Option<String>,
    /// Whether the page's device was new to that identity.
    #[serde(default)]
    pub new_device: bool,
    /// Tidies it away.
    pub ttl: i64,
}

impl QrSignIn {
    /// A sign-in that nobody has approved.
    #[must_use]
    pub fn new(id: &str, page: Bytes, device: String, over_at: Timestamp) -> Self {
        Self { pk: format!("{QR_SIGN_IN}{id}"), page, device, device_token: None, over_at, identity: None, new_device: false, ttl: over_at.as_second() }
    }
}

impl Commit {
    /// Keeps a sign-in that waits.
    pub fn put_qr(&mut self, waiting: &QrSignIn) {
        self.create(Table::Requests, waiting, Code::ChangedMeanwhile);
    }

    /// Approves one, for a device that is new to the identity or not: refused where it was approved before.
    pub fn approve_qr(&mut self, waiting: &QrSignIn, owner: &Owner, new_device: bool, refused: Code) {
        let mut update = Self::claiming(Table::Requests, &waiting.pk, owner);
        update.set("#new", "new_device", ":new", AttributeValue::Bool(new_device));
        self.update(update, refused);
    }
}

impl Store {
    /// A sign-in that waits or was approved, over ones too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn qr(&self, id: &str) -> Result<Option<QrSignIn>, StoreError> {
        self.plain(Table::Requests, &format!("{QR_SIGN_IN}{id}")).await?.map(parse).transpose()
    }
}
