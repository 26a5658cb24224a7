//! What the gateway answers where there is no operation: a problem like every other, instead of the cloud's own words.

pub mod routes;

/// Id of the one function here.
pub const ID: &str = "gateway.fallback";
