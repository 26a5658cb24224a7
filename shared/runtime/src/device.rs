//! What is told of a caller's device and address: enough to recognise it, no more.

use std::net::IpAddr;

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
