//! The Lambda function of `selfcare.credential.reactivate`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::credential_reactivate)
}
