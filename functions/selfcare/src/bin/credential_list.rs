//! The Lambda function of `selfcare.credential.list`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::credential_list)
}
