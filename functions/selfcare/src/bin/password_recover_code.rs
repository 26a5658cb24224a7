//! The Lambda function of `selfcare.password.recover.code`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::password_recover_code)
}
