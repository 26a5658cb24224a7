//! The Lambda function of `selfcare.otp-app.move`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::otp_app_move)
}
