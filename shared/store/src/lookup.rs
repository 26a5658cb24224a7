//! What leads to an identity or a token from outside: a person's code with a type, and what is printed on a token.

use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::Table;

use crate::commit::Commit;
use crate::key::{Owner, PERSON, TOKEN};
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

    /// The token in stock with a hashed serial number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn token(&self, hash: &str) -> Result<Option<TokenInStock>, StoreError> {
        self.plain(Table::Lookups, &token_pk(hash)).await?.map(parse).transpose()
    }
}
