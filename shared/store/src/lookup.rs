//! What leads to an identity, a customer or a token from outside: a person's code with a type, an e-mail address, and what is printed on a token.

use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::Table;

use crate::commit::{Commit, Over};
use crate::key::{MAILBOX, Owner, PERSON, TOKEN};
use crate::read::parse;
use crate::record::TokenInStock;
use crate::value::text;
use crate::{Store, StoreError};

/// Whose identity it is (`PERSON#…`): one person has one identity of each type (rule 28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Person {
    pk: String,
    identity: String,
}

/// Whose account an e-mail address leads to (`MAILBOX#…`): the present one, and the first one, of which the username is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mailbox {
    pk: String,
    customer: String,
}

fn mailbox_pk(hash: &str) -> String {
    format!("{MAILBOX}{hash}")
}

fn person_pk(hash: &str) -> String {
    format!("{PERSON}{hash}")
}

/// Partition key of the token with a keyed hash of its serial number.
#[must_use]
pub fn token_pk(hash: &str) -> String {
    format!("{TOKEN}{hash}")
}

impl Commit {
    /// Says whose identity a person's hashed code and type are; refused where they are another one's.
    pub fn put_person(&mut self, hash: &str, owner: &Owner, refused: Code) {
        self.create(Table::Lookups, &Person { pk: person_pk(hash), identity: owner.pk() }, refused);
    }

    /// The same, whatever stood there; for data that is made anew.
    pub fn replace_person(&mut self, hash: &str, owner: &Owner) {
        self.replace(Table::Lookups, &Person { pk: person_pk(hash), identity: owner.pk() });
    }

    /// Takes back whose identity a person's hashed code and type are.
    pub fn remove_person(&mut self, hash: &str) {
        self.delete_plain(Table::Lookups, &person_pk(hash), Code::ChangedMeanwhile);
    }

    /// Says whose account a hashed e-mail address leads to; refused where it leads to another one.
    pub fn put_mailbox(&mut self, hash: &str, owner: &Owner, refused: Code) {
        let mailbox = Mailbox { pk: mailbox_pk(hash), customer: owner.pk() };
        self.put(Table::Lookups, &mailbox, Over::NothingOr("customer", owner.pk()), refused);
    }

    /// Frees an address that led to an account.
    pub fn free_mailbox(&mut self, hash: &str, owner: &Owner) {
        self.delete_own(Table::Lookups, &mailbox_pk(hash), "customer", owner.pk(), Code::ChangedMeanwhile);
    }

    /// The same, whatever stood there; for data that is made anew.
    pub fn replace_mailbox(&mut self, hash: &str, owner: &Owner) {
        self.replace(Table::Lookups, &Mailbox { pk: mailbox_pk(hash), customer: owner.pk() });
    }

    /// Takes a token into stock; refused where one with its serial number is there.
    pub fn put_token(&mut self, token: &TokenInStock, refused: Code) {
        self.create(Table::Lookups, token, refused);
    }

    /// Gives a token to an identity: refused where it serves one.
    pub fn give_token(&mut self, pk: &str, owner: &Owner, refused: Code) {
        self.claim(Table::Lookups, pk, owner, refused);
    }
}

impl Store {
    /// Whose identity a person's hashed code and type are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn person(&self, hash: &str) -> Result<Option<Owner>, StoreError> {
        let item = self.plain(Table::Lookups, &person_pk(hash)).await?;
        Ok(item.and_then(|item| Owner::from_pk(text(&item, "identity"))))
    }

    /// Whose account a hashed e-mail address leads to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mailbox(&self, hash: &str) -> Result<Option<Owner>, StoreError> {
        let item = self.plain(Table::Lookups, &mailbox_pk(hash)).await?;
        Ok(item.and_then(|item| Owner::from_pk(text(&item, "customer"))))
    }

    /// The token in stock with a hashed serial number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn token(&self, hash: &str) -> Result<Option<TokenInStock>, StoreError> {
        self.plain(Table::Lookups, &token_pk(hash)).await?.map(parse).transpose()
    }
}
