//! The Lambda function of `internal.access.record`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_internal::entry::access_record)
}
