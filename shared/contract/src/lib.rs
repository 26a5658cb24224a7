//! The shape of an operation, without AWS: its declaration ([`spec`]), its refusals ([`problem`]), how its input is read ([`input`]), its pages
//! ([`page`]), its idempotency ([`idempotency`]), the route table ([`router`]) and the document that describes it all ([`openapi`]).

pub mod hex;
pub mod idempotency;
pub mod input;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod query;
pub mod router;
pub mod secret;
pub mod spec;
pub mod username;
