//! PEM as it comes: text around the blocks and lines of any length are no reason to refuse.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::asn1::Malformed;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// The DER of each block, all of which must have the label.
pub(crate) fn blocks(text: &str, label: &str, limit: usize) -> Result<Vec<Vec<u8>>, Malformed> {
    let end = format!("-----END {label}-----");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (named, body) = block.split_once(DASHES).ok_or(Malformed)?;
        let (body, after) = body.split_once(&end).ok_or(Malformed)?;
        if named != label || found.len() == limit {
            return Err(Malformed);
        }
        let dense: String = body.split_ascii_whitespace().collect();
        found.push(STANDARD.decode(dense).map_err(|_| Malformed)?);
        rest = after;
    }
    Ok(found)
}
