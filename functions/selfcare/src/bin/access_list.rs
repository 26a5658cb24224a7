//! The Lambda function of `selfcare.access.list`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::access_list)
}
