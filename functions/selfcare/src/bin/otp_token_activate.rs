//! The Lambda function of `selfcare.otp-token.activate`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::otp_token_activate)
}
