//! Scheduled jobs and the consumers of streams and queues.

mod due;
mod service_due;
mod sweep;

pub mod credential_warn;
pub mod document_expire;
pub mod inactivity;
pub mod mail_feedback;
pub mod minor_adult;
pub mod notice_deliver;
pub mod notice_redrive;
pub mod order_expire;
pub mod password_warn;
pub mod renewal_charge;
pub mod service_warn;
pub mod suspension_end;

use sportello_runtime::JobEntry;

/// One entry a job, under the name of its file; and all of them.
macro_rules! jobs {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// One entry a job, under the name of its file.
        #[expect(non_upper_case_globals, reason = "an entry is named as its file")]
        pub mod entry {
            use super::JobEntry;
            $(
                /// The entry of the job.
                pub static $module: JobEntry = JobEntry::of::<super::$module::$name>();
            )*
        }

        /// Every job of this crate.
        pub static ALL: &[&JobEntry] = &[$(&entry::$module),*];
    };
}

jobs! {
    password_warn::PasswordWarn,
    suspension_end::SuspensionEnd,
    document_expire::DocumentExpire,
    credential_warn::CredentialWarn,
    inactivity::Inactivity,
    minor_adult::MinorAdult,
    renewal_charge::RenewalCharge,
    order_expire::OrderExpire,
    service_warn::ServiceWarn,
    notice_deliver::NoticeDeliver,
    notice_redrive::NoticeRedrive,
    mail_feedback::MailFeedback,
}
