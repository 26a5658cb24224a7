//! The Lambda function of `selfcare.sign-in.signature`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::sign_in_signature)
}
