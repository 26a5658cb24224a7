//! The Lambda function of `selfcare.otp-sms.activate`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::otp_sms_activate)
}
