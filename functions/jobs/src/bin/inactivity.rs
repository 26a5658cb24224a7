//! The Lambda function of `jobs.inactivity`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::inactivity)
}
