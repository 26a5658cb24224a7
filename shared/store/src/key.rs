//! Keys. A collection's key is made from its username, which never changes, so that signing in is one request.

use serde::{Deserialize, Serialize};
use sportello_contract::hex::hex;
use sportello_contract::spec::Table;

/// Sort key of the item that holds what signing in needs.
pub const AUTH: &str = "AUTH";
/// Sort key of the sealed personal data.
pub const PROFILE: &str = "PROFILE";
/// Sort key of the passwords that may not come back.
pub const HISTORY: &str = "HISTORY";
/// Sort key of the password's warnings.
pub const DUE_PASSWORD: &str = "DUE#password";
/// Beginning of the sort key of what is due of an identity, before its kind.
pub const DUE: &str = "DUE#";
/// Beginning of the sort key of a session.
pub const SESSION: &str = "SESSION#";
/// Beginning of the sort key of a service.
pub const SERVICE: &str = "SERVICE#";
/// Beginning of the sort key of an order.
pub const ORDER: &str = "ORDER#";
/// Beginning of the sort key of a payment method.
pub const METHOD: &str = "METHOD#";
/// Sort key of who the customer is to the payment provider.
pub const PAYER: &str = "PAYER";
/// Sort key of the register's last number.
pub const LAST_INVOICE: &str = "LAST";
/// Beginning of the sort key of what was used once.
pub const USED: &str = "USED#";
/// Sort key of the counters of accesses and the head of their chain.
pub const ACCESSES: &str = "ACCESSES";
/// Beginning of the sort key of an access that succeeded.
pub const ACCESS_SUCCESS: &str = "S#";
/// Beginning of the sort key of an access that failed.
pub const ACCESS_FAILURE: &str = "F#";
/// Beginning of the partition key of what keeps an access from being recorded twice.
pub const ACCESS_GUARD: &str = "R#";
/// Beginning of the partition key of a first answer.
pub const FIRST_ANSWER: &str = "IDEM#";
/// Beginning of the partition key of an address's tries.
pub const ADDRESS: &str = "ADDR#";

/// Beginning of the partition key of a sign-in that waits for an app.
pub const QR_SIGN_IN: &str = "QR#";
/// Beginning of the partition key of a person's identity of one type.
pub const PERSON: &str = "PERSON#";
/// Beginning of the partition key of a customer's e-mail address.
pub const MAILBOX: &str = "MAILBOX#";
/// End of the partition key of a customer's requests for help.
pub const TICKETS: &str = "#TICKETS";
/// Beginning of the partition key of a physical token.
pub const TOKEN: &str = "TOKEN#";

/// Bytes of the keyed hash in a collection's key.
pub const HASH_BYTES: usize = 20;

/// Whose collection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerKind {
    /// A holder, in the table of identities.
    Holder,
    /// A customer, in the table of orders.
    Customer,
}

impl OwnerKind {
    /// The table of the collection.
    #[must_use]
    pub const fn table(self) -> Table {
        match self {
            Self::Holder => Table::Identities,
            Self::Customer => Table::Orders,
        }
    }

    pub(crate) const fn letter(self) -> char {
        match self {
            Self::Holder => 'H',
            Self::Customer => 'C',
        }
    }
}

/// The key of one holder's or customer's collection: a keyed hash of the folded username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// Whose collection it is.
    pub kind: OwnerKind,
    /// The keyed hash.
    pub hash: [u8; HASH_BYTES],
}

impl Owner {
    /// The partition key.
    #[must_use]
    pub fn pk(&self) -> String {
        format!("{}#{}", self.kind.letter(), hex(self.hash))
    }

    /// The owner whose partition key this is.
    #[must_use]
    pub fn from_pk(pk: &str) -> Option<Self> {
        let (letter, hex) = pk.split_once('#')?;
        let kind = match letter {
            "H" => OwnerKind::Holder,
            "C" => OwnerKind::Customer,
            _ => return None,
        };
        let mut hash = [0; HASH_BYTES];
        if hex.len() != HASH_BYTES * 2 || !hex.is_ascii() {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(hex.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self { kind, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_key_leads_back_to_its_owner() {
        let owner = Owner { kind: OwnerKind::Customer, hash: [171; HASH_BYTES] };
        assert_eq!(Owner::from_pk(&owner.pk()), Some(owner));
        for pk in ["", "H#", "X#00", "H#zz", &owner.pk()[1..], &format!("{}0", owner.pk())] {
            assert_eq!(Owner::from_pk(pk), None, "{pk}");
        }
    }
}
