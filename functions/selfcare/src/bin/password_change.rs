//! The Lambda function of `selfcare.password.change`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::password_change)
}
