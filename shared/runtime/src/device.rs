//! What is told of a caller's device and address: enough to recognise it, no more.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Bytes of a point of P-256, uncompressed, with its mark (SEC 1, 2.3.3).
const POINT: usize = 65;
/// Mark of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

/// The public key of an app's device: an uncompressed point of P-256, base64. Phones keep such keys where they cannot be taken out.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct DeviceKey(Vec<u8>);

impl TryFrom<String> for DeviceKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let point = STANDARD.decode(text).map_err(|_| "expected base64")?;
        if point.len() == POINT && point.first() == Some(&UNCOMPRESSED) { Ok(Self(point)) } else { Err("expected an uncompressed point of P-256") }
    }
}

impl JsonSchema for DeviceKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DeviceKey".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // 65 bytes in base64, whose first one is 4.
        json_schema!({ "type": "string", "pattern": "^B[A-P][A-Za-z0-9+/]{84}[AEIMQUYcgkosw048]=$" })
    }
}

impl DeviceKey {
    /// The point.
    #[must_use]
    pub fn point(&self) -> Vec<u8> {
        self.0.clone()
    }
}

/// Whether a device has signed a message: ECDSA over P-256 with SHA-256, in DER. A key that is no point of the curve signs nothing.
#[must_use]
pub fn has_signed(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
}

/// The name by which tries of one source are counted: an IPv4 address, or the /64 of an IPv6 one, in which a single host moves freely.
#[must_use]
pub fn source(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.to_string(),
        Ok(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
        Err(_) => "unknown".to_owned(),
    }
}

/// A short description of a device from its `User-Agent`: a known name, never the header's own text.
#[must_use]
pub fn describe(user_agent: &str) -> &'static str {
    const KNOWN: [(&str, &str); 9] = [
        ("Edg/", "Microsoft Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
        ("okhttp/", "Android app"),
        ("CFNetwork/", "iOS app"),
    ];
    KNOWN.iter().find(|(mark, _)| user_agent.contains(mark)).map_or("?", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_of_sixty_four_bits_is_one_source() {
        assert_eq!(source("2001:db8:1:2:3::4"), source("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(source("192.0.2.1"), "192.0.2.1");
        assert_eq!(source("x'; DROP"), "unknown");
    }

    #[test]
    fn a_device_is_a_known_name() {
        assert_eq!(describe("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox");
        assert_eq!(describe("<script>\r\nBcc: x"), "?");
    }
}
