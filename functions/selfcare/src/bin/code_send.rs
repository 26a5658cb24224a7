//! The Lambda function of `selfcare.code.send`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::code_send)
}
