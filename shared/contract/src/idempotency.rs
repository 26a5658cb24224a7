//! `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header-07).

use ring::digest::{Context, SHA256};

use crate::hex::hex;
use crate::problem::Code;

/// Longest key, in bytes.
const MAX_LENGTH: usize = 255;

/// A client's key: what stands between the quotes of the structured-field string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Reads the header. The draft asks for a quoted string; the widespread bare form is taken too.
    ///
    /// # Errors
    /// [`Code::IdempotencyKeyInvalid`] for anything but 1 to 255 visible ASCII characters.
    pub fn from_header(header: &str) -> Result<Self, Code> {
        let text = header.trim();
        let inner = match text.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').ok_or(Code::IdempotencyKeyInvalid)?,
            None => text,
        };
        // A comma in the bare form is two headers that the gateway has joined.
        let joined = inner.len() == text.len() && inner.contains(',');
        let visible = !joined && inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        if inner.is_empty() || inner.len() > MAX_LENGTH || !visible {
            return Err(Code::IdempotencyKeyInvalid);
        }
        Ok(Self(inner.to_owned()))
    }

    /// Where the first answer is kept: the operation, who calls it, and the key.
    #[must_use]
    pub fn place(&self, operation: &str, caller: &str) -> String {
        hex(digest(&[operation.as_bytes(), caller.as_bytes(), self.0.as_bytes()]))
    }
}

fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // The length in front keeps ("ab", "c") apart from ("a", "bc").
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_keys_are_the_same() {
        let quoted = Key::from_header("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"").unwrap();
        assert_eq!(Key::from_header(" 8e03978e-40d5-43e8-bc93-6894a57f9324 "), Ok(quoted));
    }

    #[test]
    fn other_forms_are_refused() {
        for header in ["", "\"\"", "\"a", "a b", "\"a\"b\"", "chiave-è", "a,b", "a\\b", &"x".repeat(256)] {
            assert_eq!(Key::from_header(header), Err(Code::IdempotencyKeyInvalid), "{header}");
        }
        assert!(Key::from_header(&"x".repeat(255)).is_ok());
    }

    #[test]
    fn a_place_keeps_its_parts_apart() {
        let key = Key::from_header("k").unwrap();
        assert_ne!(key.place("ab", "c"), key.place("a", "bc"));
    }
}
