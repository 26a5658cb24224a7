//! The Lambda function of `jobs.minor.adult`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::minor_adult)
}
