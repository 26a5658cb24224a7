//! The Lambda function of `selfcare.access.statistics`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::access_statistics)
}
