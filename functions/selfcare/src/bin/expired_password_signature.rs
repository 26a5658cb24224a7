//! The Lambda function of `selfcare.expired-password.signature`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::expired_password_signature)
}
