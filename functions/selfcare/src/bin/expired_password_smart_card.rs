//! The Lambda function of `selfcare.expired-password.smart-card`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::expired_password_smart_card)
}
