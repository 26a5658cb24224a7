//! The Lambda function of `jobs.mail.feedback`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::mail_feedback)
}
