//! The rules of the product (`RULES.md`), as pure functions over values and an injected instant.
//!
//! Nothing here does I/O, waits, reads a clock or draws a random number; every number of a rule is a field of [`policy::Policy`].

pub mod access;
pub mod account;
pub mod calendar;
pub mod credential;
pub mod deadline;
pub mod fiscal_code;
pub mod help;
pub mod identity;
pub mod order;
pub mod otp;
pub mod password;
pub mod policy;
pub mod price;
pub mod recovery;
pub mod renewal;
pub mod service;
pub mod throttle;
pub mod token;
pub mod username;
