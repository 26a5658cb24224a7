//! The Lambda function of `selfcare.username.recover`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::username_recover)
}
