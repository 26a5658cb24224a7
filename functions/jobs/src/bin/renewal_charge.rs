//! The Lambda function of `jobs.renewal.charge`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::renewal_charge)
}
