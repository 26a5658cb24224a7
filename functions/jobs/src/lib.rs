//! Scheduled jobs and stream consumers.

pub mod mail_feedback;
pub mod notice_deliver;
pub mod notice_redrive;
pub mod password_warn;

use sportello_runtime::JobEntry;

/// One entry a job, under the name of its file.
#[expect(non_upper_case_globals, reason = "an entry is named as its file")]
pub mod entry {
    use super::{JobEntry, mail_feedback as feedback, notice_deliver as deliver, notice_redrive as redrive, password_warn as warn};

    /// The entry of the job.
    pub static password_warn: JobEntry = JobEntry::of::<warn::PasswordWarn>();
    /// The entry of the job.
    pub static notice_deliver: JobEntry = JobEntry::of::<deliver::NoticeDeliver>();
    /// The entry of the job.
    pub static notice_redrive: JobEntry = JobEntry::of::<redrive::NoticeRedrive>();
    /// The entry of the job.
    pub static mail_feedback: JobEntry = JobEntry::of::<feedback::MailFeedback>();
}

/// Every job of this crate.
pub static ALL: &[&JobEntry] = &[&entry::password_warn, &entry::notice_deliver, &entry::notice_redrive, &entry::mail_feedback];
