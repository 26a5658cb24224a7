//! The Lambda function of `jobs.service.warn`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::service_warn)
}
