//! The Lambda function of `selfcare.password.check`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::password_check)
}
