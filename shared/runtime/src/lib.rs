//! What a function runs in: context, clock, entropy, configuration, keys, logs, and the way from Lambda's event to an operation and back.

pub mod access;
pub mod access_history;
pub mod aws;
mod budget;
pub mod clock;
pub mod codes;
pub mod config;
pub mod context;
pub mod device;
pub mod due;
pub mod entropy;
pub mod entry;
pub mod failure;
pub mod hasher;
pub mod job;
pub mod keys;
pub mod link;
pub mod lookup;
pub mod operation;
pub mod ordering;
pub mod otp_app;
pub mod profile;
pub mod registration;
pub mod reminder;
pub mod request;
pub mod residence;
pub mod revocation;
pub mod session;
mod start;
pub mod throttle;
pub mod token;
pub mod trust;

pub use context::{Context, Cx};
pub use entry::Entry;
pub use failure::Failure;
pub use job::{Job, JobEntry};
pub use operation::{Operation, Reply};

/// Declares a crate's operations: their modules, one static entry each for the binaries, and the list of all.
#[macro_export]
macro_rules! operations {
    ($($module:ident :: $name:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// One entry an operation, under the name of its file.
        #[expect(non_upper_case_globals, reason = "an entry is named as its file")]
        pub mod entry {
            $(
                /// The entry of the operation.
                pub static $module: $crate::Entry = $crate::Entry::of::<super::$module::$name>();
            )*
        }

        /// Every operation of this crate.
        pub static ALL: &[&$crate::Entry] = &[$(&entry::$module),*];
    };
}
