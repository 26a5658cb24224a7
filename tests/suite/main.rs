//! The one test binary: end-to-end over HTTP, journeys, coverage, attacks, races.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails loudly")]

mod access;
mod account;
mod attacks;
mod cloud;
mod codes;
mod coverage;
mod credentials;
mod customer;
mod gateway;
mod generated;
mod help;
mod identity;
mod jobs;
mod journeys;
mod level_three;
mod links;
mod local;
mod notices;
mod orders;
mod password;
mod payments;
mod profile;
mod qr;
mod races;
mod recovery;
mod sign_in;
