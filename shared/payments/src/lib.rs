//! The payment provider: a client of the calls that we need of a Stripe-shaped interface, and the signature of its messages.
//!
//! One call is at most one request. What a request that was not answered has done nobody knows: it is asked again under the same idempotency key, or looked up.

mod client;
mod object;
#[cfg(test)]
mod tests;
mod webhook;

pub use client::{Charge, Client, PaymentError, Secret, Settings};
pub use object::{Method, MethodKind, Payment, PaymentStatus, Setup, SetupIntent};
pub use webhook::{Event, EventKind, WebhookError, sign, verify};
