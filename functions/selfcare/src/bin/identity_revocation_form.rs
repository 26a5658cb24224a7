//! The Lambda function of `selfcare.identity.revocation-form`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::identity_revocation_form)
}
