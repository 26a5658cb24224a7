//! The Lambda function of `selfcare.otp-app.enrol`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::otp_app_enrol)
}
