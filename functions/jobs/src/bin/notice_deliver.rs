//! The Lambda function of `jobs.notice.deliver`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::notice_deliver)
}
