//! The Lambda function of `selfcare.deadline.list`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::deadline_list)
}
