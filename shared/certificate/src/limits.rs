//! How much is looked at before it is refused: everything that comes in was made by a stranger, or fetched from one.

/// Bytes of a CMS signature, its content included. A challenge and a certificate or two are a few kilobytes.
pub const CMS_BYTES: usize = 256 * 1024;
/// Bytes of the PEM text of a client certificate with what came along.
pub const CLIENT_PEM_BYTES: usize = 64 * 1024;
/// Bytes of one certificate.
pub const CERTIFICATE_BYTES: usize = 16 * 1024;
/// Certificates that a stranger may send along, the signer's included.
pub const SENT_CERTIFICATES: usize = 10;
/// Signed attributes of a signature; CAdES-BES knows some ten.
pub const SIGNED_ATTRIBUTES: usize = 32;
/// Certificates in a chain, the first and the root included.
pub const CHAIN: usize = 6;
/// Signatures of certificates tried while a chain is looked for. Names are free to choose, so without it ten sent certificates of one name
/// and key would be tried in every order.
pub const CHAIN_SIGNATURES: usize = 32;
/// Certificate authorities in a [`Trust`](crate::Trust).
pub const AUTHORITIES: usize = 2_000;
/// Lists of revoked certificates in a [`Trust`](crate::Trust).
pub const CRLS: usize = 2_000;
/// Bytes of one list of revoked certificates.
pub const CRL_BYTES: usize = 64 * 1024 * 1024;
