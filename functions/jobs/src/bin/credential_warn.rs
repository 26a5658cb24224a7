//! The Lambda function of `jobs.credential.warn`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::credential_warn)
}
