//! The one test binary: end-to-end over HTTP, journeys, coverage, attacks, races.

mod attacks;
mod coverage;
mod customer;
mod gateway;
mod generated;
mod journeys;
mod links;
mod notices;
mod password;
mod races;
mod sign_in;
