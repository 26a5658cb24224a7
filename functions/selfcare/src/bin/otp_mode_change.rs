//! The Lambda function of `selfcare.otp-mode.change`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::otp_mode_change)
}
