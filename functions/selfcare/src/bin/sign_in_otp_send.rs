//! The Lambda function of `selfcare.sign-in.otp.send`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::sign_in_otp_send)
}
