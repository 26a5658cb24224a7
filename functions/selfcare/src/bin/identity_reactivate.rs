//! The Lambda function of `selfcare.identity.reactivate`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::identity_reactivate)
}
