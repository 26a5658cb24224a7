//! The Lambda function of `selfcare.otp-app.confirm`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::otp_app_confirm)
}
