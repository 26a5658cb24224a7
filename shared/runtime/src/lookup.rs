//! The way to an identity or an account without its username: a person's fiscal code or VAT number, with the type (rules 25, 28); an e-mail address (59).

use sportello_contract::hex::hex;
use sportello_notify::EmailAddress;
use sportello_rules::fiscal_code::FiscalCode;
use sportello_rules::identity::IdentityType;
use sportello_store::key::{HASH_BYTES, Owner, OwnerKind};

use crate::keys::KeyRing;
use crate::profile::Profile;

fn hash(keys: &KeyRing, label: &[u8], code: &str, kind: IdentityType) -> String {
    let kind = serde_json::to_string(&kind).unwrap_or_default();
    short(keys.keyed_hash(&[label, code.as_bytes(), kind.as_bytes()]))
}

fn short(hash: Vec<u8>) -> String {
    hex(hash.into_iter().take(HASH_BYTES))
}

/// What leads to the identity of a type that a fiscal code names, to the letter: the forms of omocodia are of different persons (rule 71).
#[must_use]
pub fn by_fiscal_code(keys: &KeyRing, code: &FiscalCode, kind: IdentityType) -> String {
    hash(keys, b"lookup/fiscal-code", code.as_str(), kind)
}

/// What leads to the identity of a type that a VAT number names.
#[must_use]
pub fn by_vat_number(keys: &KeyRing, number: &str, kind: IdentityType) -> String {
    hash(keys, b"lookup/vat-number", number, kind)
}

/// Everything that leads to the identity of a person.
#[must_use]
pub fn of(keys: &KeyRing, profile: &Profile, kind: IdentityType) -> Vec<String> {
    let fiscal = profile.fiscal_code.as_deref().and_then(|code| FiscalCode::parse(code).ok());
    let fiscal = fiscal.map(|code| by_fiscal_code(keys, &code, kind));
    fiscal.into_iter().chain(profile.vat_number.as_deref().map(|number| by_vat_number(keys, number, kind))).collect()
}

/// What leads to a physical token in stock: its serial number, upper case.
#[must_use]
pub fn token(keys: &KeyRing, serial: &str) -> String {
    short(keys.keyed_hash(&[b"lookup/token", serial.to_uppercase().as_bytes()]))
}

/// What leads to the account of an e-mail address, in whatever case (rule 50).
#[must_use]
pub fn mailbox(keys: &KeyRing, address: &EmailAddress) -> String {
    short(keys.keyed_hash(&[b"lookup/mailbox", address.folded().as_bytes()]))
}

/// Nobody, in whose place tries are counted where a lookup leads to nobody: the same one for the same lookup (rule 21).
#[must_use]
pub fn nobody(keys: &KeyRing, kind: OwnerKind, lookup: &str) -> Owner {
    let mut hash = [0; HASH_BYTES];
    for (byte, random) in hash.iter_mut().zip(keys.keyed_hash(&[b"lookup/nobody", lookup.as_bytes()])) {
        *byte = random;
    }
    Owner { kind, hash }
}
