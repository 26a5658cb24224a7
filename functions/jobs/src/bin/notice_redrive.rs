//! The Lambda function of `jobs.notice.redrive`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::notice_redrive)
}
