//! The Lambda function of `selfcare.sign-in.qr.start`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::sign_in_qr_start)
}
