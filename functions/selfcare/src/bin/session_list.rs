//! The Lambda function of `selfcare.session.list`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::session_list)
}
