//! The Lambda function of `jobs.document.expire`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::document_expire)
}
