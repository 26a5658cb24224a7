//! The client before a provider that answers as told, and messages as they are signed.

mod answers;
mod messages;
mod objects;
mod provider;
mod requests;
