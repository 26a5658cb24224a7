//! The Lambda function of `jobs.suspension.end`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::suspension_end)
}
