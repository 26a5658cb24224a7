//! The Lambda function of `selfcare.sso-qr.start`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::sso_qr_start)
}
