//! The Lambda function of `jobs.password.warn`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::password_warn)
}
